"""The contract of the topics, as docs/integration.md gives it, and the consumer that it shows."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from samples.province.files import IMPORTS
from shared.contracts.catalogue import all_events
from shared.contracts.envelope import to_record
from shared.messaging.kafka_topic import KafkaTopic
from shared.messaging.postgres_relay_store import PostgresRelayStore
from shared.messaging.provision import provision
from shared.messaging.relay import Relay
from tests.fixtures.topics import PARTITIONS, Topics
from tests.fixtures.waiting import eventually
from tests.integration.membership.conftest import MACHINE, Sender
from tests.integration.membership.test_integration_guide import GUIDE, example

Applied = list[tuple[str, str, dict[str, Any]]]
Follow = Callable[..., Awaitable[None]]


@pytest.fixture
def follow() -> Follow:
    """The guide's consumer, as it stands."""
    written: dict[str, Any] = {}
    exec(compile(example("python"), "docs/integration.md", "exec"), written)
    found: Follow = written["follow"]
    return found


@pytest.fixture
async def topic(topics: Topics) -> str:
    await provision(topics.brokers, "membership", prefix=topics.prefix, partitions=PARTITIONS)
    return f"{topics.prefix}membership.events"


@asynccontextmanager
async def running(work: Awaitable[None]) -> AsyncIterator[None]:
    task = asyncio.ensure_future(work)
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_the_consumer_of_the_guide_applies_every_event_once_in_order_of_its_key(
    sender: Sender, topics: Topics, topic: str, follow: Follow
) -> None:
    for mapping, name in IMPORTS[:3]:
        await sender.applied(mapping, (sender.folder / name).read_bytes())
    log, url = sender.service.runtime.log, sender.service.runtime.settings.database_url
    relay = Relay(log, PostgresRelayStore(url), lambda: KafkaTopic.open(topics.brokers, "membership", topics.prefix))
    rows = await log.read(after=0, limit=await log.head())
    seen: dict[int, int] = {}
    applied: Applied = []

    async def all_applied() -> bool:
        return len(applied) >= len(rows)

    async with running(relay.run()):
        async with running(follow(topics.bootstrap, topic, seen, lambda *event: applied.append(event))):
            await eventually(all_applied, "everything applied", seconds=30)
        # Begun anew from the first offset, it knows what it has applied.
        async with running(follow(topics.bootstrap, topic, seen, lambda *event: applied.append(event))):
            [root, *_] = (await sender.get("/units")).json()
            body = {"name": "Tên mới", "effective_on": "2026-03-02"}
            await sender.service.post(f"/units/{root['unit_id']}/names", body, Authorization=MACHINE)
            rows = await log.read(after=0, limit=await log.head())
            await eventually(all_applied, "the new event applied", seconds=30)
    assert len(applied) == len(rows)
    for key in {row.key for row in rows}:
        told = [said for said, of, _ in applied if of == key]
        assert told == [f"{row.type}.v{row.schema_version}" for row in rows if row.key == key]


async def test_the_consumer_of_the_guide_stops_at_a_gap_and_applies_nothing_behind_it(
    sender: Sender, topics: Topics, topic: str, follow: Follow
) -> None:
    await sender.applied(IMPORTS[0][0], (sender.folder / IMPORTS[0][1]).read_bytes())
    [first, second, third, *_] = await sender.service.runtime.log.read(after=0)
    producer = AIOKafkaProducer(bootstrap_servers=topics.bootstrap, acks="all")
    await producer.start()
    for event, prev in ((first, 0), (third, second.position)):
        record = to_record(event, prev)
        await producer.send_and_wait(topic, record.value, key=record.key, partition=0, headers=list(record.headers))
    await producer.stop()
    applied: Applied = []
    async with asyncio.timeout(30):
        with pytest.raises(LookupError, match=f"partition 0: {second.position} is missing after {first.position}"):
            await follow(topics.bootstrap, topic, {}, lambda *event: applied.append(event))
    assert len(applied) == 1


def test_the_guide_names_every_public_event_and_no_other() -> None:
    [keys] = re.findall(r"\| topic \| key \| types \|\n(.*?)\n\n", GUIDE, re.DOTALL)
    public = {event.__name__ for _, event in all_events() if event.visibility == "public"}
    assert set(re.findall(r"`([A-Z]\w+)`", keys)) == public
