"""Consumers on a real broker and a real database: delivery, restarts, recreated topics, and records nobody expected."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.producer import message_accumulator
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy
from faststream.kafka import KafkaBroker
from prometheus_client import REGISTRY

from shared.contracts.envelope import FetchedRecord, Record, to_record
from shared.database.pool import open_pool
from shared.eventstore.statements import MIGRATIONS as EVENTSTORE_MIGRATIONS
from shared.messaging.brokers import Brokers
from shared.messaging.consumer import Consumer
from shared.messaging.copies import copies
from shared.messaging.handler import EventHandler, Received
from shared.messaging.intake import Intake, Pace
from shared.messaging.kafka_topic import KafkaTopic
from shared.messaging.postgres_store import MIGRATIONS, PostgresStore
from shared.messaging.progress import ProgressRecord
from shared.messaging.subscription import keep_fetching, run_consumers
from shared.messaging.topic import progress_topic
from tests.fixtures.databases import DatabaseFactory
from tests.fixtures.notes import SOURCE, Keeper, Noted, Notes, recorded
from tests.fixtures.topics import Topics

QUICK = Pace(
    max_records=50, poll=0.02, first_retry=0.02, longest_retry=0.2, release_every=0.05, check_every=0.1,
    stalled_after=2.0,
)  # fmt: skip
DEADLINE = 30.0
CREATE = (
    "CREATE TABLE kept (position bigint PRIMARY KEY, consumer text NOT NULL, key text NOT NULL, text text NOT NULL)"
)


@pytest.fixture
async def pool(database: DatabaseFactory) -> AsyncIterator[asyncpg.Pool]:
    pool = await open_pool(await database(EVENTSTORE_MIGRATIONS, MIGRATIONS), role=None)
    await pool.execute(CREATE)
    yield pool
    await pool.close()


@pytest.fixture
def store(pool: asyncpg.Pool) -> PostgresStore:
    return PostgresStore(pool)


@pytest.fixture
async def producer(topics: Topics) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(bootstrap_servers=topics.bootstrap, max_request_size=8_000_000)
    await producer.start()
    yield producer
    await producer.stop()


@pytest.fixture
async def notes(topics: Topics) -> Notes:
    """The topic, with room for records of several megabytes, and its progress topic."""
    name = await topics.create(f"{SOURCE}.events", settings={"max.message.bytes": "8000000"})
    await topics.create(f"{SOURCE}.progress", partitions=1, settings={"cleanup.policy": "compact"})
    return Notes(topic=name)


def keeper() -> Keeper:
    async def write(tx: Any, received: Received) -> None:
        assert isinstance(received.event, Noted)
        row = received.recorded
        text = received.event.text[:20]
        await tx.execute("INSERT INTO kept VALUES ($1, 'keeper', $2, $3)", row.position, row.key, text)

    return Keeper(write=write)


async def send(producer: AIOKafkaProducer, records: Sequence[FetchedRecord]) -> None:
    for record in records:
        await producer.send_and_wait(
            record.topic, record.value, key=record.key, partition=record.partition, headers=list(record.headers)
        )


@asynccontextmanager
async def running(
    topics: Topics, store: PostgresStore, *handlers: EventHandler, bootstrap: str | None = None
) -> AsyncIterator[None]:
    """Consumers of a process, until the block ends."""
    brokers = Brokers(bootstrap or topics.bootstrap)
    task = asyncio.create_task(run_consumers(brokers, handlers, store, topic_prefix=topics.prefix, pace=QUICK))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(DEADLINE):
        while not await condition():  # noqa: ASYNC110 - a poll with a deadline: a database row does not signal
            await asyncio.sleep(0.02)


async def kept(pool: asyncpg.Pool) -> list[int]:
    return [row["position"] for row in await pool.fetch("SELECT position FROM kept ORDER BY position")]


async def until_kept(pool: asyncpg.Pool, positions: Sequence[int]) -> None:
    async def all_are() -> bool:
        return await kept(pool) == list(positions)

    await until(all_are)


async def test_applies_each_event_once_although_the_relay_sent_some_twice(
    topics: Topics, store: PostgresStore, pool: asyncpg.Pool, producer: AIOKafkaProducer, notes: Notes
) -> None:
    first = [notes.add(key) for key in "abcabc"]
    again = first[2:]
    last = notes.add("a")

    async with running(topics, store, keeper()):
        await send(producer, [*first, *again, last])
        await until_kept(pool, range(1, 8))


async def test_fetches_although_the_first_of_several_brokers_is_away(
    topics: Topics, store: PostgresStore, pool: asyncpg.Pool, producer: AIOKafkaProducer, notes: Notes
) -> None:
    bootstrap = f"127.0.0.1:1,{topics.bootstrap}"

    async with running(topics, store, keeper(), bootstrap=bootstrap):
        await send(producer, [notes.add("a")])
        await until_kept(pool, [1])


async def test_goes_on_where_the_process_before_ended(
    topics: Topics, store: PostgresStore, pool: asyncpg.Pool, producer: AIOKafkaProducer, notes: Notes
) -> None:
    async with running(topics, store, keeper()):
        await send(producer, [notes.add(key) for key in "aab"])
        await until_kept(pool, [1, 2, 3])

    await send(producer, [notes.add("a"), notes.add("c")])
    before = counted("consumer_events_duplicate_total")
    async with running(topics, store, keeper()):
        await until_kept(pool, range(1, 6))

    assert counted("consumer_events_duplicate_total") == before


@pytest.mark.parametrize("more", [0, 40], ids=["shorter than before", "longer than before"])
async def test_a_recreated_topic_is_read_from_its_start_and_filtered(
    topics: Topics, store: PostgresStore, pool: asyncpg.Pool, producer: AIOKafkaProducer, notes: Notes, more: int
) -> None:
    old = [notes.add(key) for key in "abab"]
    async with running(topics, store, keeper()):
        # Sent twice, so that offsets of the republished topic are others than before.
        await send(producer, [*old, *old])
        await until_kept(pool, [1, 2, 3, 4])

        await topics.delete(notes.topic)
        await recreate(topics)
        republished = [*old, *(notes.add("a") for _ in range(1 + more))]
        await send(producer, republished)
        await until_kept(pool, range(1, 6 + more))


async def recreate(topics: Topics) -> None:
    async def created() -> bool:
        try:
            await topics.create(f"{SOURCE}.events")
        except RuntimeError:  # the broker is still deleting it
            return False
        return True

    await until(created)


async def test_a_topic_recreated_while_nobody_ran_is_found_out(
    topics: Topics, store: PostgresStore, pool: asyncpg.Pool, producer: AIOKafkaProducer, notes: Notes
) -> None:
    old = [notes.add("a") for _ in range(4)]
    async with running(topics, store, keeper()):
        await send(producer, [*old[:2], *old[:2], *old[2:]])
        await until_kept(pool, [1, 2, 3, 4])

    await topics.delete(notes.topic)
    await recreate(topics)
    await send(producer, [*old, *(notes.add("a") for _ in range(8))])

    async with running(topics, store, keeper()):
        await until_kept(pool, range(1, 13))


async def test_two_processes_share_the_work_without_applying_anything_twice(
    topics: Topics, store: PostgresStore, pool: asyncpg.Pool, producer: AIOKafkaProducer, notes: Notes
) -> None:
    async with running(topics, store, keeper()), running(topics, store, keeper()):
        await send(producer, [notes.add("abc"[n % 3]) for n in range(150)])
        await until_kept(pool, range(1, 151))

    assert {at.position for at in (await store.positions("keeper")).values()} == {148, 149, 150}


async def test_strange_records_end_parked_or_quarantined_and_stop_nobody(
    topics: Topics, store: PostgresStore, pool: asyncpg.Pool, producer: AIOKafkaProducer, notes: Notes
) -> None:
    good = to_record(recorded(1, "a"), prev=0)
    strange = [
        notes.put(0, Record(b"a", b"not json", ())),
        notes.put(0, Record(b"a", b"{}", (("ce_source", b"\xff\xfe"), ("ce_sequence", b"1")))),
        notes.put(0, dataclasses.replace(good, headers=good.headers[:3])),
        notes.put(0, Record(b"", b"", ())),
    ]
    poison = notes.put(0, dataclasses.replace(good, headers=(*good.headers, ("extra", b"\xff\xfe"))))
    notes.rows.append(recorded(1, "a"))
    notes._last[0] = 1
    large = notes.add("b", data="x" * 2_000_000)

    async with running(topics, store, keeper()):
        await send(producer, [*strange, poison, large, notes.add("ax"), notes.add("bx"), notes.add("c")])
        await until_kept(pool, [3, 4, 5])

    assert {key.of.key: key.events for _, key in await store.held_keys()} == {"a": 1, "b": 1}
    assert {kept.record.offset for _, kept in await store.quarantined()} == {0, 1, 2, 3}


class Bytes(str):
    """A header's name as a foreign producer sends it."""

    __slots__ = ()

    def encode(self, *_: object) -> bytes:
        return super().encode("latin-1")


