"""A look at topics beside the subscription: how many partitions, where they end, which event stands at an offset."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import OffsetOutOfRangeError, for_code

from shared.contracts.envelope import FetchedRecord
from shared.messaging.brokers import Brokers, start, stop
from shared.messaging.kafka_topic import fetched

ANSWER_SECONDS = 10.0


class TopicPeek:
    """Every call raises KafkaError or TimeoutError when the broker does not answer."""

    def __init__(self, brokers: Brokers, consumer: Any) -> None:  # noqa: ANN401 - aiokafka is untyped
        self._brokers = brokers
        self._consumer = consumer
        self._reading = asyncio.Lock()

    @classmethod
    @asynccontextmanager
    async def open(cls, brokers: Brokers) -> AsyncIterator["TopicPeek"]:
        consumer = brokers.consumer(auto_offset_reset="none")
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await start(consumer)
            yield cls(brokers, consumer)
        finally:
            await stop(consumer)

    async def partitions(self, topics: Iterable[str]) -> list[TopicPartition]:
        """All partitions of `topics`. Raises UnknownTopicOrPartitionError if one is not provisioned yet."""
        # Asked of the broker each time: a consumer's own list knows only topics that it was given, as they once were.
        admin = self._brokers.admin()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await start(admin)
                described = await admin.describe_topics(sorted(topics))
        finally:
            await stop(admin)
        places: list[TopicPartition] = []
        for topic in described:
            if topic["error_code"] != 0:
                raise for_code(topic["error_code"])(f"topic {topic['topic']}")
            places.extend(TopicPartition(topic["topic"], found["partition"]) for found in topic["partitions"])
        return sorted(places)

    async def ends(self, places: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """By partition: one more than the last record's offset."""
        async with asyncio.timeout(ANSWER_SECONDS):
            ends: dict[TopicPartition, int] = await self._consumer.end_offsets(list(places))
        return ends

    async def record_at(self, place: TopicPartition, offset: int) -> FetchedRecord | None:
        """The record at exactly `offset`; None if the topic has none there."""
        if not offset < (await self.ends([place]))[place]:
            return None
        try:
            async with self._reading:
                self._consumer.assign([place])
                self._consumer.seek(place, offset)
                async with asyncio.timeout(ANSWER_SECONDS):
                    found = await self._consumer.getone(place)
        except OffsetOutOfRangeError:
            return None  # the topic begins later
        return fetched(found) if found.offset == offset else None
