"""A topic with its faults: requests that arrive late or never, answers that are lost, a topic made anew or cut."""

from collections.abc import Iterable, Mapping, Sequence

from aiokafka import TopicPartition

from shared.contracts.envelope import FetchedRecord, Record
from shared.messaging.memory_topic import Broker, MemoryTopic
from shared.messaging.progress import ProgressRecord
from shared.messaging.topic import SendFailed, commands
from tests.simulation.schedule import Crashed, Schedule


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
        self.first.clear()

    def has(self, partition: int, offset: int) -> bool:
        """Whether one may fetch from `offset`: it is in range."""
        return self.first[partition] <= offset <= len(self.records[partition])


class GatedTopic(MemoryTopic):
    """One client of the broker. A failed send may have arrived, may be lost, or may arrive later."""

    def __init__(self, actor: str, schedule: Schedule, broker: SimulatedBroker) -> None:
        super().__init__(broker)
        self._actor = actor
        self._schedule = schedule
        self._simulated = broker

    async def send(self, batches: Mapping[int, Sequence[Record]]) -> Mapping[int, int]:
        """Partitions go side by side in any order; within one, each command waits for the answer to the one before."""
        waiting = {
            partition: list(commands(records)) if self._schedule.faults else [records]
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
                self._simulated.in_flight.append((partition, records))

    async def _request(self, partition: int, records: Sequence[Record]) -> int:
        positions = ", ".join(dict(record.headers)["ce_sequence"].decode() for record in records)
        try:
            await self._schedule.gate(self._actor, f"sends {positions} to partition {partition}")
        except Crashed:
            self._simulated.in_flight.append((partition, records))
            raise
        if self._schedule.happens(0.02):
            self._simulated.in_flight.append((partition, records))
            self._schedule.note(f"{self._actor} gets no answer: on its way, or lost", "send without an answer")
            raise SendFailed("no answer: on its way, or lost")
        self._simulated.take(partition, records)
        if self._schedule.happens(0.02):
            self._schedule.note(f"{self._actor} gets no answer: it arrived", "send without an answer")
            raise SendFailed("the answer was lost")
        return len(self._simulated.records[partition])

    async def publish_progress(self, progress: ProgressRecord) -> None:
        await self._schedule.gate(self._actor, f"tells progress {progress.position}")
        if self._schedule.happens(0.02):
            raise SendFailed("no answer to a progress record")
        await super().publish_progress(progress)


class MemoryPeek:
    """What `StartOffsets` looks at, without Kafka."""

    def __init__(self, brokers: Iterable[SimulatedBroker]) -> None:
        self._brokers = {broker.name: broker for broker in brokers}

    async def partitions(self, topics: Iterable[str]) -> list[TopicPartition]:
        return [
            TopicPartition(topic, partition)
            for topic in sorted(topics)
            for partition in range(self._brokers[topic].partitions)
        ]

    async def ends(self, places: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        return {place: len(self._brokers[place.topic].records[place.partition]) for place in places}

    async def record_at(self, place: TopicPartition, offset: int) -> FetchedRecord | None:
        found = self._brokers[place.topic].kept(place.partition, offset, 1)
        return found[0] if found and found[0].offset == offset else None
