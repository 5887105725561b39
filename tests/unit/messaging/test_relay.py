"""The relay's core over doubles: order, predecessors, fencing, refusal."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from shared.contracts.envelope import from_record
from shared.eventstore import MemoryLog
from shared.messaging.agreement import LogAndTopicDisagree
from shared.messaging.memory_relay_store import MemoryRelayStore
from shared.messaging.memory_topic import Broker, MemoryTopic
from shared.messaging.partitioner import partition_for
from shared.messaging.recover import recover_from_topic, verify
from shared.messaging.relay import Term
from shared.messaging.relay_store import Fenced, Leadership
from shared.messaging.topic import SendFailed
from tests.conformance.appends import append_of


def clock() -> datetime:
    return datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog("notes")


@pytest.fixture
def broker() -> Broker:
    return Broker("notes.events", 3)


@pytest.fixture
def store() -> MemoryRelayStore:
    return MemoryRelayStore()


@pytest.fixture
async def leadership(store: MemoryRelayStore) -> AsyncIterator[Leadership]:
    async with store.lead() as leading:
        assert leading is not None
        yield leading


async def fill(log: MemoryLog, count: int, start: int = 0) -> None:
    for n in range(start, start + count):
        await log.append(append_of(stream=f"stream-{n}", key=f"key-{n % 7}"))


def positions(broker: Broker) -> list[int]:
    return sorted(from_record(record)[0].position for rows in broker.records.values() for record in rows)


async def test_the_topic_is_a_copy_of_the_log(log: MemoryLog, broker: Broker, leadership: Leadership) -> None:
    await fill(log, 20)
    topic = MemoryTopic(broker)
    term = await Term.begin(log, topic, leadership, clock)
    assert await term.step()
    assert not await term.step()
    found = await verify(log, topic, await log.head())
    assert found.is_copy
    assert found.events == 20


async def test_each_record_names_its_predecessor_on_its_partition(
    log: MemoryLog, broker: Broker, leadership: Leadership
) -> None:
    await fill(log, 10)
    term = await Term.begin(log, MemoryTopic(broker), leadership, clock)
    await term.step()
    await fill(log, 10, start=10)
    await term.step()
    for partition, records in broker.records.items():
        previous = 0
        for record in records:
            row, prev = from_record(record)
            assert prev == previous
            assert partition_for(row.key, 3) == partition
            previous = row.position


async def test_after_a_failed_send_the_next_term_repeats_and_loses_nothing(
    log: MemoryLog, broker: Broker, leadership: Leadership
) -> None:
    await fill(log, 10)
    failing = await Term.begin(log, MemoryTopic(broker, fail_after=4), leadership, clock)
    with pytest.raises(SendFailed):
        await failing.step()
    assert failing.checkpoint.position == 0
    term = await Term.begin(log, MemoryTopic(broker), leadership, clock)
    await term.step()
    assert set(positions(broker)) == set(range(1, 11))
    assert len(positions(broker)) == 14


async def test_a_replaced_relay_cannot_move_the_checkpoint(
    log: MemoryLog, broker: Broker, store: MemoryRelayStore, leadership: Leadership
) -> None:
    term = await Term.begin(log, MemoryTopic(broker), leadership, clock)
    store.free_lock()
    async with store.lead() as second:
        assert second is not None
        await fill(log, 3)
        with pytest.raises(Fenced):
            await term.step()
        assert store.checkpoint.position == 0


async def test_tells_how_far_the_topic_is_after_a_batch(log: MemoryLog, broker: Broker, leadership: Leadership) -> None:
    await fill(log, 5)
    term = await Term.begin(log, MemoryTopic(broker), leadership, clock)
    await term.step()
    told = broker.progress["notes"]
    assert told.position == 5
    assert dict(told.end_offsets) == {partition: len(broker.records[partition]) for partition in range(3)}


async def test_refuses_when_the_log_is_behind_its_topic_and_recovers(
    log: MemoryLog, broker: Broker, leadership: Leadership
) -> None:
    await fill(log, 12)
    topic = MemoryTopic(broker)
    await (await Term.begin(log, topic, leadership, clock)).step()
    restored = MemoryLog("notes")
    await restored.restore(await log.read(after=0, limit=8))
    with pytest.raises(LogAndTopicDisagree, match="4 later events"):
        await Term.begin(restored, topic, leadership, clock)
    assert await recover_from_topic(restored, topic) == 4
    assert await restored.read(after=0) == await log.read(after=0)
    await Term.begin(restored, topic, leadership, clock)


async def test_refuses_when_the_topic_was_made_anew(log: MemoryLog, broker: Broker, leadership: Leadership) -> None:
    await fill(log, 5)
    topic = MemoryTopic(broker)
    await (await Term.begin(log, topic, leadership, clock)).step()
    broker.recreate()
    with pytest.raises(LogAndTopicDisagree, match="republish"):
        await Term.begin(log, topic, leadership, clock)


async def test_refuses_a_topic_of_another_log(log: MemoryLog, broker: Broker, leadership: Leadership) -> None:
    await fill(log, 5)
    topic = MemoryTopic(broker)
    await (await Term.begin(log, topic, leadership, clock)).step()
    other = MemoryLog("notes")
    await fill(other, 5)
    with pytest.raises(LogAndTopicDisagree, match="belongs to another log"):
        await Term.begin(other, topic, leadership, clock)


# Kafka's own values for these keys (org.apache.kafka.common.utils.Utils.murmur2, toPositive, 12 partitions).
@pytest.mark.parametrize(("key", "hashed"), [("21", -973932308), ("foobar", -790332482), ("abc", 479470107)])
def test_a_key_keeps_its_partition_for_ever(key: str, hashed: int) -> None:
    assert partition_for(key, 12) == (hashed & 0x7FFFFFFF) % 12
