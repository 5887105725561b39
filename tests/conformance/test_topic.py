"""What every topic promises: the double in memory and Kafka."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime

import pytest

from shared.contracts.envelope import Record
from shared.messaging.kafka_topic import KafkaTopic
from shared.messaging.memory_topic import Broker, MemoryTopic
from shared.messaging.progress import ProgressRecord
from shared.messaging.provision import provision
from shared.messaging.topic import SendFailed, Topic, TopicMisconfigured, TopicUnavailable
from tests.fixtures.topics import Topics

PARTITIONS = 3
TopicOpener = Callable[[], Awaitable[Topic]]


def record(n: int, size: int = 10) -> Record:
    return Record(f"key-{n}".encode(), b"x" * size, (("ce_sequence", str(n).encode()), ("bytes", b"\xff")))


@pytest.fixture(params=["memory", "kafka"])
async def open_topic(request: pytest.FixtureRequest, topics: Topics) -> AsyncIterator[TopicOpener]:
    """Opens clients of one and the same topic."""
    opened: list[Topic] = []
    if request.param == "memory":
        broker = Broker("notes.events", PARTITIONS)

        async def make() -> Topic:
            return MemoryTopic(broker)
    else:
        await provision(topics.brokers, "notes", prefix=topics.prefix, partitions=PARTITIONS)

        async def make() -> Topic:
            opened.append(await KafkaTopic.open(topics.brokers, "notes", topics.prefix))
            return opened[-1]

    yield make
    for topic in opened:
        await topic.close()


async def test_gives_back_what_was_sent_byte_for_byte_and_in_order(open_topic: TopicOpener) -> None:
    topic = await open_topic()
    sent = {0: [record(n) for n in range(5)], 2: [record(9)]}
    assert dict(await topic.send(sent)) == {0: 5, 2: 1}
    found = await topic.read(0, 0, 100)
    assert [(row.key, row.value, row.headers) for row in found] == [
        (row.key, row.value, row.headers) for row in sent[0]
    ]
    assert [row.offset for row in found] == [0, 1, 2, 3, 4]
    assert [row.value for row in await topic.read(2, 0, 100)] == [sent[2][0].value]


async def test_sends_more_than_one_request_can_hold_in_order(open_topic: TopicOpener) -> None:
    topic = await open_topic()
    large = [record(n, size=200_000) for n in range(12)]
    assert dict(await topic.send({1: large})) == {1: 12}
    assert [row.key for row in await topic.read(1, 0, 100)] == [row.key for row in large]


async def test_reads_from_an_offset_and_no_more_than_asked(open_topic: TopicOpener) -> None:
    topic = await open_topic()
    await topic.send({0: [record(n) for n in range(10)]})
    assert [row.offset for row in await topic.read(0, 4, 3)] == [4, 5, 6]
    assert await topic.read(0, 10, 3) == []


async def test_another_client_sees_what_the_first_sent(open_topic: TopicOpener) -> None:
    first, second = await open_topic(), await open_topic()
    await first.send({1: [record(1)]})
    assert dict(await second.end_offsets()) == {0: 0, 1: 1, 2: 0}
    assert second.partitions == PARTITIONS


async def test_takes_progress_records(open_topic: TopicOpener) -> None:
    topic = await open_topic()
    await topic.publish_progress(ProgressRecord("notes", 5, datetime.now(UTC), {0: 1, 1: 0, 2: 7}))


def test_a_progress_record_comes_back_as_it_was() -> None:
    progress = ProgressRecord("notes", 5, datetime.now(UTC), {0: 1, 2: 7}, {0: 2, 2: 5})
    assert ProgressRecord.from_bytes(progress.to_bytes()[1]) == progress


async def test_a_topic_that_nobody_made_is_unavailable(topics: Topics) -> None:
    with pytest.raises(TopicUnavailable):
        await KafkaTopic.open(topics.brokers, "nobody-made-this", topics.prefix)


async def test_provisioning_twice_is_harmless(topics: Topics) -> None:
    await provision(topics.brokers, "notes", prefix=topics.prefix, partitions=PARTITIONS)
    await provision(topics.brokers, "notes", prefix=topics.prefix, partitions=PARTITIONS)


async def test_refuses_a_topic_that_would_lose_events(topics: Topics) -> None:
    await topics.create("notes.events", settings={"retention.ms": "1000"})
    with pytest.raises(TopicMisconfigured, match=r"retention\.ms=1000"):
        await provision(topics.brokers, "notes", prefix=topics.prefix, partitions=PARTITIONS)


async def test_refuses_another_number_of_partitions(topics: Topics) -> None:
    await provision(topics.brokers, "notes", prefix=topics.prefix, partitions=PARTITIONS)
    with pytest.raises(TopicMisconfigured, match="3 partitions, not 4"):
        await provision(topics.brokers, "notes", prefix=topics.prefix, partitions=4)


async def test_closing_throws_away_what_the_broker_does_not_take(topics: Topics) -> None:
    """`stop` of an idempotent producer delivers first, for ever if need be; ours ends at once."""
    await provision(topics.brokers, "notes", prefix=topics.prefix, partitions=PARTITIONS)
    topic = await KafkaTopic.open(topics.brokers, "notes", topics.prefix)
    await topics.delete(f"{topics.prefix}notes.events")
    sending = await not_taken(topic)
    async with asyncio.timeout(5):
        await topic.close()
    with pytest.raises(SendFailed):
        await sending


async def not_taken(topic: KafkaTopic) -> asyncio.Task[Mapping[int, int]]:
    """The first batch without an answer: for a moment after it said that a topic is gone, the broker takes some."""
    while True:
        sending = asyncio.create_task(topic.send({0: [record(1)]}))
        await asyncio.wait([sending], timeout=0.2)
        if not sending.done() or sending.exception():
            return sending
