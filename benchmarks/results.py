"""`benchmarks/RESULTS.md`: the machine of the last run, and a section for each measurement that ever ran."""

import os
import platform
import re
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path

from deploy.local.kafka import COORDINATES
from deploy.local.postgres import binary

RESULTS = Path(__file__).with_name("RESULTS.md")
PACKAGES = ("aiokafka", "asyncpg", "confluent-kafka", "eventsourcing")
INTRODUCTION = (
    "Written by `make bench`, which measures everything, or by the command that a section names; what was not measured "
    "anew stays. In each round ours and the peer take turns on the same servers; all but the ranges are medians. A "
    "ratio above 1: ours is faster. Absolute figures depend on the machine, and on what else runs on it."
)
FSYNCS = 300


def keep(sections: Mapping[str, str], order: Sequence[str]) -> None:
    """Writes `sections`, Markdown by title, in place of those of the same title; unknown titles are dropped."""
    kept = _sections(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    bodies = kept | {title: body.strip() for title, body in sections.items()}
    parts = [f"## {title}\n\n{bodies[title]}" for title in order if title in bodies]
    RESULTS.write_text("\n\n".join(["# Results", INTRODUCTION, _machine(), *parts]) + "\n", encoding="utf-8")


def stamp(command: str, commit: str, rounds: int) -> str:
    """When, of which code and how a section was measured."""
    today = date.today().isoformat()  # noqa: DTZ011 - the day here
    return f"`{command}`, {today}, commit {commit}, {rounds} rounds."


def commit() -> str:
    """`-dirty` if files differ from it."""
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--exclude", "*"],
        cwd=RESULTS.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return described.stdout.strip() or "unknown"


def _sections(page: str) -> dict[str, str]:
    found = (part.partition("\n") for part in re.split(r"^## ", page, flags=re.MULTILINE)[1:])
    return {title.strip(): body.strip() for title, _, body in found}


def _machine() -> str:
    postgres = subprocess.run([binary("postgres"), "--version"], capture_output=True, text=True, check=True)
    versions = [
        postgres.stdout.replace("postgres (PostgreSQL)", "PostgreSQL").strip(),
        f"Apache Kafka {COORDINATES[0][2]}",
        f"Python {platform.python_version()}",
        *(f"{package} {version(package)}" for package in PACKAGES),
    ]
    median, slow = _fsync_milliseconds()
    return (
        f"Last run: {os.cpu_count()} processors ({_processor()}); {', '.join(versions)}. `fdatasync` of 8 kB: median "
        f"{median:.2f} ms, 99th percentile {slow:.2f} ms."
    )


def _processor() -> str:
    named = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    return named[1] if named else platform.machine()


def _fsync_milliseconds() -> tuple[float, float]:
    """Median and 99th percentile, where the servers of the benchmarks keep their data: every commit waits for one."""
    took = []
    with tempfile.NamedTemporaryFile() as file:
        for _ in range(FSYNCS):
            os.pwrite(file.fileno(), os.urandom(8192), 0)
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            took.append((time.perf_counter() - began) * 1000)
    took.sort()
    return took[FSYNCS // 2], took[FSYNCS * 99 // 100]
