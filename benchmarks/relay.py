"""The relay, from a full log to acknowledged Kafka, against aiokafka alone sending the very same records."""

import asyncio
import time
from uuid import uuid4

from aiokafka import AIOKafkaProducer

from benchmarks.append import check_in
from benchmarks.databases import fresh_database
from shared.contracts.envelope import to_record
from shared.database.pool import open_pool
from shared.eventstore.group_commit import GroupCommitLog
from shared.eventstore.log import Log
from shared.messaging.brokers import Brokers
from shared.messaging.kafka_topic import KafkaTopic
from shared.messaging.partitioner import partition_for
from shared.messaging.postgres_relay_store import PostgresRelayStore
from shared.messaging.provision import provision
from shared.messaging.relay import Relay
from shared.messaging.topic import events_topic

EVENTS = 20_000
PARTITIONS = 12


async def against_producer(postgres: str, bootstrap: str) -> tuple[float, float]:
    """Events per second: ours reads the log, sends and moves its checkpoint; the peer has the records in memory."""
    prefix = f"bench-{uuid4().hex[:8]}."
    await provision(Brokers(bootstrap), "bench", prefix=prefix, partitions=PARTITIONS)
    await provision(Brokers(bootstrap), "peer", prefix=prefix, partitions=PARTITIONS)
    async with fresh_database(postgres) as url:
        pool = await open_pool(url, role=None)
        try:
            async with GroupCommitLog(pool, "bench") as log:
                await asyncio.gather(*(log.append(check_in()) for _ in range(EVENTS)))
                ours = await _relay(log, url, bootstrap, prefix)
                peer = await _produce(log, bootstrap, events_topic("peer", prefix))
        finally:
            await pool.close()
    return ours, peer


async def _relay(log: Log, url: str, bootstrap: str, prefix: str) -> float:
    relay = Relay(log, PostgresRelayStore(url, role=None), lambda: KafkaTopic.open(Brokers(bootstrap), "bench", prefix))
    head = await log.head()
    running = asyncio.create_task(relay.run())
    while relay.status.state != "relaying":  # noqa: ASYNC110 - the relay tells no one
        await asyncio.sleep(0.001)
    began = time.perf_counter()
    while relay.status.position < head:  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    took = time.perf_counter() - began
    running.cancel()
    await asyncio.wait([running])
    return EVENTS / took


async def _produce(log: Log, bootstrap: str, topic: str) -> float:
    rows = await log.read(after=0, limit=EVENTS)
    records = [(partition_for(row.key, PARTITIONS), to_record(row, prev=0)) for row in rows]
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, linger_ms=5)
    await producer.start()
    try:
        began = time.perf_counter()
        sent = [
            await producer.send(topic, record.value, record.key, partition=partition, headers=list(record.headers))
            for partition, record in records
        ]
        await asyncio.gather(*sent)
        return EVENTS / (time.perf_counter() - began)
    finally:
        await producer.stop()