async def test_a_header_whose_name_is_not_utf8_is_quarantined_and_the_others_go_on(
    topics: Topics,
    store: PostgresStore,
    pool: asyncpg.Pool,
    producer: AIOKafkaProducer,
    notes: Notes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(message_accumulator, "DefaultRecordBatchBuilder", _DefaultRecordBatchBuilderPy)
    before = notes.add("a")
    nameless = notes.put(0, Record(b"a", b"{}", ((Bytes("n\xffme"), b"value"),)))
    good = to_record(recorded(2, "a"), prev=1)
    placed = notes.put(0, dataclasses.replace(good, headers=(*good.headers, (Bytes("\xfe"), b""))))
    notes.rows.append(recorded(2, "a"))
    notes._last[0] = 2

    await send_together(producer, [before, nameless, placed, notes.add("ax"), notes.add("c")])
    async with running(topics, store, keeper()):
        await until_kept(pool, [1, 3, 4])

    assert {key.of.key: key.events for _, key in await store.held_keys()} == {"a": 1}
    [(_, quarantined)] = await store.quarantined()
    assert (quarantined.record.topic, quarantined.record.partition, quarantined.record.offset) == (notes.topic, 0, 1)
    topic = await KafkaTopic.open(topics.brokers, SOURCE, topics.prefix)
    try:
        assert [row.position async for row in copies(topic, SOURCE)] == [1, 3, 4]
    finally:
        await topic.close()


async def send_together(producer: AIOKafkaProducer, records: Sequence[FetchedRecord]) -> None:
    """Each partition's records as one batch."""
    for partition in {record.partition for record in records}:
        batch = producer.create_batch()
        for record in records:
            if record.partition == partition:
                batch.append(key=record.key, value=record.value, timestamp=None, headers=list(record.headers))
        await (await producer.send_batch(batch, records[0].topic, partition=partition))


async def test_a_gap_is_fetched_again_while_other_partitions_go_on(
    topics: Topics, store: PostgresStore, pool: asyncpg.Pool, producer: AIOKafkaProducer, notes: Notes
) -> None:
    first, missing, third = (notes.add("a") for _ in range(3))
    async with running(topics, store, keeper()):
        await send(producer, [first, third, notes.add("b")])
        await until_kept(pool, [1, 4])

        # A zombie's successor sends from its checkpoint: the whole run once more, in order.
        await send(producer, [missing, third])
        await send(producer, [notes.add("b")])

        async def other_goes_on() -> bool:
            return 5 in await kept(pool)

        await until(other_goes_on)
        assert 3 not in await kept(pool)


async def test_waits_out_a_database_that_refuses(
    topics: Topics, store: PostgresStore, pool: asyncpg.Pool, producer: AIOKafkaProducer, notes: Notes
) -> None:
    async with running(topics, store, keeper()):
        await send(producer, [notes.add("a")])
        await until_kept(pool, [1])
        before = counted("consumer_batch_retries_total")
        await pool.execute("ALTER TABLE consumer_position RENAME TO away")
        await send(producer, [notes.add("a")])

        async def tried_twice() -> bool:
            return counted("consumer_batch_retries_total") >= before + 2

        await until(tried_twice)
        await pool.execute("ALTER TABLE away RENAME TO consumer_position")
        await until_kept(pool, [1, 2])


def counted(metric: str) -> float:
    return REGISTRY.get_sample_value(metric, {"consumer": "keeper"}) or 0.0


async def test_a_client_that_hangs_is_replaced(
    topics: Topics,
    store: PostgresStore,
    pool: asyncpg.Pool,
    producer: AIOKafkaProducer,
    notes: Notes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hung: list[Any] = []
    getmany = AIOKafkaConsumer.getmany

    async def hang_once(self: Any, *partitions: Any, **options: Any) -> Any:
        if not hung and notes.topic in {partition.topic for partition in self.assignment()}:
            hung.append(self)
            await asyncio.Event().wait()
        return await getmany(self, *partitions, **options)

    monkeypatch.setattr(AIOKafkaConsumer, "getmany", hang_once)
    async with running(topics, store, keeper()):
        await send(producer, [notes.add("a")])
        await until_kept(pool, [1])

    assert hung


async def test_who_is_ended_while_a_session_ends_leaves_no_connection(
    topics: Topics,
    store: PostgresStore,
    pool: asyncpg.Pool,
    producer: AIOKafkaProducer,
    notes: Notes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clients: list[Any] = []
    ending = asyncio.Event()
    start = AIOKafkaConsumer.start

    async def start_seen(self: Any) -> None:
        clients.append(self._client)
        await start(self)

    async def hang(_: KafkaBroker) -> None:
        ending.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(AIOKafkaConsumer, "start", start_seen)
    monkeypatch.setattr(KafkaBroker, "stop", hang)
    intake = Intake(Consumer(keeper(), store, topics={notes.topic: SOURCE}), QUICK)
    fetching = asyncio.create_task(keep_fetching(topics.brokers, intake, QUICK))
    await send(producer, [notes.add("a")])
    await until_kept(pool, [1])
    fetching.cancel()
    await ending.wait()
    fetching.cancel()
    await asyncio.gather(fetching, return_exceptions=True)

    connections = [connection for client in clients for connection in client._conns.values()]
    assert connections
    assert not any(connection.connected() for connection in connections)


async def test_the_watermark_follows_the_relays_progress(
    topics: Topics, store: PostgresStore, producer: AIOKafkaProducer, notes: Notes
) -> None:
    said = ProgressRecord(SOURCE, 3, datetime(2026, 3, 1, tzinfo=UTC), {0: 2, 1: 1, 2: 0})
    topic = progress_topic(SOURCE, topics.prefix)
    async with running(topics, store, keeper()):
        await producer.send_and_wait(topic, b"not progress", key=b"x", partition=0)
        key, value = said.to_bytes()
        await producer.send_and_wait(topic, value, key=key, partition=0)
        await send(producer, [notes.add("a"), notes.add("b"), notes.add("a", Noted(text="bad"))])

        async def passed() -> bool:
            mark = await store.watermark("keeper", SOURCE)
            return mark is not None and (mark.position, mark.held_keys) == (3, frozenset("a"))

        await until(passed)
