"""One child process that ends with us, and that the next start can find and end if it did not."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from deploy.local.errors import LocalStackError

POLL_SECONDS = 0.02
TELLING = re.compile(r"fatal|error|exception|no space left", re.IGNORECASE)
CHILD = Path(__file__).with_name("child.py")


@dataclass(frozen=True)
class RunAs:
    """Another user for the child: `uid`, and a capability to keep as that user (its number) or None."""

    uid: int
    capability: int | None = None


@dataclass(frozen=True)
class Identity:
    """A process that is told apart from a later one with the same pid: pid and start time in ticks since boot."""

    pid: int
    started: int

    @classmethod
    def of(cls, pid: int) -> Self | None:
        """None if no such process runs (a zombie does not run)."""
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return None if fields[0] in "ZX" else cls(pid, int(fields[19]))

    def runs(self) -> bool:
        return Identity.of(self.pid) == self


class Process:
    """A running child; `name` names its log and its record in `folder`, `env` replaces ours.

    It gets `death_signal` (default: `stop_signal`) when the thread that started it ends, in any way: start it from the
    main thread, or from one that lives as long as the child shall.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        *,
        folder: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        death_signal: signal.Signals | None = None,
        run_as: RunAs | None = None,
    ) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self._record = folder / f"{name}.pid"
        self._stop_signal = stop_signal
        uid, capability = (run_as.uid, run_as.capability) if run_as else (-1, None)
        wrapper = [sys.executable, "-I", "-S", str(CHILD), str(os.getpid()), str(int(death_signal or stop_signal))]
        wrapper += [str(uid), str(-1 if capability is None else capability), "--"]
        with self.log.open("ab") as output:
            self._popen = subprocess.Popen(  # noqa: S603 - argv comes from the project
                [*wrapper, *argv],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=env,
                cwd=cwd,
                start_new_session=True,  # Ctrl-C of a terminal goes to us alone; we stop children in order
            )
        identity = Identity.of(self._popen.pid)
        if identity is not None:
            self._record.write_text(json.dumps({"pid": identity.pid, "started": identity.started}))

    @property
    def pid(self) -> int:
        return self._popen.pid

    def exit_status(self) -> int | None:
        """None while it runs; negative: ended by that signal."""
        return self._popen.poll()

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> None:
        """Polls `ready`. Raises LocalStackError with the last line of the log if the child ends or is too slow."""
        deadline = time.monotonic() + seconds
        while not ready():
            if (status := self.exit_status()) is not None:
                if ready():  # it ended, as it was meant to, between the two looks
                    return
                raise LocalStackError(f"{self.name} ended with status {status}: {reason(self.log)} (log: {self.log})")
            if time.monotonic() > deadline:
                raise LocalStackError(f"{self.name} is not ready after {seconds:.0f} s (log: {self.log})")
            time.sleep(POLL_SECONDS)

    def stop(self, grace_seconds: float = 10) -> None:
        """Asks it to end, kills it after the grace. Does nothing if it has ended."""
        if self.exit_status() is None:
            self._popen.send_signal(self._stop_signal)
            try:
                self._popen.wait(grace_seconds)
            except subprocess.TimeoutExpired:
                self._popen.kill()
                self._popen.wait()
        self._record.unlink(missing_ok=True)


def end_recorded(record: Path, stop_signal: signal.Signals = signal.SIGTERM, grace_seconds: float = 10) -> bool:
    """Ends the process that an earlier run recorded, if it still runs and really is that one. True if it did."""
    identity = recorded(record)
    ended = identity is not None and identity.runs()
    if identity is not None and ended:
        _end(identity, stop_signal, grace_seconds)
    record.unlink(missing_ok=True)
    return ended


def recorded(record: Path) -> Identity | None:
    """The process that a record names; None without one, or if a kill cut it off while it was written."""
    try:
        return Identity(**json.loads(record.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def _end(identity: Identity, stop_signal: signal.Signals, grace_seconds: float) -> None:
    deadline = time.monotonic() + grace_seconds
    os.kill(identity.pid, stop_signal)
    while identity.runs():
        if time.monotonic() > deadline:
            os.kill(identity.pid, signal.SIGKILL)
        time.sleep(POLL_SECONDS)


def reason(log: Path) -> str:
    """The line of a log that says best why a program ended: the last that speaks of an error, else the last one."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    telling = [line for line in lines if TELLING.search(line)]
    return (telling or lines or ["it said nothing"])[-1]
