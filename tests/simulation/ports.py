"""The doubles with gates and faults: each call can be the last one, and its answer can be lost on the way."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager

from aiokafka import TopicPartition

from shared.contracts.envelope import FetchedRecord, Record, RecordedEvent
from shared.eventstore import MemoryLog
from shared.messaging.memory_relay_store import MemoryRelayStore
from shared.messaging.memory_topic import Broker, MemoryTopic
from shared.messaging.progress import ProgressRecord
from shared.messaging.relay_store import Checkpoint, Leadership, SessionLost
from shared.messaging.topic import SendFailed
from tests.simulation.schedule import Crashed, Schedule

BATCH = 5  # a relay's batch
REQUEST = 2  # records of one partition that go to the broker at once


class SimulatedBroker(Broker):
    """`in_flight`: batches whose sender has given up on them; each may still arrive."""

    def __init__(self, name: str, partitions: int) -> None:
        super().__init__(name, partitions)
        self.in_flight: list[tuple[int, Sequence[Record]]] = []

    def take(self, partition: int, records: Sequence[Record]) -> None:
        for record in records:
            self.append(partition, record)

    def recreate(self) -> None:
        """The progress topic stays, and says what was true of the topic before."""
        self.records.clear()
        self.in_flight.clear()


class GatedLog(MemoryLog):
    """A service's log as one process sees it, which reads only."""

    def __init__(self, actor: str, schedule: Schedule, log: MemoryLog) -> None:
        super().__init__(log.log_id)
        self._actor = actor
        self._schedule = schedule
        self._log = log

    async def read(self, *, after: int, limit: int = 1000) -> Sequence[RecordedEvent]:
        await self._schedule.gate(self._actor, "log.read")
        return await self._log.read(after=after, limit=min(limit, BATCH))

    async def head(self) -> int:
        return await self._log.head()


class GatedTopic:
    """One client of the broker. A failed send may have arrived, may be lost, or may arrive later."""

    def __init__(self, actor: str, schedule: Schedule, broker: SimulatedBroker) -> None:
        self._actor = actor
        self._schedule = schedule
        self._broker = broker
        self._plain = MemoryTopic(broker)

    @property
    def name(self) -> str:
        return self._broker.name

    @property
    def partitions(self) -> int:
        return self._broker.partitions

    async def send(self, batches: Mapping[int, Sequence[Record]]) -> Mapping[int, int]:
        """Partitions go side by side in any order; within one, a request waits for the answer to the one before."""
        waiting = {
            partition: [records[start : start + REQUEST] for start in range(0, len(records), REQUEST)]
            for partition, records in batches.items()
        }
        ends: dict[int, int] = {}
        while waiting:
            partition = self._schedule.random.choice(sorted(waiting))
            try:
                ends[partition] = await self._request(partition, waiting[partition][0])
            except (Crashed, SendFailed):
                self._on_its_way({other: requests[0] for other, requests in waiting.items() if other != partition})
                raise
            waiting[partition].pop(0)
            waiting = {other: requests for other, requests in waiting.items() if requests}
        return ends

    def _on_its_way(self, requests: Mapping[int, Sequence[Record]]) -> None:
        for partition, records in requests.items():
            if self._schedule.happens(0.5):
                self._broker.in_flight.append((partition, records))

    async def _request(self, partition: int, records: Sequence[Record]) -> int:
        try:
            await self._schedule.gate(self._actor, f"send {partition}")
        except Crashed:
            self._broker.in_flight.append((partition, records))
            raise
        if self._schedule.happens(0.02):
            self._broker.in_flight.append((partition, records))
            raise SendFailed("no answer: on its way, or lost")
        self._broker.take(partition, records)
        if self._schedule.happens(0.02):
            raise SendFailed("the answer was lost")
        return len(self._broker.records[partition])

    async def publish_progress(self, progress: ProgressRecord) -> None:
        await self._schedule.gate(self._actor, "progress")
        if self._schedule.happens(0.02):
            raise SendFailed("no answer to a progress record")
        await self._plain.publish_progress(progress)

    async def end_offsets(self) -> Mapping[int, int]:
        return await self._plain.end_offsets()

    async def read(self, partition: int, offset: int, limit: int) -> Sequence[FetchedRecord]:
        return await self._plain.read(partition, offset, limit)

    async def close(self) -> None:
        await self._plain.close()


class GatedRelayStore:
    """The relay's database as one process sees it."""

    def __init__(self, actor: str, schedule: Schedule, store: MemoryRelayStore) -> None:
        self._actor = actor
        self._schedule = schedule
        self._store = store

    @asynccontextmanager
    async def lead(self) -> AsyncIterator[Leadership | None]:
        await self._schedule.gate(self._actor, "elect")
        async with self._store.lead() as leadership:
            yield GatedLeadership(self._actor, self._schedule, self._store, leadership) if leadership else None

    async def reset(self) -> None:
        await self._store.reset()


class MemoryPeek:
    """What `StartOffsets` looks at, without Kafka."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    async def partitions(self, topics: Iterable[str]) -> list[TopicPartition]:
        return [TopicPartition(topic, partition) for topic in topics for partition in range(self._broker.partitions)]

    async def record_at(self, place: TopicPartition, offset: int) -> FetchedRecord | None:
        records = self._broker.records[place.partition]
        return records[offset] if offset < len(records) else None


class GatedLeadership:
    """A leadership that may end without the leader's noticing, until its next call to the database."""

    def __init__(self, actor: str, schedule: Schedule, store: MemoryRelayStore, leadership: Leadership) -> None:
        self._actor = actor
        self._schedule = schedule
        self._store = store
        self._leadership = leadership
        self.epoch = leadership.epoch

    async def checkpoint(self) -> Checkpoint:
        await self._schedule.gate(self._actor, "checkpoint")
        return await self._leadership.checkpoint()

    async def advance(self, checkpoint: Checkpoint) -> None:
        await self._schedule.gate(self._actor, "advance")
        await self._leadership.advance(checkpoint)
        if self._schedule.happens(0.02):
            raise SessionLost("the answer to the commit was lost")

    async def wait(self, seconds: float) -> None:  # noqa: ARG002 - time passes as the schedule says
        await self._schedule.gate(self._actor, "wait")
        if self._store.locked_by != self.epoch and (self._schedule.happens(0.5) or not self._schedule.faults):
            raise SessionLost("the session has ended")
