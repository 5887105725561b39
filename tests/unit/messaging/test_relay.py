"""The relay's core over doubles: order, predecessors, fencing, refusal."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from prometheus_client import REGISTRY

from shared.contracts.envelope import Record, from_record, to_record
from shared.eventstore import MemoryLog
from shared.messaging import relay
from shared.messaging.agreement import (
    LogAndTopicDisagree,
    LogBehindTopic,
    PartitionsChanged,
    TopicBehindCheckpoint,
    TopicOfAnotherLog,
    check_agreement,
)
from shared.messaging.memory_relay_store import MemoryRelayStore
from shared.messaging.memory_topic import Broker, MemoryTopic
from shared.messaging.partitioner import partition_for
from shared.messaging.recover import Verified, recover_from_topic, verify
from shared.messaging.relay import Relay, Term
from shared.messaging.relay_store import Checkpoint, Fenced, Leadership
from shared.messaging.topic import SendFailed
from tests.conformance.appends import append_of
from tests.fixtures.waiting import eventually


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


@pytest.mark.parametrize("batch", [2, 3, 4, 5])
async def test_a_batch_ends_where_a_command_ends(
    log: MemoryLog, broker: Broker, leadership: Leadership, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    """What a crash leaves of a log on its topic is whole commands: a recovered log has none by half."""
    monkeypatch.setattr(relay, "BATCH_EVENTS", batch)
    for n in range(3):
        await log.append(append_of("first", "second", "third", stream=f"stream-{n}"))
    term = await Term.begin(log, MemoryTopic(broker), leadership, clock)
    ends = []
    while await term.step():
        ends.append(term.checkpoint.position)
        assert term.is_behind or ends[-1] == 9
    assert ends == [3, 6, 9]
    assert not term.is_behind


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


async def test_says_that_it_sent_all_up_to_a_time_only_if_nothing_recorded_by_then_is_left(
    log: MemoryLog, broker: Broker, leadership: Leadership, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.messaging.relay.BATCH_EVENTS", 3)
    await fill(log, 5)
    recorded = [row.recorded_at for row in await log.read(after=0)]
    term = await Term.begin(log, MemoryTopic(broker), leadership, clock)
    await term.step()
    assert broker.progress["notes"].time < recorded[3]
    while await term.step():
        pass
    assert broker.progress["notes"].time >= recorded[4]
    await fill(log, 1, start=5)
    assert (await log.read(after=5))[0].recorded_at > broker.progress["notes"].time


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
    with pytest.raises(LogAndTopicDisagree, match="another event at position"):
        await Term.begin(other, topic, leadership, clock)


# Kafka's own values for these keys (org.apache.kafka.common.utils.Utils.murmur2, toPositive, 12 partitions).
@pytest.mark.parametrize(("key", "hashed"), [("21", -973932308), ("foobar", -790332482), ("abc", 479470107)])
def test_a_key_keeps_its_partition_for_ever(key: str, hashed: int) -> None:
    assert partition_for(key, 12) == (hashed & 0x7FFFFFFF) % 12


async def test_a_repeat_at_the_end_of_the_topic_hides_no_later_event(
    log: MemoryLog, broker: Broker, leadership: Leadership
) -> None:
    """A replaced relay's batch may arrive behind everything else: the last record is not always the latest."""
    await fill(log, 12)
    topic = MemoryTopic(broker)
    await (await Term.begin(log, topic, leadership, clock)).step()
    for partition in range(3):
        late = broker.records[partition][0]
        broker.append(partition, Record(late.key or b"", late.value or b"", late.headers))
    restored = MemoryLog("notes")
    await restored.restore(await log.read(after=0, limit=8))
    with pytest.raises(LogBehindTopic) as refused:
        await check_agreement(restored, topic, Checkpoint())
    assert refused.value.events == 4
    assert await recover_from_topic(restored, topic) == 4


async def test_refuses_a_log_that_was_restored_and_then_written_to(
    log: MemoryLog, broker: Broker, leadership: Leadership
) -> None:
    """Its head is above the topic's end again, so only the events themselves tell."""
    await fill(log, 12)
    topic = MemoryTopic(broker)
    await (await Term.begin(log, topic, leadership, clock)).step()
    restored = MemoryLog("notes")
    await restored.restore(await log.read(after=0, limit=8))
    await fill(restored, 10, start=8)
    with pytest.raises(TopicOfAnotherLog, match="position 9"):
        await check_agreement(restored, topic, Checkpoint())
    with pytest.raises(TopicOfAnotherLog):
        await recover_from_topic(restored, topic)
    assert await restored.head() == 18


async def test_a_topic_made_anew_under_a_running_relay_is_noticed_at_the_next_answer(
    log: MemoryLog, broker: Broker, leadership: Leadership
) -> None:
    await fill(log, 12)
    term = await Term.begin(log, MemoryTopic(broker), leadership, clock)
    await term.step()
    broker.recreate()
    await fill(log, 1, start=12)
    with pytest.raises(TopicBehindCheckpoint, match="shorter than before"):
        await term.step()


async def test_refuses_a_topic_that_begins_in_the_middle(
    log: MemoryLog, broker: Broker, leadership: Leadership
) -> None:
    await fill(log, 12)
    topic = MemoryTopic(broker)
    await (await Term.begin(log, topic, leadership, clock)).step()
    later = broker.records[1][1]
    broker.recreate()
    broker.append(1, Record(later.key or b"", later.value or b"", later.headers))
    with pytest.raises(TopicBehindCheckpoint, match="begins after position"):
        await check_agreement(log, topic, Checkpoint())


