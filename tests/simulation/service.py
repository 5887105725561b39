"""What outlives the processes of one service: log, topic, tables; and what happens to them."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.contracts.envelope import Metadata, RecordedEvent
from shared.contracts.event import Event
from shared.eventstore import Append
from shared.messaging.agreement import LogAndTopicDisagree, LogBehindTopic, TopicBehindCheckpoint, check_agreement
from shared.messaging.memory_relay_store import MemoryRelayStore
from shared.messaging.memory_topic import MemoryTopic
from shared.messaging.recover import recover_from_topic, verify
from shared.messaging.relay_store import Checkpoint
from shared.messaging.topic import events_topic
from tests.simulation.broker import SimulatedBroker
from tests.simulation.databases import ServiceLog, ServiceStore
from tests.simulation.schedule import Schedule

PARTITIONS = 3


@dataclass
class Backup:
    """A service's database as it was: log, checkpoint and the consumers' tables together."""

    rows: list[RecordedEvent]
    checkpoint: Checkpoint
    tables: dict[str, Any]


class Service:
    """`refusal`: why its relay refuses to send. `torn`: its topic was made anew by accident, under running relays."""

    def __init__(self, name: str, schedule: Schedule, clock: Callable[[], datetime]) -> None:
        self.name = name
        self.broker = SimulatedBroker(events_topic(name), PARTITIONS)
        self.relays = MemoryRelayStore()
        self.store = ServiceStore(clock)
        self.refusal: LogAndTopicDisagree | None = None
        self.torn = False
        self.generation = 0  # of the topic
        self._schedule = schedule
        self._clock = clock
        self.log = self._new_log()
        self._backup = Backup([], Checkpoint(), self.store.image())

    def current_log(self) -> ServiceLog:
        return self.log

    async def rows(self) -> list[RecordedEvent]:
        return list(await self.log.read(after=0, limit=1_000_000))

    async def write(self, stream: str, key: str, *events: Event) -> None:
        """What a user's command appends."""
        version = len(await self.log.read_stream(stream))
        metadata = Metadata(correlation_id=UUID(int=1), actor="office:1")
        rows = await self.log.append(Append(stream, version, key, self._id(), events, metadata))
        positions = ", ".join(f"{row.position} {row.type}" for row in rows)
        self._schedule.note(f"a user writes to {self.name}, key {key[-4:]}: {positions}", "append")

    async def deliver(self) -> None:
        """A request whose process gave up on it is carried out after all, or is lost."""
        chance = self._schedule.random
        if self.broker.in_flight:
            partition, records = self.broker.in_flight.pop(chance.randrange(len(self.broker.in_flight)))
            arrives = chance.random() < 0.7
            self._schedule.note(
                f"a late request to {self.broker.name}/{partition} {'arrives' if arrives else 'is lost'}",
                "late request to the broker" if arrives else None,
            )
            if arrives:
                self.broker.take(partition, records)
        if self.log.in_flight:
            append = self.log.in_flight.pop(chance.randrange(len(self.log.in_flight)))
            done = await self.log.carry_out(append)
            said = "is carried out" if done else "is refused"
            self._schedule.note(f"a late append to {append.stream} {said}", f"late append {said}")

    async def back_up(self) -> None:
        if not self.store.in_transaction:
            self._backup = Backup(await self.rows(), self.relays.checkpoint, self.store.image())
            self._schedule.note(f"backup of {self.name} at {await self.log.head()}", "backup")

    async def restore(self, most_seen: int) -> None:
        """The database as of the backup: its processes end, the operator recovers the log before writes open.

        Only while the topic has everything that anybody has seen: who loses both copies at once has lost events.
        """
        topic = MemoryTopic(self.broker)
        if not (await verify(self.log, topic, most_seen)).is_copy:
            return
        await self._schedule.crash_all(f"{self.name}/")
        lost, self.log = await self.log.head() - len(self._backup.rows), self._new_log()
        self.broker.in_flight.clear()
        self.store.restore(self._backup.tables)
        self.relays.checkpoint = self._backup.checkpoint
        await self.log.restore(self._backup.rows)
        self._schedule.note(f"{self.name} is restored from its backup, {lost} events short", "database restored")
        try:
            await check_agreement(self.log, topic, self.relays.checkpoint)
        except LogBehindTopic as refusal:
            recovered = await recover_from_topic(self.log, topic)
            self._schedule.note(f"operator: log recover-from-topic, {recovered} events", "log recovered from its topic")
            if recovered != refusal.events:
                raise AssertionError(f"{refusal.events} were announced, {recovered} recovered") from refusal
        except TopicBehindCheckpoint as refusal:
            self._schedule.note(f"restored beside a younger topic: {refusal}")

    async def recreate_topic(self) -> None:
        """An accident while relays run. Not before the first checkpoint, which is what tells of it."""
        if self.relays.checkpoint.position:
            self._new_topic(torn=True)
            self._schedule.note(f"somebody deletes {self.broker.name} and makes it anew", "topic made anew")

    async def cut_topic(self) -> None:
        """Retention deletes the start of a partition, perhaps all of it."""
        partition = self._schedule.random.randrange(PARTITIONS)
        first, end = self.broker.first[partition], len(self.broker.records[partition])
        if end > first and self.relays.checkpoint.ends.get(partition, 0) > first:
            self.broker.first[partition] = self._schedule.random.randint(first + 1, end)
            at = self.broker.first[partition]
            self._schedule.note(f"{self.broker.name}/{partition} is cut up to offset {at} of {end}", "topic cut")

    async def mend(self) -> None:
        """What the refusal's text tells the operator to do."""
        refusal, self.refusal = self.refusal, None
        if refusal is None:
            if any(self.broker.first.values()):  # consumers cannot go on: the relays are restarted, to look at it
                await self._schedule.crash_all(f"{self.name}/relay")
            return
        assert isinstance(refusal, TopicBehindCheckpoint), f"nothing that happens here brings this about: {refusal}"
        await self._schedule.crash_all(f"{self.name}/relay")
        self._new_topic(torn=False)
        await self.relays.reset()
        self._schedule.note(f"operator: {self.broker.name} made anew, the log republished", "log republished")

    def _new_topic(self, *, torn: bool) -> None:
        self.broker.recreate()
        self.generation += 1
        self.torn = torn

    def _new_log(self) -> ServiceLog:
        return ServiceLog(self.name, clock=self._clock, new_id=self._id)

    def _id(self) -> UUID:
        return UUID(int=self._schedule.random.getrandbits(128), version=4)


def by_key(rows: list[RecordedEvent]) -> dict[str, list[int]]:
    found: defaultdict[str, list[int]] = defaultdict(list)
    for row in rows:
        found[row.key].append(row.position)
    return dict(found)
