"""Keeps programs running: starts them in order, restarts one that dies, stops all in reverse order.

with until_asked_to_stop(), Supervisor(folder) as supervisor:
    supervisor.start(Program(...), Program(...))
    ...
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Self

import httpx

from deploy.local import ports
from deploy.local.process import Process, end_recorded

READY_SECONDS = 60
WATCH_SECONDS = 0.1


@dataclass(frozen=True)
class Program:
    """What to run. `env` is added to ours; `ready_url` answers 200 when it can serve, None: at once."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    port: int | None = None
    ready_url: str | None = None


@dataclass(frozen=True)
class BackOff:
    """Seconds between the end of a program and its restart: doubled each time, from `first` to `most`.

    A program that ran longer than `most` starts again with `first`.
    """

    first: float = 0.5
    most: float = 30

    def after(self, last: float, ran: float) -> float:
        """The next delay, given the last one (0: none yet) and how long the program ran."""
        return self.first if ran > self.most or not last else min(last * 2, self.most)


class Supervisor:
    """Logs and pid records go into `folder`; what a killed run left there is ended first. `report` gets one line each.

    Programs end with us even after kill -9: the kernel kills them when the thread that started them is gone. Therefore
    `start` belongs into the main thread, and the watching thread, which restarts, outlives what it started.
    """

    def __init__(
        self,
        folder: Path,
        *,
        report: Callable[[str], None] = print,
        back_off: BackOff = BackOff(),
        grace_seconds: float = 10,
    ) -> None:
        self._folder = folder.resolve()
        self._folder.mkdir(parents=True, exist_ok=True)
        self._report = report
        self._back_off = back_off
        self._grace_seconds = grace_seconds
        self._started: list[_Started] = []
        self._lock = threading.Lock()  # nothing is restarted while or after all are stopped
        self._stopped = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        for record in self._folder.glob("*.pid"):
            end_recorded(record, grace_seconds=grace_seconds)

    def __enter__(self) -> Self:
        self._watcher.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        with self._lock:
            for started in reversed(self._started):
                started.process.stop(self._grace_seconds)
            self._stopped.set()
        self._watcher.join()

    def start(self, *programs: Program) -> None:
        """Starts them in order and returns when each is ready. Raises LocalStackError: a busy port, an early end."""
        for program in programs:
            if program.port is not None:
                ports.claim(program.name, program.port)
            self._started.append(_Started(program, self._folder, self._back_off))
        for started in self._started[len(self._started) - len(programs) :]:
            started.wait_until_ready()

    def pid(self, name: str) -> int:
        """The process of the program of that name; another one after a restart."""
        return self._named(name).process.pid

    def suspend(self, name: str) -> None:
        """Ends a program, which stays ended until `resume`: what an operator does before a log or a topic is mended."""
        with self._lock:
            self._named(name).suspend(self._grace_seconds)

    def resume(self, name: str, once: Mapping[str, str] | None = None) -> None:
        """Starts it again; `once` is added to the environment of this one process. Does not wait until it is ready."""
        with self._lock:
            self._named(name).resume(once or {})

    def _named(self, name: str) -> "_Started":
        return next(started for started in self._started if started.program.name == name)

    def _watch(self) -> None:
        while not self._stopped.wait(WATCH_SECONDS):
            with self._lock:
                if self._stopped.is_set():
                    return
                for started in self._started:
                    if started.watched:
                        started.restart_if_due(time.monotonic(), self._report)


class _Started:
    """One program, its process of the moment, and when it is due again if that has ended."""

    def __init__(self, program: Program, folder: Path, back_off: BackOff) -> None:
        self.program = program
        self.watched = False
        self._folder = folder
        self._back_off = back_off
        self._delay = 0.0
        self._due: float | None = None
        self._launch()

    def _launch(self, once: Mapping[str, str] | None = None) -> None:
        self._due = None
        self._launched = time.monotonic()
        self.process = Process(
            self.program.name,
            self.program.argv,
            folder=self._folder,
            # Unbuffered: a log must survive a kill -9.
            env={**os.environ, "PYTHONUNBUFFERED": "1", **self.program.env, **(once or {})},
            death_signal=signal.SIGKILL,  # kill -9 is what a service must bear; hanging on after us it must not
        )

    def wait_until_ready(self) -> None:
        self.process.wait_until(self._answers, READY_SECONDS)
        self.watched = True

    def suspend(self, grace_seconds: float) -> None:
        self.watched = False
        self.process.stop(grace_seconds)

    def resume(self, once: Mapping[str, str]) -> None:
        self._delay = 0.0
        self._launch(once)
        self.watched = True

    def restart_if_due(self, now: float, report: Callable[[str], None]) -> None:
        status = self.process.exit_status()
        if status is None:
            return
        if self._due is None:
            self._delay = self._back_off.after(self._delay, now - self._launched)
            self._due = now + self._delay
            report(f"{self.program.name} ended with status {status}; again in {self._delay:g} s ({self.process.log})")
        elif now >= self._due:
            self._launch()

    def _answers(self) -> bool:
        if self.program.ready_url is None:
            return True
        try:
            return httpx.get(self.program.ready_url, timeout=2).status_code == HTTPStatus.OK
        except httpx.TransportError:
            return False