@pytest.mark.parametrize("kept", [1, 0])
async def test_refuses_a_topic_whose_start_was_deleted_even_if_nothing_is_left(
    log: MemoryLog, broker: Broker, leadership: Leadership, kept: int
) -> None:
    await fill(log, 12)
    await (await Term.begin(log, MemoryTopic(broker), leadership, clock)).step()
    broker.first[1] = len(broker.records[1]) - kept
    with pytest.raises(TopicBehindCheckpoint, match=f"notes.events/1 begins at offset {broker.first[1]}"):
        await Term.begin(log, MemoryTopic(broker), leadership, clock)


async def test_refuses_another_number_of_partitions_than_the_events_were_sent_with(
    log: MemoryLog, broker: Broker, leadership: Leadership
) -> None:
    await fill(log, 30)
    await (await Term.begin(log, MemoryTopic(broker), leadership, clock)).step()
    broker.partitions = 4
    with pytest.raises(PartitionsChanged):
        await Term.begin(log, MemoryTopic(broker), leadership, clock)


async def test_what_only_the_topic_has_is_named_before_the_topic_is_given_up(
    log: MemoryLog, broker: Broker, leadership: Leadership
) -> None:
    """A restored database can bring back the checkpoint of an older topic: deleting this one would lose events."""
    await fill(log, 12)
    topic = MemoryTopic(broker)
    await (await Term.begin(log, topic, leadership, clock)).step()
    restored = MemoryLog("notes")
    await restored.restore(await log.read(after=0, limit=8))
    with pytest.raises(LogBehindTopic):
        await check_agreement(restored, topic, Checkpoint(8, {0: 8}, {0: 999}))


async def test_what_contradicts_the_log_is_no_copy_of_it(
    log: MemoryLog, broker: Broker, leadership: Leadership
) -> None:
    """Consumers quarantine it; to recover it would put it into the log, to believe its position hide what follows."""
    await fill(log, 6)
    topic = MemoryTopic(broker)
    await (term := await Term.begin(log, topic, leadership, clock)).step()
    [first, *_] = await log.read(after=0)
    partition = partition_for(first.key, 3)
    broker.append(partition, to_record(first._replace(position=999_999), prev=0))
    await fill(log, 6, start=6)
    await term.step()
    broker.append(partition, to_record(first._replace(position=1_000_000), prev=0))

    assert (await verify(log, topic, 12)).is_copy
    assert await recover_from_topic(log, topic) == 0
    await Term.begin(log, topic, leadership, clock)


async def test_what_stands_behind_a_gap_is_a_copy_too(log: MemoryLog, broker: Broker, leadership: Leadership) -> None:
    await fill(log, 12)
    topic = MemoryTopic(broker)
    await (await Term.begin(log, topic, leadership, clock)).step()
    [lost, *_] = [row for row in await log.read(after=0) if partition_for(row.key, 3) == 0][1:]
    broker.records[0] = [each for each in broker.records[0] if from_record(each)[0] != lost]

    assert await verify(log, topic, 12) == Verified(12, (lost.position,), (), ())


async def test_verify_names_what_is_missing_foreign_and_different(
    log: MemoryLog, broker: Broker, leadership: Leadership
) -> None:
    await fill(log, 6)
    topic = MemoryTopic(broker)
    await (await Term.begin(log, topic, leadership, clock)).step()
    rows = await log.read(after=0)
    other = MemoryLog("notes")
    await other.restore([*rows[:1], rows[2]._replace(data='{"text":"other"}'), *rows[3:]])
    await fill(other, 1, start=6)
    found = await verify(other, topic, 7)
    assert (found.missing, found.foreign, found.differing) == ((7,), (2,), (3,))
    assert not found.is_copy


async def test_verify_names_what_a_restored_log_has_lost(
    log: MemoryLog, broker: Broker, leadership: Leadership
) -> None:
    await fill(log, 6)
    topic = MemoryTopic(broker)
    await (await Term.begin(log, topic, leadership, clock)).step()
    restored = MemoryLog("notes")
    await restored.restore(await log.read(after=0, limit=4))
    assert (await verify(restored, topic, 4)).foreign == (5, 6)
    assert (await verify(restored, topic, 6)).foreign == (5, 6)
    assert (await verify(log, topic, 4)).is_copy  # sent, its checkpoint not written yet


async def test_shows_its_state_and_position(log: MemoryLog, broker: Broker, store: MemoryRelayStore) -> None:
    await fill(log, 5)

    async def open_topic() -> MemoryTopic:
        return MemoryTopic(broker)

    running = asyncio.create_task(Relay(log, store, open_topic, clock=clock).run())

    async def relayed() -> bool:
        return REGISTRY.get_sample_value("relay_position", {"log": "notes"}) == 5

    await eventually(relayed, "the relay shows the log's head")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert REGISTRY.get_sample_value("relay_state", {"log": "notes", "state": "relaying"}) == 1
    assert REGISTRY.get_sample_value("relay_state", {"log": "notes", "state": "refusing"}) == 0


async def test_ends_when_asked_though_its_topic_fails_meanwhile(
    log: MemoryLog, broker: Broker, store: MemoryRelayStore
) -> None:
    class FailsToClose(MemoryTopic):
        async def close(self) -> None:
            if store.epoch == 1:
                raise SendFailed("in place of the cancellation")

    async def open_topic() -> MemoryTopic:
        return FailsToClose(broker)

    async def leads() -> bool:
        return running.status.state == "relaying"

    running = Relay(log, store, open_topic, clock=clock)
    task = asyncio.create_task(running.run())
    await eventually(leads, "leads")
    task.cancel()
    await asyncio.wait([task], timeout=10)
    assert task.cancelled()
