"""Clients of a real broker that are cut short leave nothing open, and whoever is cancelled meanwhile learns of it."""

import asyncio
import gc
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.messaging.brokers import Brokers, start, stop
from shared.messaging.kafka_topic import SEND_SECONDS, KafkaTopic
from shared.messaging.progress import ProgressRecord
from shared.messaging.provision import provision
from shared.messaging.topic import SendFailed
from tests.fixtures.topics import Topics


async def test_whoever_is_cancelled_while_a_client_starts_leaves_no_connection_open(kafka_bootstrap: str) -> None:
    with warnings.catch_warnings(record=True) as complaints:
        warnings.simplefilter("always", ResourceWarning)
        for milliseconds in range(40):
            consumer = Brokers(kafka_bootstrap).consumer()
            starting = asyncio.create_task(start(consumer))
            await asyncio.sleep(milliseconds / 1000)
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            await stop(consumer)
        gc.collect()
    assert [str(each.message) for each in complaints] == []


@pytest.mark.parametrize("client", [Brokers.admin, Brokers.consumer])
async def test_a_cancellation_is_not_lost_while_a_client_stops(
    kafka_bootstrap: str, client: Callable[[Brokers], Any]
) -> None:
    for turns in range(10):
        stopped = client(Brokers(kafka_bootstrap))
        await start(stopped)
        stopping = asyncio.create_task(stop(stopped))
        for _ in range(turns):
            await asyncio.sleep(0)
        if stopping.cancel():
            await asyncio.wait([stopping])
            assert stopping.cancelled(), f"lost after {turns} turns"
        await stop(stopped)


async def test_a_topic_closes_while_a_record_is_on_its_way(topics: Topics) -> None:
    await provision(topics.brokers, "notes", prefix=topics.prefix)
    topic = await KafkaTopic.open(topics.brokers, "notes", topics.prefix)
    sending = asyncio.create_task(topic.publish_progress(ProgressRecord("notes", 0, datetime.now(UTC), {}, {})))
    while not topic._producer._sender._in_flight:  # noqa: ASYNC110 - aiokafka tells nobody
        await asyncio.sleep(0)
    async with asyncio.timeout(SEND_SECONDS - 5):  # after which a hanging request is left alone
        await topic.close()
    with pytest.raises(SendFailed):
        await sending
