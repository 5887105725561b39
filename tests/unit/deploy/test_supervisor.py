"""The supervisor keeps its programs running, and none of them longer than itself."""

import asyncio
import gc
import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from deploy.local import ports
from deploy.local.errors import LocalStackError
from deploy.local.process import Identity, recorded
from deploy.local.stopping import run, until_asked_to_stop
from deploy.local.supervisor import BackOff, Program, Supervisor
from tests.fixtures.waiting import until

SERVER = """
import http.server, os, signal, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(os.environ["GREETING"].encode())
def stop(*_):
    with open(os.environ["ENDED"], "a") as file: file.write(os.environ["GREETING"] + "\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
QUICK = BackOff(first=0.05, most=0.2)


@pytest.fixture
def ended(tmp_path: Path) -> Path:
    return tmp_path / "ended"


def make_server(name: str, ended: Path) -> Program:
    port = ports.free_port()
    return Program(
        name,
        [sys.executable, "-c", SERVER, str(port)],
        env={"GREETING": name, "ENDED": str(ended)},
        port=port,
        ready_url=f"http://127.0.0.1:{port}/",
    )


def test_programs_answer_once_start_returns(tmp_path: Path, ended: Path) -> None:
    one, two = make_server("one", ended), make_server("two", ended)
    with Supervisor(tmp_path) as supervisor:
        supervisor.start(one, two)
        for program in (one, two):
            assert program.ready_url is not None
            assert httpx.get(program.ready_url).text == program.name


def test_a_program_that_dies_is_started_again(tmp_path: Path, ended: Path) -> None:
    program, said = make_server("phoenix", ended), list[str]()
    with Supervisor(tmp_path, report=said.append, back_off=QUICK) as supervisor:
        supervisor.start(program)
        first = supervisor.pid("phoenix")
        os.kill(first, signal.SIGKILL)
        until(lambda: supervisor.pid("phoenix") != first and answers(program), "it answers again")
    assert said[0].startswith("phoenix ended with status -9; again in 0.05 s")


def answers(program: Program) -> bool:
    assert program.ready_url is not None
    try:
        return httpx.get(program.ready_url).is_success
    except httpx.TransportError:
        return False


def test_a_suspended_program_stays_ended_until_it_is_resumed_with_what_is_meant_for_once(
    tmp_path: Path, ended: Path
) -> None:
    program, said = make_server("paused", ended), list[str]()
    assert program.ready_url is not None
    with Supervisor(tmp_path, report=said.append, back_off=QUICK) as supervisor:
        supervisor.start(program)
        supervisor.suspend("paused")
        watched = make_server("watched", ended)
        supervisor.start(watched)
        os.kill(supervisor.pid("watched"), signal.SIGKILL)
        until(lambda: answers(watched), "the other one was brought back meanwhile")
        assert not answers(program)
        supervisor.resume("paused", {"GREETING": "once"})
        until(lambda: answers(program), "it answers again")
        assert httpx.get(program.ready_url).text == "once"
        os.kill(supervisor.pid("paused"), signal.SIGKILL)
        until(lambda: len(said) == 2 and answers(program), "it is watched again")
        assert httpx.get(program.ready_url).text == "paused"


def test_programs_are_stopped_in_reverse_order(tmp_path: Path, ended: Path) -> None:
    with Supervisor(tmp_path) as supervisor:
        supervisor.start(make_server("first", ended), make_server("second", ended))
        supervisor.start(make_server("third", ended))
    assert ended.read_text().split() == ["third", "second", "first"]
    assert list(tmp_path.glob("*.pid")) == []


def test_a_restarted_program_is_asked_to_stop_too(tmp_path: Path, ended: Path) -> None:
    """It was started by the watching thread: it must not be killed because that thread ends first."""
    program = make_server("phoenix", ended)
    with Supervisor(tmp_path, report=lambda _: None, back_off=QUICK) as supervisor:
        supervisor.start(program)
        first = supervisor.pid("phoenix")
        os.kill(first, signal.SIGKILL)
        until(lambda: supervisor.pid("phoenix") != first and answers(program), "it answers again")
    assert ended.read_text().split() == ["phoenix"]


def test_a_busy_port_is_named_with_who_wants_it(tmp_path: Path, ended: Path) -> None:
    one = make_server("one", ended)
    with Supervisor(tmp_path) as supervisor:
        supervisor.start(one)
        with pytest.raises(LocalStackError, match=f"port {one.port} on 127.0.0.1 is busy: .* give two another port"):
            supervisor.start(Program("two", one.argv, env=one.env, port=one.port))


def test_a_program_that_ends_at_once_is_an_error_and_not_restarted(tmp_path: Path) -> None:
    broken = Program(
        "broken", [sys.executable, "-c", "raise SystemExit('Error: no such setting')"], ready_url="http://127.0.0.1:9/"
    )
    said = list[str]()
    with (
        Supervisor(tmp_path, report=said.append, back_off=QUICK) as supervisor,
        pytest.raises(LocalStackError, match="broken ended with status 1: Error: no such setting"),
    ):
        supervisor.start(broken)
    assert said == []


def test_the_delay_doubles_up_to_a_limit_and_starts_anew_after_a_long_run() -> None:
    back_off = BackOff(first=1, most=5)
    assert back_off.after(0, ran=0) == 1
    assert back_off.after(1, ran=0.1) == 2
    assert back_off.after(4, ran=0.1) == 5
    assert back_off.after(5, ran=6) == 1


@pytest.fixture
def supervising(tmp_path: Path, ended: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process of its own that supervises two programs."""
    folder = tmp_path / "supervised"
    programs = [make_server("one", ended), make_server("two", ended)]
    script = textwrap.dedent(f"""
        import signal
        from pathlib import Path
        from deploy.local.stopping import until_asked_to_stop
        from deploy.local.supervisor import Program, Supervisor
        with until_asked_to_stop(), Supervisor(Path({str(folder)!r})) as supervisor:
            supervisor.start(*[Program(**fields) for fields in {[vars_of(program) for program in programs]!r}])
            print("started", flush=True)
            signal.pause()
    """)
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"started\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def vars_of(program: Program) -> dict[str, object]:
    return {**vars(program), "argv": list(program.argv), "env": dict(program.env)}


