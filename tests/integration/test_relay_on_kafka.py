"""The relay on real servers: a topic made anew is refused, and republished when the operator says so."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from shared.database.migrate import SHARED_MIGRATIONS
from shared.database.pool import Pool, open_pool
from shared.eventstore.postgres import PostgresLog
from shared.messaging.kafka_topic import KafkaTopic
from shared.messaging.postgres_relay_store import PostgresRelayStore
from shared.messaging.provision import provision
from shared.messaging.recover import recover_from_topic, verify
from shared.messaging.relay import Relay
from shared.messaging.topic import Topic
from tests.conformance.appends import append_of
from tests.fixtures.databases import DatabaseFactory
from tests.fixtures.topics import PARTITIONS, Topics
from tests.fixtures.waiting import eventually


@pytest.fixture
async def url(database: DatabaseFactory, topics: Topics) -> str:
    await provision(topics.brokers, "notes", prefix=topics.prefix, partitions=PARTITIONS)
    return await database(*SHARED_MIGRATIONS)


@pytest.fixture
async def pool(url: str) -> AsyncIterator[Pool]:
    pool = await open_pool(url)
    yield pool
    await pool.close()


@pytest.fixture
def log(pool: Pool) -> PostgresLog:
    return PostgresLog(pool, "notes")


@pytest.fixture
async def relay(log: PostgresLog, url: str, topics: Topics) -> AsyncIterator[Relay]:
    relay = Relay(log, PostgresRelayStore(url), lambda: open_topic(topics))
    running = asyncio.create_task(relay.run())
    yield relay
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def open_topic(topics: Topics) -> Topic:
    return await KafkaTopic.open(topics.brokers, "notes", topics.prefix)


async def fill(log: PostgresLog, count: int) -> None:
    head = await log.head()
    for n in range(head, head + count):
        await log.append(append_of(stream=f"stream-{n}", key=f"key-{n % 7}"))


async def until_relayed(relay: Relay, log: PostgresLog) -> None:
    async def relayed() -> bool:
        return relay.status.state == "relaying" and relay.status.position == await log.head()

    await eventually(relayed, "the relay is at the log's head", seconds=40)


async def is_copy(log: PostgresLog, topics: Topics) -> bool:
    topic = await open_topic(topics)
    try:
        return (await verify(log, topic, await log.head())).is_copy
    finally:
        await topic.close()


async def test_a_topic_made_anew_is_refused_until_the_log_is_republished(
    relay: Relay, log: PostgresLog, url: str, topics: Topics
) -> None:
    await fill(log, 20)
    await until_relayed(relay, log)
    await topics.delete(f"{topics.prefix}notes.events")
    await provision(topics.brokers, "notes", prefix=topics.prefix, partitions=PARTITIONS)
    await fill(log, 5)

    async def refused() -> bool:
        return relay.status.state == "refusing"

    await eventually(refused, "the relay refuses", seconds=40)
    assert "republish" in str(relay.status.problem)
    # What a relay sent before it noticed may stand first, so the topic is made anew once more, as the refusal says.
    await topics.delete(f"{topics.prefix}notes.events")
    await provision(topics.brokers, "notes", prefix=topics.prefix, partitions=PARTITIONS)
    await PostgresRelayStore(url).reset()
    await fill(log, 5)
    await until_relayed(relay, log)
    assert await is_copy(log, topics)


async def test_a_log_that_lost_its_last_commits_gets_them_back_from_its_topic(
    relay: Relay, log: PostgresLog, database: DatabaseFactory, topics: Topics
) -> None:
    await fill(log, 20)
    await until_relayed(relay, log)
    pool = await open_pool(await database(*SHARED_MIGRATIONS))
    try:
        restored = PostgresLog(pool, "notes")
        await restored.restore(await log.read(after=0, limit=12))
        topic = await open_topic(topics)
        assert await recover_from_topic(restored, topic) == 8
        await topic.close()
        assert await restored.read(after=0) == await log.read(after=0)
        await fill(restored, 1)
        assert await restored.head() > await log.head()
    finally:
        await pool.close()
