"""From Kafka into reporting's tables, live and rebuilt, against a bare drain.

The drain is confluent-kafka fetching every record of the same topics, and doing nothing with them. Figures are complete
when the clock stops: facts, contributions, months, digests and positions, committed.
"""

import asyncio
import resource
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any
from uuid import uuid4

import uvloop
from confluent_kafka import Consumer, TopicPartition

from benchmarks import evenings
from benchmarks.databases import fresh_database
from benchmarks.side_by_side import servers
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
READERS = 2
COMPARED = (
    "Measured elsewhere, for comparison: a Kafka Streams application that keeps the same counts (exactly once, but no "
    "facts, digests or database) did 0.21 of the drain on 1,000,000 events (65,000/s), 0.36 on 4,000,000 (113,000/s)."
)
Way = Callable[[str, str, str, int], Coroutine[Any, Any, float]]


async def _filled(bootstrap: str, shape: str, events: int) -> str:
    """The prefix of topics with so many events."""
    prefix = f"bench-{uuid4().hex[:8]}."
    for service in FactsProjection.sources:
        await provision(Brokers(bootstrap), service, prefix=prefix, partitions=evenings.PARTITIONS)
    await asyncio.to_thread(evenings.fill, bootstrap, prefix, SHAPES[shape](events))
    return prefix


async def _consume(url: str, bootstrap: str, prefix: str, events: int) -> float:
    """Seconds of the ordinary consumer, from an empty database to the topics' ends."""
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
    """Seconds of `rebuild`, into an empty database."""
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


def of(events: int) -> Callable[[int], str]:
    """A section: its table, with topics of so many events."""

    def section(rounds: int) -> str:
        lines = [
            "| measured | events | ratio | range | ours, events/s | drain, events/s | MB, at most | goal, events/s |",
            "|---|---|---|---|---|---|---|---|",
        ]
        with servers() as (postgres, bootstrap):
            for shape in SHAPES:
                prefix = asyncio.run(_filled(bootstrap, shape, events))
                for name, way, goal in WAYS:
                    found = [_alone(way, postgres, bootstrap, prefix, events) for _ in range(rounds)]
                    lines.append(_line(f"{name}, {shape}", events, found, goal))
                    print(lines[-1], flush=True)
        return "\n".join([*lines, "", f"MB: of one process, the largest. {COMPARED}"])

    return section


def _alone(way: Way, postgres: str, bootstrap: str, prefix: str, events: int) -> tuple[float, float, float]:
    """Ours and the drain, in events a second; in a process of its own, whose memory at most is the measurement's."""
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        return process.submit(_measured, way, postgres, bootstrap, prefix, events).result()


def _measured(way: Way, postgres: str, bootstrap: str, prefix: str, events: int) -> tuple[float, float, float]:
    async def ours() -> float:
        async with fresh_database(postgres) as url:
            await migrate(url, MIGRATIONS)
            return await way(url, bootstrap, prefix, events)

    # The loop that the services use.
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        took = runner.run(ours())
    # Before the drain, whose client fetches ahead.
    used = [resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return events / took, events / drain(bootstrap, prefix, events), max(used)


def _line(name: str, events: int, found: Sequence[tuple[float, float, float]], goal: int) -> str:
    ratios = sorted(ours / peer for ours, peer, _ in found)
    ours, peer, used = (median(values) for values in zip(*found, strict=True))
    reached = f"{goal:,} {'reached' if ours >= goal else '**not reached**'}"
    shares = f"{median(ratios):.2f} | {ratios[0]:.2f}-{ratios[-1]:.2f}"
    return f"| {name} | {events:,} | {shares} | {ours:,.0f} | {peer:,.0f} | {used:,.0f} | {reached} |"


WAYS: tuple[tuple[str, Way, int], ...] = (("live", _consume, 20_000), ("rebuild", _rebuild, 60_000))
