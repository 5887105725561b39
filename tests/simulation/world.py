"""What outlives every process of a run: databases, broker, clock; and what happens to them."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from shared.contracts.envelope import Metadata, RecordedEvent
from shared.eventstore import Append, MemoryLog
from shared.messaging.agreement import (
    LogAndTopicDisagree,
    LogBehindTopic,
    TopicBehindCheckpoint,
    check_agreement,
)
from shared.messaging.handler import Received
from shared.messaging.memory_relay_store import MemoryRelayStore
from shared.messaging.memory_store import MemoryStore
from shared.messaging.memory_topic import MemoryTopic
from shared.messaging.parking import redrive
from shared.messaging.recover import recover_from_topic, verify
from shared.messaging.relay_store import Checkpoint
from shared.messaging.store import HeldState
from tests.fixtures.notes import SOURCE, Keeper, Noted
from tests.simulation.ports import SimulatedBroker
from tests.simulation.schedule import Schedule

TOPIC = "notes.events"
PARTITIONS = 3
KEYS = 7
KEY_OF_NAMES = "names"
START = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass
class Backup:
    """A service's database as it was: log and checkpoint together."""

    rows: tuple[RecordedEvent, ...]
    checkpoint: Checkpoint


@dataclass
class World:
    """One service's log with its topic, and one consumer's database. Ids and times follow from the schedule's seed."""

    schedule: Schedule
    broker: SimulatedBroker = field(default_factory=lambda: SimulatedBroker(TOPIC, PARTITIONS))
    relays: MemoryRelayStore = field(default_factory=MemoryRelayStore)
    bad: set[str] = field(default_factory=lambda: {"bad"})
    refusal: LogAndTopicDisagree | None = None
    miscounted: int = 0  # refusals that named another number of events than were recovered

    def __post_init__(self) -> None:
        self._time = START
        self.store = MemoryStore(self.now)
        self.log = self._new_log()
        self.backup = Backup((), Checkpoint())

    def now(self) -> datetime:
        self._time += timedelta(seconds=1)
        return self._time

    async def rows(self) -> list[RecordedEvent]:
        return list(await self.log.read(after=0, limit=1_000_000))

    async def write(self) -> None:
        """A few events of one key. Some cannot be applied; some need a name, which a key of its own brings.

        One key for all names: two keys that wait for each other would wait for ever, whoever sends them.
        """
        random = self.schedule.random
        if random.random() < 0.2:
            await self._append(KEY_OF_NAMES, (Noted(text="name", brings=self._name()),))
            return
        await self._append(f"key-{random.randrange(KEYS)}", tuple(self._event() for _ in range(random.randrange(1, 4))))

    def _event(self) -> Noted:
        [kind] = self.schedule.random.choices(("plain", "bad", "needs"), (20, 1, 2))
        return Noted(text="bad" if kind == "bad" else "note", needs=self._name() if kind == "needs" else None)

    def _name(self) -> str:
        return f"name-{self.schedule.random.randrange(12)}"

    async def _append(self, key: str, events: tuple[Noted, ...]) -> None:
        stream = f"stream-{key}"
        version = len(await self.log.read_stream(stream))
        command, metadata = self._id(), Metadata(correlation_id=UUID(int=1), actor="office:1")
        await self.log.append(Append(stream, version, key, command, events, metadata))
        self.schedule.note(f"written: {len(events)} of {key}, head {await self.log.head()}")

    async def bring_what_is_needed(self) -> None:
        """Every name that something waits for is brought at last."""
        notes = [Noted.model_validate_json(row.data) for row in await self.rows()]
        missing = {note.needs for note in notes if note.needs} - {note.brings for note in notes}
        for name in sorted(missing):
            await self._append(KEY_OF_NAMES, (Noted(text="late", brings=name),))

    async def tell_progress(self) -> None:
        """The consumers' reader of the progress topic takes its last record."""
        if SOURCE in self.broker.progress:
            await self.store.record_progress(self.broker.progress[SOURCE])

    def deliver(self) -> None:
        """A batch whose sender gave up on it arrives after all, or is lost."""
        if self.broker.in_flight:
            partition, records = self.broker.in_flight.pop(self.schedule.random.randrange(len(self.broker.in_flight)))
            arrives = self.schedule.random.random() < 0.7
            self.schedule.note(f"late batch on {partition} {'arrives' if arrives else 'is lost'}")
            if arrives:
                self.broker.take(partition, records)

    async def back_up(self) -> None:
        self.backup = Backup(tuple(await self.rows()), self.relays.checkpoint)
        self.schedule.note(f"backup at {await self.log.head()}")

    async def restore(self) -> None:
        """The service's database as of the backup: its processes end, the operator recovers it before writes open.

        Only while the topic has everything that was sent: who loses both copies at once has lost events.
        """
        topic = MemoryTopic(self.broker)
        if not (await verify(self.log, topic, await self._most_seen())).is_copy:
            return
        await self.schedule.crash_all("relay")
        self.broker.in_flight.clear()
        self.relays.checkpoint = self.backup.checkpoint
        self.log = self._new_log()
        await self.log.restore(self.backup.rows)
        try:
            await check_agreement(self.log, topic, self.relays.checkpoint)
        except LogBehindTopic as refusal:
            recovered = await recover_from_topic(self.log, topic)
            self.schedule.note(f"restored, {recovered} events recovered")
            self.miscounted += recovered != refusal.events
        except TopicBehindCheckpoint as refusal:
            self.schedule.note(f"restored beside a younger topic: {refusal}")

    async def _most_seen(self) -> int:
        """The last position that a consumer has taken, applied or held, or that a relay has told of."""
        seen = [position.position for position in (await self.store.positions("keeper")).values()]
        told = self.broker.progress.get(SOURCE)
        return max([*seen, told.position if told else 0])

    def recreate_topic(self) -> bool:
        """An accident while relays run. Not before the first checkpoint, which is what tells of it."""
        if not self.relays.checkpoint.position:
            return False
        self.broker.recreate()
        self.schedule.note("topic made anew")
        return True

    async def mend(self) -> None:
        """What the refusal's text tells the operator to do."""
        refusal, self.refusal = self.refusal, None
        if refusal:
            assert isinstance(refusal, TopicBehindCheckpoint), f"nothing that happens here brings this about: {refusal}"
            await self.schedule.crash_all("relay")
            self.broker.recreate()
            await self.relays.reset()
            self.schedule.note("operator: topic made anew, log republished")

    async def redrive_one(self) -> None:
        parked = [key.of for _, key in await self.store.held_keys("keeper") if key.state is HeldState.PARKED]
        if parked:
            await redrive(self.store, self._operators_handler(), self.schedule.random.choice(sorted(parked)))

    def applied(self) -> dict[str, list[int]]:
        """Positions by key, in the order in which they were applied."""
        prefix = "applied "
        return {
            name.removeprefix(prefix): list(positions)
            for name, positions in self.store.effects.items()
            if name.startswith(prefix)
        }

    def _operators_handler(self) -> Keeper:
        keeper = Keeper(write=keep_position)
        keeper.bad = self.bad
        return keeper

    def _new_log(self) -> MemoryLog:
        return MemoryLog(SOURCE, clock=self.now, new_id=self._id)

    def _id(self) -> UUID:
        return UUID(int=self.schedule.random.getrandbits(128), version=4)


async def keep_position(tx: dict[str, list[Any]], received: Received) -> None:
    """The handler's effect: positions by key, and the names that are known."""
    tx.setdefault(f"applied {received.recorded.key}", []).append(received.recorded.position)
    if isinstance(received.event, Noted) and received.event.brings:
        tx.setdefault("known", []).append(received.event.brings)


def by_key(rows: list[RecordedEvent]) -> dict[str, list[int]]:
    found: defaultdict[str, list[int]] = defaultdict(list)
    for row in rows:
        found[row.key].append(row.position)
    return dict(found)
