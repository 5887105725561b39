"""`python -m benchmarks.projection`: from Kafka into reporting's tables, live and rebuilt, against a bare drain.

The drain is confluent-kafka fetching every record of the same topics, and doing nothing with them. Figures are complete
when the clock stops: facts, contributions, months, digests and positions, committed.
"""

import asyncio
import resource
import tempfile
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Annotated, Any
from uuid import uuid4

import typer
from confluent_kafka import Consumer, TopicPartition

from benchmarks import evenings
from benchmarks.databases import fresh_database
from deploy.local.kafka import start_kafka
from deploy.local.postgres import start_postgres
from services.reporting.projections import FactsProjection
from services.reporting.rebuild import ends_of, rebuild
from services.reporting.settings import ReportingSettings
from shared.advance import unseen
from shared.database.migrate import migrate
from shared.database.pool import open_pool
from shared.messaging.brokers import Brokers
from shared.messaging.postgres_store import PostgresStore
from shared.messaging.provision import provision
from shared.messaging.subscription import run_consumers
from shared.messaging.topic import events_topic

MIGRATIONS = Path(__file__).parents[1] / "services" / "reporting" / "sql" / "migrations"
SHAPES = {"in bursts": evenings.bursts, "interleaved over 10,000 cells": evenings.interleaved}
MILLION = 1_000_000
READERS = 2
COMPARED = (
    "Measured elsewhere, for comparison: a Kafka Streams application that keeps the same counts (exactly once, but no "
    "facts, digests or database) did 0.21 of the drain on 1,000,000 events (65,000/s), 0.36 on 4,000,000 (113,000/s)."
)
Measure = Callable[[str, str], Coroutine[Any, Any, tuple[float, float]]]
# Topics are filled once for all rounds of a run: bootstrap, shape, events -> prefix.
_filled: dict[tuple[str, str, int], str] = {}


def live(shape: str, events: int = MILLION) -> Measure:
    """Events per second: the ordinary consumer from an empty database to the topics' ends, and the drain."""

    async def measure(postgres: str, bootstrap: str) -> tuple[float, float]:
        prefix = await _topics(bootstrap, shape, events)
        async with fresh_database(postgres) as url:
            await migrate(url, MIGRATIONS)
            took = await _consume(url, bootstrap, prefix, events)
        return events / took, events / await asyncio.to_thread(drain, bootstrap, prefix, events)

    return measure


def rebuilt(shape: str, events: int = MILLION) -> Measure:
    """Events per second: `rebuild` of an empty database, and the drain."""

    async def measure(postgres: str, bootstrap: str) -> tuple[float, float]:
        prefix = await _topics(bootstrap, shape, events)
        async with fresh_database(postgres) as url:
            await migrate(url, MIGRATIONS)
            took = await _rebuild(url, bootstrap, prefix, events)
        return events / took, events / await asyncio.to_thread(drain, bootstrap, prefix, events)

    return measure


async def _topics(bootstrap: str, shape: str, events: int) -> str:
    known = (bootstrap, shape, events)
    if known not in _filled:
        prefix = f"bench-{uuid4().hex[:8]}."
        for service in FactsProjection.sources:
            await provision(Brokers(bootstrap), service, prefix=prefix, partitions=evenings.PARTITIONS)
        await asyncio.to_thread(evenings.fill, bootstrap, prefix, SHAPES[shape](events))
        _filled[known] = prefix
    return _filled[known]


async def _consume(url: str, bootstrap: str, prefix: str, events: int) -> float:
    pool = await open_pool(url, role=None)
    try:
        store = PostgresStore(pool)
        began = time.perf_counter()
        consumers = run_consumers(Brokers(bootstrap), [FactsProjection()], store, topic_prefix=prefix)
        running = asyncio.create_task(consumers)
        while await _taken(store) < events:  # noqa: ASYNC110 - the consumer tells no one
            await asyncio.sleep(0.2)
        took = time.perf_counter() - began
        running.cancel()
        await asyncio.wait([running])
    finally:
        await pool.close()
    return took


async def _taken(store: PostgresStore) -> int:
    """Offsets count, since nothing else is on these topics."""
    return sum(at.next_offset for at in (await store.positions(FactsProjection.name)).values())


async def _rebuild(url: str, bootstrap: str, prefix: str, events: int) -> float:
    settings = ReportingSettings(database_url=url, kafka_bootstrap=bootstrap, topic_prefix=prefix)
    pool = await open_pool(url, role=None, max_size=1, command_timeout=3600, idle_in_transaction=3600)
    try:
        async with pool.acquire() as connection:
            began = time.perf_counter()
            done = await rebuild(settings, connection, await ends_of(settings), READERS, unseen)
            took = time.perf_counter() - began
    finally:
        await pool.close()
    assert (done.records, done.left) == (events, {})
    return took


def drain(bootstrap: str, prefix: str, events: int) -> float:
    """Seconds."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "drain", "enable.auto.commit": False})
    topics = [events_topic(service, prefix) for service in FactsProjection.sources]
    consumer.assign([TopicPartition(topic, number, 0) for topic in topics for number in range(evenings.PARTITIONS)])
    fetched, began = 0, time.perf_counter()
    try:
        while fetched < events:
            fetched += len(consumer.consume(10_000, 1.0))
    finally:
        consumer.close()
    return time.perf_counter() - began


def main(
    events: Annotated[list[int], typer.Option(help="How many; may be repeated.")] = [MILLION],  # noqa: B006
    rounds: Annotated[int, typer.Option(min=1, help="Each measurement; the median counts.")] = 3,
) -> None:
    """Starts PostgreSQL (durable, as in production) and Kafka for itself, on loopback."""
    print("| measured | events | ratio | range | ours, events/s | drain, events/s | MB, at most |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        postgres = start_postgres(Path(folder) / "postgres")
        kafka = start_kafka(Path(folder) / "kafka")
        try:
            for number in events:
                for shape in SHAPES:
                    asyncio.run(_topics(kafka.bootstrap, shape, number))
                    for name, way in (("live", live), ("rebuild", rebuilt)):
                        found = [_alone(way, shape, number, postgres.url, kafka.bootstrap) for _ in range(rounds)]
                        print(_line(f"{name}, {shape}", number, found), flush=True)
        finally:
            kafka.stop()
            postgres.stop()
    print(f"\nMB: of one process, the largest. {COMPARED}")


def _alone(way: Callable[[str, int], Measure], *arguments: Any) -> tuple[float, float, float]:  # noqa: ANN401
    """In a process of its own, whose memory at most is the measurement's."""
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        return process.submit(_measured, way, dict(_filled), *arguments).result()


def _measured(
    way: Callable[[str, int], Measure],
    filled: dict[tuple[str, str, int], str],
    shape: str,
    events: int,
    postgres: str,
    bootstrap: str,
) -> tuple[float, float, float]:
    _filled.update(filled)
    ours, peer = asyncio.run(way(shape, events)(postgres, bootstrap))
    used = (resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return ours, peer, max(used)


def _line(name: str, events: int, found: Sequence[tuple[float, float, float]]) -> str:
    ratios = sorted(ours / peer for ours, peer, _ in found)
    ours, peer, used = (median(values) for values in zip(*found, strict=True))
    spread = f"{ratios[0]:.2f}-{ratios[-1]:.2f}"
    return f"| {name} | {events:,} | {median(ratios):.2f} | {spread} | {ours:,.0f} | {peer:,.0f} | {used:,.0f} |"


if __name__ == "__main__":
    typer.run(main)
