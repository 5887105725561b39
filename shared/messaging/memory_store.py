"""A consumer's store in memory: the double that passes the same conformance suite as PostgreSQL."""

import asyncio
import copy
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from shared.contracts.envelope import FetchedRecord
from shared.messaging.progress import ProgressRecord
from shared.messaging.store import (
    HeldEvent,
    HeldKey,
    KeyOf,
    Place,
    Position,
    Quarantined,
    Stopped,
    StoreTransaction,
    Tally,
    Watermark,
)
from shared.messaging.watermark import passed


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class _Tables:
    positions: dict[tuple[str, Place], Position] = field(default_factory=dict)
    keys: dict[tuple[str, KeyOf], HeldKey] = field(default_factory=dict)
    events: dict[tuple[str, KeyOf], dict[int, HeldEvent]] = field(default_factory=dict)
    quarantined: dict[tuple[str, FetchedRecord], Quarantined] = field(default_factory=dict)
    ignored: dict[tuple[str, str, str], int] = field(default_factory=dict)
    tallies: dict[str, Tally] = field(default_factory=dict)
    effects: dict[Any, Any] = field(default_factory=dict)

    def key(self, consumer: str, key: KeyOf) -> HeldKey:
        events = self.events[consumer, key]
        return replace(self.keys[consumer, key], events=len(events), first_position=min(events, default=None))


class MemoryTransaction:
    """A `StoreTransaction` over tables that are copied back when it, or a savepoint in it, ends with an error."""

    def __init__(self, tables: _Tables, clock: Callable[[], datetime]) -> None:
        self._tables = tables
        self._clock = clock

    @property
    def handle(self) -> dict[Any, Any]:
        return self._tables.effects

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        # The tables hold frozen values in dicts; only `effects` may nest, so it alone is copied deeply.
        saved = {name: dict(table) for name, table in vars(self._tables).items()}
        saved["events"] = {key: dict(events) for key, events in self._tables.events.items()}
        saved["effects"] = copy.deepcopy(self._tables.effects)
        try:
            yield
        except BaseException:
            for name, table in saved.items():
                current = getattr(self._tables, name)
                current.clear()
                current.update(table)
            raise

    async def lock_positions(self, consumer: str, places: Collection[Place]) -> Mapping[Place, Position]:
        return {
            place: self._tables.positions.setdefault((consumer, place), Position()) for place in sorted(set(places))
        }

    async def save_positions(self, consumer: str, positions: Mapping[Place, Position]) -> None:
        self._tables.positions.update({(consumer, place): position for place, position in positions.items()})

    async def lock_keys(self, consumer: str, keys: Collection[KeyOf]) -> Mapping[KeyOf, HeldKey]:
        return {
            key: self._tables.key(consumer, key) for key in sorted(set(keys)) if (consumer, key) in self._tables.keys
        }

    async def put_key(self, consumer: str, key: HeldKey) -> None:
        before = self._tables.keys.get((consumer, key.of))
        since = before.since if before else self._clock()
        self._tables.keys[consumer, key.of] = replace(key, since=since, events=0)
        self._tables.events.setdefault((consumer, key.of), {})

    async def drop_key(self, consumer: str, key: KeyOf) -> None:
        if self._tables.events[consumer, key]:
            raise ValueError(f"{key} still has held events")
        del self._tables.events[consumer, key]
        del self._tables.keys[consumer, key]

    async def hold(self, consumer: str, events: Sequence[HeldEvent]) -> None:
        for event in events:
            self._tables.events[consumer, event.of][event.position] = event

    async def held_events(self, consumer: str, key: KeyOf, *, limit: int) -> Sequence[HeldEvent]:
        events = self._tables.events.get((consumer, key), {})
        return [events[position] for position in sorted(events)][:limit]

    async def drop_events(self, consumer: str, key: KeyOf, positions: Collection[int]) -> None:
        for position in positions:
            del self._tables.events[consumer, key][position]

    async def lock_names(self, *, exclusive: bool) -> None:
        """Nothing to do: transactions of this double run one after the other."""

    async def make_ready(self, names: Collection[str]) -> int:
        waiting = [at for at, key in self._tables.keys.items() if key.waits_for in names and not key.ready]
        self._tables.keys.update({at: replace(self._tables.keys[at], ready=True) for at in waiting})
        return len(waiting)

    async def ready_keys(self, consumer: str, *, limit: int) -> Sequence[HeldKey]:
        ready = [key.of for (name, _), key in self._tables.keys.items() if name == consumer and key.ready]
        return [self._tables.key(consumer, key) for key in sorted(ready)[:limit]]

    async def quarantine(self, consumer: str, records: Sequence[Quarantined]) -> int:
        before = len(self._tables.quarantined)
        for item in records:
            self._tables.quarantined.setdefault((consumer, item.record), replace(item, quarantined_at=self._clock()))
        return len(self._tables.quarantined) - before

    async def count_ignored(self, consumer: str, counts: Mapping[tuple[str, str], int]) -> None:
        for (log_id, name), count in counts.items():
            at = (consumer, log_id, name)
            self._tables.ignored[at] = self._tables.ignored.get(at, 0) + count

    async def tally(self, consumer: str, *, declared: int, failed: int, window: int) -> Tally:
        before = self._tables.tallies.get(consumer, Tally())
        kept = max(0.0, 1.0 - declared / window)
        after = Tally(before.declared * kept + declared, before.failed * kept + failed)
        self._tables.tallies[consumer] = after
        return after


