"""Where to fetch each partition from: the consumer's own offset, if the topic is still the one that it counted on."""

from collections import Counter
from collections.abc import Mapping

import structlog
from aiokafka import TopicPartition

from shared.contracts.envelope import FetchedRecord
from shared.messaging.consumer import Consumer
from shared.messaging.store import Place, Position
from shared.messaging.topic_peek import TopicPeek

log = structlog.get_logger(__name__)


class StartOffsets:
    """aiokafka has no topic ids, so a recreated topic is told by the record before the consumer's offset."""

    def __init__(self, consumer: Consumer, peek: TopicPeek) -> None:
        self._consumer = consumer
        self._peek = peek
        self._gaps: Counter[Place] = Counter()

    async def find_all(self) -> dict[TopicPartition, int]:
        """For every partition of the consumer's topics. Raises what `TopicPeek` and the store raise."""
        positions = await self._consumer.store.positions(self._consumer.name)
        starts = {}
        for partition in await self._peek.partitions(self._consumer.topics):
            place = Place(self._consumer.topics[partition.topic], partition.partition)
            starts[partition] = await self._find(partition, place, positions.get(place, Position()))
        return starts

    async def after_gap(self, partition: TopicPartition, place: Place) -> tuple[int, int]:
        """Where to fetch again, and how many gaps in a row this one is. The second time, everything is fetched."""
        self._gaps[place] += 1
        if self._gaps[place] == 2:
            await self._consumer.store.start_over(self._consumer.name, place)
        positions = await self._consumer.store.positions(self._consumer.name)
        return await self._find(partition, place, positions.get(place, Position())), self._gaps[place]

    def passed(self, place: Place) -> None:
        """Records of this partition were taken without a gap."""
        del self._gaps[place]

    async def _find(self, partition: TopicPartition, place: Place, position: Position) -> int:
        if position.next_offset == 0:
            return 0
        if await still_stands(self._peek, partition, position):
            return position.next_offset
        log.error(
            "the topic is not the one that was read before: fetching it from its start",
            consumer=self._consumer.name,
            topic=partition.topic,
            partition=partition.partition,
            next_offset=position.next_offset,
        )
        await self._consumer.store.start_over(self._consumer.name, place)
        return 0


async def still_stands(peek: TopicPeek, partition: TopicPartition, position: Position) -> bool:
    """Whether the topic has the consumer's last event where it was read. Raises what `TopicPeek` raises."""
    if position.last_offset is None:
        return False
    before = await peek.record_at(partition, position.last_offset)
    return before is not None and _event_id(before) == str(position.last_event_id).encode()


async def replaced_unseen(
    consumer: Consumer, peek: TopicPeek, ends: Mapping[TopicPartition, int], positions: Mapping[Place, Position]
) -> bool:
    """Whether a topic was made anew and is as long as the old one: at its end, but without what the relay sent to it.

    `positions` were read before `ends`. What the relay says may be younger: so the last event is looked for.
    """
    said = {log_id: await consumer.store.latest_progress(log_id) for log_id in consumer.topics.values()}
    for partition, end in ends.items():
        place = Place(consumer.topics[partition.topic], partition.partition)
        position = positions.get(place, Position())
        if end and end == position.next_offset:
            progress = said[place.log_id]
            sent = progress.last.get(place.partition, 0) if progress else 0
            if sent > position.position and not await still_stands(peek, partition, position):
                return True
    return False


def _event_id(record: FetchedRecord) -> bytes | None:
    return dict(record.headers).get("ce_id")
