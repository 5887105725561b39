"""A child ends with its parent, and the next start finds and ends only what is really its own."""

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from deploy.local.errors import LocalStackError
from deploy.local.process import Identity, Process, end_recorded, reason, recorded
from tests.fixtures.waiting import until

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
IGNORES_SIGTERM = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(600)",
]


def test_a_stopped_child_is_gone_and_so_is_its_record(tmp_path: Path) -> None:
    process = Process("sleeper", SLEEP, folder=tmp_path)
    assert recorded(tmp_path / "sleeper.pid") == Identity.of(process.pid)

    process.stop()
    assert process.exit_status() == -signal.SIGTERM
    assert not (tmp_path / "sleeper.pid").exists()


def test_a_child_that_does_not_listen_is_killed_after_the_grace(tmp_path: Path) -> None:
    process = Process("deaf", IGNORES_SIGTERM, folder=tmp_path)
    process.wait_until(lambda: "ready" in process.log.read_text(), 10)
    process.stop(grace_seconds=0.1)
    assert process.exit_status() == -signal.SIGKILL


def test_a_child_that_ends_as_it_should_between_two_looks_is_ready(tmp_path: Path) -> None:
    looked = tmp_path / "looked"
    waits = f"import pathlib\nwhile not pathlib.Path({str(looked)!r}).exists(): pass"
    process = Process("quick", [sys.executable, "-c", waits], folder=tmp_path)
    looks = []

    def ended_well() -> bool:
        looks.append(process.exit_status())
        if len(looks) == 1:
            looked.touch()
            process._popen.wait()
            return False
        return looks[-1] == 0

    process.wait_until(ended_well, 10)
    assert looks == [None, 0]


def test_a_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    starter = textwrap.dedent(f"""
        import sys, time
        from pathlib import Path
        from deploy.local.process import Process
        Process("sleeper", {SLEEP!r}, folder=Path({str(tmp_path)!r}))
        time.sleep(600)
    """)
    parent = subprocess.Popen([sys.executable, "-c", starter])
    record = tmp_path / "sleeper.pid"
    until(lambda: recorded(record) is not None, "the child is recorded")
    child = recorded(record)
    assert child is not None
    # The record is written before the child has become its program, hence before it has asked for the signal.
    until(lambda: b"600" in Path(f"/proc/{child.pid}/cmdline").read_bytes(), "the child runs its program")
    until(lambda: b"child.py" not in Path(f"/proc/{child.pid}/cmdline").read_bytes(), "the child runs its program")

    parent.kill()
    parent.wait()
    until(lambda: not child.runs(), "the child has ended")


def test_what_a_killed_run_left_is_ended(tmp_path: Path) -> None:
    left = Process("left", SLEEP, folder=tmp_path)
    assert end_recorded(tmp_path / "left.pid")
    assert left.exit_status() == -signal.SIGTERM
    assert not (tmp_path / "left.pid").exists()


def test_another_process_with_the_recorded_pid_is_left_alone(tmp_path: Path) -> None:
    other = Process("other", SLEEP, folder=tmp_path)
    identity = Identity.of(other.pid)
    assert identity is not None
    (tmp_path / "old.pid").write_text(json.dumps({"pid": identity.pid, "started": identity.started - 1}))

    assert not end_recorded(tmp_path / "old.pid")
    assert other.exit_status() is None
    other.stop()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 1}'])
def test_a_record_cut_off_by_a_kill_is_no_record(tmp_path: Path, content: str) -> None:
    (tmp_path / "cut.pid").write_text(content)
    assert not end_recorded(tmp_path / "cut.pid")
    assert not (tmp_path / "cut.pid").exists()


def test_a_child_that_ends_before_it_is_ready_is_an_error_with_its_own_words(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", "print('Error: the disk is full'); print('goodbye'); raise SystemExit(3)"]
    process = Process("brief", argv, folder=tmp_path)
    with pytest.raises(LocalStackError, match="brief ended with status 3: Error: the disk is full"):
        process.wait_until(lambda: False, 10)


def test_a_child_that_is_never_ready_is_an_error(tmp_path: Path) -> None:
    process = Process("slow", SLEEP, folder=tmp_path)
    with pytest.raises(LocalStackError, match="slow is not ready after 0 s"):
        process.wait_until(lambda: False, 0.05)
    process.stop()


def test_a_silent_end_is_said_to_be_silent(tmp_path: Path) -> None:
    (tmp_path / "empty.log").write_text("\n")
    assert reason(tmp_path / "empty.log") == "it said nothing"


def test_a_process_that_does_not_run_has_no_identity() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
    assert Identity.of(ended.pid) is None  # a zombie
    ended.wait()
    assert Identity.of(ended.pid) is None
