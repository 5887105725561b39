"""Looks after a session with the broker: lag, and positions that stand still although there is something to fetch."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import structlog
from aiokafka import TopicPartition

from shared.messaging import consumer_metrics as metrics
from shared.messaging.consumer import Consumer
from shared.messaging.going_on import GoingOn
from shared.messaging.intake import Pace
from shared.messaging.lag import lag_seconds
from shared.messaging.start_offsets import replaced_unseen
from shared.messaging.store import Place, Position
from shared.messaging.topic_peek import TopicPeek

log = structlog.get_logger(__name__)


class Watchdog:
    """aiokafka can hang after losing a broker, and is blind to a recreated topic: a new session heals both."""

    def __init__(self, consumer: Consumer, peek: TopicPeek, partitions: Sequence[TopicPartition], pace: Pace) -> None:
        self._consumer = consumer
        self._peek = peek
        self._places = {
            partition: Place(consumer.topics[partition.topic], partition.partition) for partition in partitions
        }
        self._pace = pace
        self._moved: dict[TopicPartition, tuple[int, float]] = {}

    async def watch(self, is_excused: Callable[[TopicPartition], bool]) -> str:
        """Until a new session is needed; says why. `is_excused`: a partition stands still for a known reason."""
        while True:
            await asyncio.sleep(self._pace.check_every)
            with GoingOn("cannot measure lag", consumer=self._consumer.name):
                if reason := await self._look(is_excused):
                    return reason
                continue
            # Nothing to fetch from, or nowhere to write: a new session would not do better.
            self._moved.clear()

    async def _look(self, is_excused: Callable[[TopicPartition], bool]) -> str | None:
        # In this order: an end is never behind a position that was read before it.
        positions = await self._consumer.store.positions(self._consumer.name)
        ends = await self._peek.ends(self._places)
        if await replaced_unseen(self._consumer, self._peek, ends, positions):
            return "topic recreated"
        return self._check(ends, positions, is_excused)

    def _check(
        self,
        ends: Mapping[TopicPartition, int],
        positions: Mapping[Place, Position],
        is_excused: Callable[[TopicPartition], bool],
    ) -> str | None:
        now = asyncio.get_running_loop().time()
        for partition, place in self._places.items():
            position = positions.get(place, Position())
            lag = ends[partition] - position.next_offset
            self._show(place, lag, position)
            if lag < 0:
                return "topic recreated"
            offset, since = self._moved.get(partition, (-1, now))
            if lag == 0 or offset != position.next_offset or is_excused(partition):
                self._moved[partition] = position.next_offset, now
            elif now - since >= self._pace.stalled_after:
                return "stalled"
        return None

    def _show(self, place: Place, lag: int, position: Position) -> None:
        labels = self._consumer.name, place.log_id, str(place.partition)
        metrics.LAG_EVENTS.labels(*labels).set(max(lag, 0))
        metrics.LAG_SECONDS.labels(*labels).set(lag_seconds(lag, position, datetime.now(UTC)))
