"""Every log against its topic, row by row; every partition's chain; commands, streams and times of every log."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.local.system import PARTITIONS, PUBLISHERS, SERVICES
from shared.contracts.envelope import FetchedRecord, RecordedEvent, from_record
from shared.database.pool import open_pool
from shared.eventstore.postgres import PostgresLog
from shared.messaging.kafka_topic import fetched
from shared.messaging.postgres_relay_store import QUERIES as RELAY
from shared.messaging.postgres_store import PostgresStore
from shared.messaging.topic import events_topic
from tests.faults.rig import Rig
from tests.fixtures.waiting import eventually

EVERYTHING = 1_000_000


async def scan(rig: Rig, *, nothing_held: bool = True) -> str:
    """Raises AssertionError; otherwise says what was looked at."""
    logs = {name: await read_log(rig, name) for name in PUBLISHERS}
    records = await every_record(rig.system.kafka)
    for name, rows in logs.items():
        check_rows(rows)
        check_copy(rows, [record for record in records if record.topic == events_topic(name)])
    if nothing_held:
        for name in SERVICES:
            await _nothing_held(rig, name)
    events = sum(len(rows) for rows in logs.values())
    return f"scan: {events} events of {len(logs)} logs in {len(records)} records, each in order and none but these"


async def read_log(rig: Rig, name: str) -> Sequence[RecordedEvent]:
    """The rows of a log, once all of them were sent."""
    pool = await open_pool(rig.owner_of(name))
    try:
        log = PostgresLog(pool, name)

        async def relayed() -> bool:
            return int((await RELAY.checkpoint(pool))["position"]) == await log.head()

        await eventually(relayed, f"{name} is relayed", 240)
        return await log.read(after=0, limit=EVERYTHING)
    finally:
        await pool.close()


async def every_record(bootstrap: str) -> Sequence[FetchedRecord]:
    """All that the topics of all logs hold, each partition in order."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest")
    await consumer.start()
    try:
        places = [TopicPartition(events_topic(name), number) for name in PUBLISHERS for number in range(PARTITIONS)]
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        records: list[FetchedRecord] = []
        while any([await consumer.position(place) < end for place, end in ends.items()]):
            for batch in (await consumer.getmany(timeout_ms=500)).values():
                records += map(fetched, batch)
        return records
    finally:
        await consumer.stop()


def check_copy(rows: Sequence[RecordedEvent], records: Sequence[FetchedRecord]) -> None:
    """As logged; on each partition, what is new follows the last that was seen, and what a relay repeats was seen."""
    logged = {row.position: row for row in rows}
    last: defaultdict[int, int] = defaultdict(int)
    seen: set[int] = set()
    for record in records:
        row, prev = from_record(record)
        place = f"{record.topic}/{record.partition} at {record.offset}: {row.position} after {prev}"
        assert row == logged.get(row.position), f"{place} is not what the log has"
        if row.position > last[record.partition]:
            assert prev == last[record.partition], f"{place}, but the last one was {last[record.partition]}"
            last[record.partition] = row.position
            seen.add(row.position)
        else:
            assert row.position in seen, f"{place} comes out of order"
    assert seen == set(logged), f"lost: {sorted(set(logged) - seen)}"


def check_rows(rows: Sequence[RecordedEvent]) -> None:
    """Commands whole and done once, streams without a hole, times that never run backwards."""
    assert all(later.recorded_at >= earlier.recorded_at for earlier, later in pairwise(rows))
    commands, streams = defaultdict(list), defaultdict(list)
    for row in rows:
        commands[row.command_id].append(row)
        streams[row.stream].append(row.version)
    for written in commands.values():
        assert [row.n for row in written] == list(range(len(written)))
        assert len({(row.stream, row.recorded_at) for row in written}) == 1
    assert all(versions == list(range(1, len(versions) + 1)) for versions in streams.values())


async def _nothing_held(rig: Rig, name: str) -> None:
    pool = await open_pool(rig.owner_of(name))
    try:
        store = PostgresStore(pool)
        assert (name, list(await store.held_keys()), list(await store.quarantined())) == (name, [], [])
    finally:
        await pool.close()