def children(folder: Path) -> list[Identity]:
    found = [recorded(record) for record in folder.glob("*.pid")]
    return [identity for identity in found if identity is not None]


def test_children_die_with_a_supervisor_that_is_killed(supervising: subprocess.Popen[bytes], tmp_path: Path) -> None:
    folder = tmp_path / "supervised"
    running = children(folder)
    assert len(running) == 2

    supervising.kill()
    until(lambda: not any(child.runs() for child in running), "no child runs")

    with Supervisor(folder) as second:
        second.start(make_server("one", tmp_path / "ended"))
        assert [json.loads(path.read_text())["pid"] for path in folder.glob("*.pid")] == [second.pid("one")]


@pytest.mark.parametrize("asking", [signal.SIGINT, signal.SIGTERM])
def test_asked_to_stop_it_stops_all_in_order(
    supervising: subprocess.Popen[bytes], ended: Path, asking: signal.Signals
) -> None:
    supervising.send_signal(asking)
    assert supervising.wait(10) == 0
    assert ended.read_text().split() == ["two", "one"]


def test_a_second_request_to_stop_does_not_disturb_the_first() -> None:
    finished = False
    with until_asked_to_stop():
        try:
            os.kill(os.getpid(), signal.SIGINT)
        finally:
            os.kill(os.getpid(), signal.SIGINT)
            finished = True
    assert finished
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_asked_to_stop_in_the_middle_of_a_task_it_ends_all_tasks_and_says_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ended: list[str] = []

    async def part() -> None:
        await asyncio.sleep(0)
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.Event().wait()

    async def work() -> None:
        try:
            await asyncio.gather(part(), asyncio.Event().wait())
        finally:
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(0)
            ended.append("work")

    with until_asked_to_stop():
        asked = signal.getsignal(signal.SIGINT)
        try:
            run(work())
        finally:
            assert signal.getsignal(signal.SIGINT) is asked
            ended.append("block")
        ended.append("never")
    gc.collect()
    assert ended == ["work", "block"]
    assert not caplog.records
