"""The relay, from a full log to acknowledged Kafka, against `confluent-kafka` that sends the same records from memory.

The peer has nothing to read, nothing to build and nothing to remember; ours reads the log, makes the records, moves its
checkpoint and tells how far it is. The same topic settings, keys, partitions, headers; acks=all, idempotent, batches
of at most 512 KiB, one request at a time in flight: aiokafka, which sends for ours, has one per broker and one batch
per partition, so the peer has max.in.flight.requests.per.connection=1. `docs/scaling.md` says where the time goes.
"""

import asyncio
import gc
import time
from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any
from uuid import UUID, uuid4

from confluent_kafka import KafkaError, Message, Producer

from benchmarks.append import check_in
from benchmarks.databases import fresh_database
from benchmarks.side_by_side import Comparison, Measure
from shared import garbage
from shared.contracts.envelope import Metadata, Record, to_record
from shared.database.pool import open_pool
from shared.eventstore.group_commit import GroupCommitLog
from shared.eventstore.log import Append, Log
from shared.messaging.brokers import Brokers
from shared.messaging.kafka_topic import BATCH_BYTES, KafkaTopic
from shared.messaging.partitioner import partition_for
from shared.messaging.postgres_relay_store import PostgresRelayStore
from shared.messaging.provision import provision
from shared.messaging.relay import Relay
from shared.messaging.topic import events_topic

EVENTS = 200_000
PARTITIONS = 12
CELLS = [str(UUID(int=n)) for n in range(10_000)]
SCANS = 0.2  # of check-ins; the others are taken in roll calls of 20 to 60, one command each
PEER = {
    "acks": "all",
    "enable.idempotence": True,
    "max.in.flight.requests.per.connection": 1,
    "batch.size": BATCH_BYTES,
    "linger.ms": 5,
    "queue.buffering.max.messages": EVENTS + 1,
    "queue.buffering.max.kbytes": 2**20,
}


def of(scans: float) -> Measure:
    """Events per second of a log in which such a share of check-ins are single scans."""

    async def measure(postgres: str, bootstrap: str) -> tuple[float, float]:
        prefix = f"bench-{uuid4().hex[:8]}."
        for service in ("bench", "peer"):
            await provision(Brokers(bootstrap), service, prefix=prefix, partitions=PARTITIONS)
        async with fresh_database(postgres) as url:
            pool = await open_pool(url, role=None)
            try:
                async with GroupCommitLog(pool, "bench") as log:
                    await asyncio.gather(*map(log.append, commands(scans)))
                    ours = await _relay(log, url, bootstrap, prefix)
                    records = await _records(log)
            finally:
                await pool.close()
        return ours, await asyncio.to_thread(_produce, records, bootstrap, events_topic("peer", prefix))

    return measure


def commands(scans: float) -> Sequence[Append]:
    """Appends of `EVENTS` check-ins or a few more, as requests make them: each with ids of its own."""
    chance, appends, events = Random(1), [], 0
    while events < EVENTS:
        size = 1 if chance.random() < scans / (scans + (1 - scans) / 40) else chance.randint(20, 60)
        metadata = Metadata(
            uuid4(), f"office:{uuid4()}", traceparent=f"00-{uuid4().hex}-{uuid4().hex[:16]}-01", body_hash="5e" * 32
        )
        scan = check_in()
        appends.append(replace(scan, key=chance.choice(CELLS), events=scan.events * size, metadata=metadata))
        events += size
    return appends


async def _relay(log: Log, url: str, bootstrap: str, prefix: str) -> float:
    relay = Relay(log, PostgresRelayStore(url, role=None), lambda: KafkaTopic.open(Brokers(bootstrap), "bench", prefix))
    head = await log.head()
    garbage.settle()  # as a service does when it starts
    running = asyncio.create_task(relay.run())
    while relay.status.state != "relaying":  # noqa: ASYNC110 - the relay tells no one
        await asyncio.sleep(0.001)
    began = time.perf_counter()
    while relay.status.position < head:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    took = time.perf_counter() - began
    running.cancel()
    await asyncio.wait([running])
    gc.unfreeze()
    return head / took


async def _records(log: Log) -> Sequence[tuple[int, Record]]:
    rows = await log.read(after=0, limit=2 * EVENTS)
    return [(partition_for(row.key, PARTITIONS), to_record(row, prev=0)) for row in rows]


def _produce(records: Sequence[tuple[int, Record]], bootstrap: str, topic: str) -> float:
    failed: list[KafkaError] = []

    def delivered(error: KafkaError | None, _: Message) -> None:
        if error:
            failed.append(error)

    producer = Producer(PEER | {"bootstrap.servers": bootstrap})
    producer.list_topics(topic)  # connected, as ours is
    ready: list[tuple[int, bytes, bytes, Any]] = [
        (partition, record.key, record.value, list(record.headers)) for partition, record in records
    ]
    gc.freeze()  # the peer shall not pay for the records that it was given
    began = time.perf_counter()
    for n, (partition, key, value, headers) in enumerate(ready):
        producer.produce(topic, value, key, partition=partition, headers=headers, on_delivery=delivered)
        if n % 1000 == 0:
            producer.poll(0)
    left = producer.flush()
    took = time.perf_counter() - began
    gc.unfreeze()
    if left or failed:
        raise RuntimeError(f"{left} records of the peer are not acknowledged, {len(failed)} failed: {failed[:1]}")
    return len(records) / took


COMPARISONS = (
    Comparison("an evening's check-ins, 4 of 5 in roll calls of 20 to 60", of(SCANS), goal=0.8),
    Comparison("single scans only, each a command of its own", of(1.0), goal=0.8),
)
