"""`python -m benchmarks [--rounds n]`: runs every measurement and writes `benchmarks/RESULTS.md`."""

import asyncio
import platform
import tempfile
from collections.abc import Callable, Coroutine
from datetime import date
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import asyncpg
import typer
from rich.console import Console
from rich.progress import track

from benchmarks import append, relay
from deploy.local.kafka import start_kafka
from deploy.local.postgres import start_postgres

RESULTS = Path(__file__).with_name("RESULTS.md")
Measure = Callable[[str, str], Coroutine[Any, Any, tuple[float, float]]]
MEASURES: dict[str, Measure] = {
    "checked append, 32 clients, against single-row INSERTs": append.with_clients(32),
    "checked append, 256 clients, against single-row INSERTs": append.with_clients(256),
    "relay, log to acknowledged Kafka, against aiokafka sending the same records": relay.against_producer,
}


def main(rounds: Annotated[int, typer.Option(min=3, help="Each measurement; the median counts.")] = 3) -> None:
    """Starts PostgreSQL (durable, as in production) and Kafka for itself, on loopback."""
    console = Console()
    with tempfile.TemporaryDirectory() as folder:
        postgres = start_postgres(Path(folder) / "postgres", max_connections=300)
        kafka = start_kafka(Path(folder) / "kafka")
        try:
            lines = [_line(name, measure, rounds, postgres.url, kafka.bootstrap) for name, measure in MEASURES.items()]
            version = asyncio.run(_version(postgres.url))
        finally:
            kafka.stop()
            postgres.stop()
    RESULTS.write_text(_page(lines, rounds, version), encoding="utf-8")
    console.print(RESULTS.read_text(encoding="utf-8"), markup=False)


def _line(name: str, measure: Measure, rounds: int, postgres: str, bootstrap: str) -> str:
    pairs = [asyncio.run(measure(postgres, bootstrap)) for _ in track(range(rounds), description=name)]
    ratios = sorted(ours / peer for ours, peer in pairs)
    ours, peer = (median(rate) for rate in zip(*pairs, strict=True))
    return f"| {name} | {median(ratios):.2f} | {ratios[0]:.2f}-{ratios[-1]:.2f} | {ours:,.0f} | {peer:,.0f} |"


async def _version(postgres: str) -> str:
    connection = await asyncpg.connect(postgres)
    try:
        found: str = await connection.fetchval("SELECT version()")
    finally:
        await connection.close()
    return found.partition(" on ")[0]


def _page(lines: list[str], rounds: int, version: str) -> str:
    head = (
        "# Results\n\n"
        f"`make bench`, {date.today().isoformat()}, {version}, Python {platform.python_version()}, "  # noqa: DTZ011
        f"medians of {rounds} rounds in one run. A ratio above 1: ours is faster than the peer beside it.\n\n"
        "| measured | ratio | range | ours, events/s | peer, events/s |\n|---|---|---|---|---|\n"
    )
    return head + "\n".join(lines) + "\n"


if __name__ == "__main__":
    typer.run(main)
