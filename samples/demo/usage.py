"""What a run took: the time of each step, events of each log, memory of each process, disk. Reads /proc."""

import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import asyncpg
from rich.columns import Columns
from rich.console import Console
from rich.table import Table

from deploy.local.process import recorded
from deploy.local.system import PUBLISHERS, System
from shared.database.pool import queries

SQL = queries(Path(__file__).with_name("usage.sql"))
LOOK_SECONDS = 5.0
POSTGRES = "postgres"
BLOCK = 512  # what st_blocks counts in, whatever the file system's own blocks are


@dataclass
class Steps:
    """How many seconds each step took, in order."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.seconds[title] = time.monotonic() - began


@dataclass(frozen=True, slots=True)
class Memory:
    """KiB that a program holds now, and the most that it held."""

    now: int
    peak: int


class MemoryWatch:
    """Looks from time to time at what each recorded process in `folder` holds, until its block ends.

    PostgreSQL is all its processes together, their shared pages counted once (proportional set size), so its peak is
    that of the looks; for the others the kernel keeps it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._peaks: dict[str, int] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep_looking, name="memory watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._over.set()
        self._thread.join()

    def look(self) -> dict[str, Memory]:
        """By program; one that the kernel does not let us look at is missing."""
        found: dict[str, Memory] = {}
        for name, pid in _running(self._folder):
            now, peak = _together(pid) if name == POSTGRES else _alone(pid)
            if now:
                self._peaks[name] = max(self._peaks.get(name, 0), peak)
                found[name] = Memory(now, self._peaks[name])
        return found

    def _keep_looking(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            self.look()


def _running(folder: Path) -> Iterator[tuple[str, int]]:
    for record in sorted(folder.glob("*/*.pid")):
        process = recorded(record)
        if process is not None and process.runs():
            yield record.stem, process.pid


def _alone(pid: int) -> tuple[int, int]:
    return _kib(f"/proc/{pid}/status", "VmRSS"), _kib(f"/proc/{pid}/status", "VmHWM")


def _together(pid: int) -> tuple[int, int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0, 0
    total = sum(_kib(f"/proc/{each}/smaps_rollup", "Pss") for each in (pid, *children))
    return total, total


def _kib(path: str, name: str) -> int:
    """0 if the process has ended, or is another user's and we may not look (root in a container, PostgreSQL)."""
    try:
        lines = Path(path).read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{name}:")), 0)


def disk_kib(folder: Path) -> int:
    """What the files below really take: Kafka's index files are mostly holes."""
    return sum(_blocks(path) for path in folder.rglob("*")) * BLOCK // 1024


def _blocks(path: Path) -> int:
    try:
        return path.lstat().st_blocks
    except FileNotFoundError:  # servers rename and remove their files while we look
        return 0


async def count_events(system: System) -> dict[str, int]:
    """Of each log."""
    counts = {}
    for service in PUBLISHERS:
        connection = await asyncpg.connect(system.databases[service])
        try:
            counts[service] = int(await SQL.count_events(connection))
        finally:
            await connection.close()
    return counts


def print_usage(
    console: Console, steps: Steps, events: Mapping[str, int], memory: Mapping[str, Memory], disk: Mapping[str, int]
) -> None:
    """Four small tables, side by side where there is room."""
    took = [(title, f"{seconds:.0f}") for title, seconds in steps.seconds.items()]
    total = [("tổng", f"{sum(steps.seconds.values()):.0f}")]
    counted = [(log, f"{count}") for log, count in events.items()] + [("tổng", f"{sum(events.values())}")]
    held = [(name, _mib(kept.now), _mib(kept.peak)) for name, kept in memory.items()]
    taken = [(name, _mib(kib)) for name, kib in disk.items()]
    tables = (
        _table(("Bước", "giây"), [*took, *total]),
        _table(("Bộ nhớ (MiB)", "nay", "cao nhất"), held),
        _table(("Nhật ký", "sự kiện"), counted),
        _table(("Đĩa", "MiB"), taken),
    )
    console.print(Columns(tables, padding=(0, 3)))


def _table(headings: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0))
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="right" if number else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    return table


def _mib(kib: int) -> str:
    return f"{kib / 1024:.0f}" if kib else "—"
