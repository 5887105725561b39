"""Ours and a peer, turn by turn on the same servers, as a ratio: absolute times differ from machine to machine."""

import asyncio
import tempfile
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import uvloop

from deploy.local.kafka import start_kafka
from deploy.local.postgres import start_postgres

# With the addresses of PostgreSQL and Kafka: what ours and the peer did in a second, one after the other.
Measure = Callable[[str, str], Coroutine[Any, Any, tuple[float, float]]]
HEAD = "| measured | ratio | range | ours, events/s | peer, events/s | goal | |\n|---|---|---|---|---|---|---|\n"


class NotMeasured(Exception):
    """This machine lacks what the measurement needs; the text says what."""


@dataclass(frozen=True)
class Comparison:
    """`goal`: the ratio to reach."""

    name: str
    measure: Measure
    goal: float | None = None


def side_by_side(*comparisons: Comparison) -> Callable[[int], str]:
    """A section: the table of `comparisons`, each measured so many times, of which the median counts."""

    def section(rounds: int) -> str:
        with servers() as (postgres, bootstrap):
            return HEAD + "\n".join(_line(each, rounds, postgres, bootstrap) for each in comparisons)

    return section


@contextmanager
def servers() -> Iterator[tuple[str, str]]:
    """PostgreSQL, durable as in production, and Kafka: their addresses, on loopback."""
    with tempfile.TemporaryDirectory() as folder:
        postgres = start_postgres(Path(folder) / "postgres", max_connections=300)
        try:
            kafka = start_kafka(Path(folder) / "kafka")
            try:
                yield postgres.url, kafka.bootstrap
            finally:
                kafka.stop()
        finally:
            postgres.stop()


def _line(comparison: Comparison, rounds: int, postgres: str, bootstrap: str) -> str:
    try:
        pairs = [_once(comparison, postgres, bootstrap) for _ in range(rounds)]
    except NotMeasured as lacking:
        return f"| {comparison.name} | not measured: {lacking} | | | | | |"
    return line(comparison.name, pairs, comparison.goal)


def _once(comparison: Comparison, postgres: str, bootstrap: str) -> tuple[float, float]:
    # The loop that the services use.
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        ours, peer = runner.run(comparison.measure(postgres, bootstrap))
    print(f"{comparison.name}: {ours / peer:.2f}, {ours:,.0f} to {peer:,.0f}", flush=True)
    return ours, peer


def line(name: str, pairs: list[tuple[float, float]], goal: float | None) -> str:
    """A row of the table; each pair is ours and the peer's of one round."""
    ratios = sorted(ours / peer for ours, peer in pairs)
    ratio = median(ratios)
    ours, peer = (median(rates) for rates in zip(*pairs, strict=True))
    cells = [name, f"{ratio:.2f}", f"{ratios[0]:.2f}-{ratios[-1]:.2f}", f"{ours:,.0f}", f"{peer:,.0f}"]
    if goal is not None:
        cells += [f"{goal:.2f}", "reached" if ratio >= goal else "**not reached**"]
    return f"| {' | '.join([*cells, '', ''][:7])} |"