class MemoryStore:
    """Everything that `Store` promises, until the process ends. `effects` is what handlers wrote."""

    def __init__(self, clock: Callable[[], datetime] = _now) -> None:
        self._tables = _Tables()
        self._clock = clock
        self._stopped: dict[str, Stopped] = {}
        self._progress: dict[str, list[ProgressRecord]] = {}
        self._turn = asyncio.Lock()

    @property
    def effects(self) -> dict[Any, Any]:
        return self._tables.effects

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[StoreTransaction]:
        async with self._turn:
            transaction = MemoryTransaction(self._tables, self._clock)
            async with transaction.savepoint():
                yield transaction

    def is_transient(self, error: Exception) -> bool:
        return isinstance(error, OSError)

    async def positions(self, consumer: str) -> Mapping[Place, Position]:
        return {place: position for (name, place), position in self._tables.positions.items() if name == consumer}

    async def start_over(self, consumer: str, place: Place) -> None:
        if before := self._tables.positions.get((consumer, place)):
            over = before._replace(next_offset=0, last_offset=None, last_event_id=None)
            self._tables.positions[consumer, place] = over

    async def set_stopped(self, consumer: str, reason: str | None) -> None:
        if reason is None:
            self._stopped.pop(consumer, None)
        else:
            since = self._stopped[consumer].since if consumer in self._stopped else self._clock()
            self._stopped[consumer] = Stopped(since, reason)

    async def stopped(self, consumer: str) -> Stopped | None:
        return self._stopped.get(consumer)

    async def held_keys(self, consumer: str | None = None) -> Sequence[tuple[str, HeldKey]]:
        return [(name, self._tables.key(name, key)) for name, key in self._tables.keys if consumer in (None, name)]

    async def quarantined(self, consumer: str | None = None) -> Sequence[tuple[str, Quarantined]]:
        found = [
            (name, replace(item, record=replace(item.record, key=None, value=None, headers=())))
            for (name, _), item in self._tables.quarantined.items()
            if consumer in (None, name)
        ]
        return found[::-1][:1000]

    async def count_quarantined(self, consumer: str) -> int:
        return sum(1 for name, _ in self._tables.quarantined if name == consumer)

    async def ignored(self, consumer: str) -> Mapping[tuple[str, str], int]:
        return {(log, kind): n for (name, log, kind), n in self._tables.ignored.items() if name == consumer}

    async def record_progress(self, progress: ProgressRecord, consumers: Collection[str] | None = None) -> None:  # noqa: ARG002
        self._progress.setdefault(progress.log_id, []).append(progress)

    async def latest_progress(self, log_id: str) -> ProgressRecord | None:
        known = self._progress.get(log_id)
        return known[-1] if known else None

    async def watermark(self, consumer: str, log_id: str) -> Watermark | None:
        positions = {
            place.partition: position
            for place, position in (await self.positions(consumer)).items()
            if place.log_id == log_id
        }
        reached = [record for record in self._progress.get(log_id, []) if passed(record, positions)]
        if not reached:
            return None
        keys = frozenset(key.of.key for _, key in await self.held_keys(consumer) if key.of.log_id == log_id)
        newest = max(reached, key=lambda record: (record.position, record.time))
        return Watermark(newest.position, newest.time, keys)
