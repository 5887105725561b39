"""`python -m benchmarks.projection`: from Kafka into reporting's tables, against aiokafka alone reading the same.

Check-ins come interleaved over 10,000 cells, one of each cell in turn: the worst order for figures that are computed
meeting by meeting, since no two events of one meeting are near each other.
"""

import asyncio
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from aiokafka import AIOKafkaConsumer, TopicPartition

from benchmarks.append import METADATA, MOMENT
from benchmarks.databases import fresh_database
from deploy.local.kafka import start_kafka
from deploy.local.postgres import start_postgres
from services.reporting.projections import FactsProjection
from shared.contracts.attendance import Call, MemberCheckedIn, Way
from shared.contracts.envelope import Record, RecordedEvent, to_record
from shared.contracts.event import Event
from shared.contracts.meetings import Body, MeetingScheduled, Part, PlannedSitting
from shared.database.migrate import migrate
from shared.database.pool import open_pool
from shared.messaging.brokers import Brokers
from shared.messaging.kafka_topic import KafkaTopic
from shared.messaging.partitioner import partition_for
from shared.messaging.postgres_store import PostgresStore
from shared.messaging.provision import provision
from shared.messaging.store import Store
from shared.messaging.subscription import run_consumers
from shared.messaging.topic import events_topic

CELLS = 10_000
CHECK_INS = 100_000
PARTITIONS = 12
MIGRATIONS = Path(__file__).parents[1] / "services" / "reporting" / "sql" / "migrations"


async def against_drain(postgres: str, bootstrap: str) -> tuple[float, float]:
    """Check-ins per second: ours until the last one is in the figures; the peer until it has fetched the last one."""
    prefix = f"bench-{uuid4().hex[:8]}."
    for service in FactsProjection.sources:
        await provision(Brokers(bootstrap), service, prefix=prefix, partitions=PARTITIONS)
    meetings = {str(uuid4()): uuid4() for _ in range(CELLS)}
    await _fill(bootstrap, "meetings", prefix, ((cell, _scheduled(cell, meetings[cell])) for cell in meetings))
    round_robin = (cell for _ in range(CHECK_INS // CELLS) for cell in meetings)
    await _fill(bootstrap, "attendance", prefix, ((cell, _check_in(meetings[cell])) for cell in round_robin))
    async with fresh_database(postgres) as url:
        await migrate(url, MIGRATIONS)
        pool = await open_pool(url, role=None)
        try:
            ours = await _project(PostgresStore(pool), bootstrap, prefix)
        finally:
            await pool.close()
    return ours, await _drain(bootstrap, events_topic("attendance", prefix))


async def _project(store: Store, bootstrap: str, prefix: str) -> float:
    began = time.perf_counter()
    running = asyncio.create_task(run_consumers(Brokers(bootstrap), [FactsProjection()], store, topic_prefix=prefix))
    while not await _applied(store):  # noqa: ASYNC110 - the consumer tells no one
        await asyncio.sleep(0.05)
    took = time.perf_counter() - began
    running.cancel()
    await asyncio.wait([running])
    return (CHECK_INS + CELLS) / took


async def _applied(store: Store) -> bool:
    """Whether the projection has taken every record: offsets count, since nothing else is on these topics."""
    positions = await store.positions(FactsProjection.name)
    return sum(at.next_offset for at in positions.values()) == CELLS + CHECK_INS


async def _drain(bootstrap: str, topic: str) -> float:
    consumer: Any = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    consumer.assign([TopicPartition(topic, partition) for partition in range(PARTITIONS)])
    await consumer.start()
    fetched, began = 0, time.perf_counter()
    try:
        while fetched < CHECK_INS:
            found = await consumer.getmany(timeout_ms=1000, max_records=500)
            fetched += sum(map(len, found.values()))
    finally:
        await consumer.stop()
    return CHECK_INS / (time.perf_counter() - began)


async def _fill(bootstrap: str, log_id: str, prefix: str, events: Iterable[tuple[str, Event]]) -> None:
    """Onto the topic as the relay would send them, without a log."""
    topic = await KafkaTopic.open(Brokers(bootstrap), log_id, prefix)
    try:
        waiting, last = defaultdict[int, list[Record]](list), defaultdict[int, int](int)
        for position, (cell, event) in enumerate(events, start=1):
            partition = partition_for(cell, PARTITIONS)
            waiting[partition].append(to_record(_row(log_id, position, cell, event), prev=last[partition]))
            last[partition] = position
            if position % CELLS == 0:
                await topic.send(waiting)
                waiting.clear()
    finally:
        await topic.close()


def _row(log_id: str, position: int, cell: str, event: Event) -> RecordedEvent:
    return RecordedEvent(
        log_id=log_id,
        position=position,
        stream=f"{log_id}-{cell}",
        version=position,
        key=cell,
        event_id=uuid4(),
        command_id=uuid4(),
        n=0,
        type=type(event).__name__,
        schema_version=event.schema_version,
        data=event.model_dump_json(),
        metadata=METADATA,
        recorded_at=datetime.now(UTC),
    )


def _scheduled(cell: str, meeting_id: UUID) -> MeetingScheduled:
    sitting = PlannedSitting(sitting_id=meeting_id, starts_at=MOMENT)
    return MeetingScheduled(
        meeting_id=meeting_id,
        unit_id=UUID(cell),
        body=Body.CELL,
        period="2026-03",
        parts=(Part.REGULAR,),
        sittings=(sitting,),
    )


def _check_in(meeting_id: UUID) -> MemberCheckedIn:
    return MemberCheckedIn(
        meeting_id=meeting_id, member_id=uuid4(), sitting_id=meeting_id, call=Call.START, at=MOMENT, way=Way.QR
    )


def main() -> None:
    """Starts PostgreSQL and Kafka for itself; events per second, ours and the drain's."""
    with tempfile.TemporaryDirectory() as folder:
        postgres = start_postgres(Path(folder) / "postgres")
        kafka = start_kafka(Path(folder) / "kafka")
        try:
            ours, drain = asyncio.run(against_drain(postgres.url, kafka.bootstrap))
        finally:
            kafka.stop()
            postgres.stop()
    print(f"{ours:,.0f} events/s applied, {drain:,.0f} events/s read by aiokafka alone")


if __name__ == "__main__":
    main()
