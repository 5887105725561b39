"""The port of a consumer's store: positions, held keys and their events, quarantine, all in the effects' transaction.

A key that waits or is parked is one `HeldKey`; its events, the first that could not be applied and every later one,
are `HeldEvent`s in position order. The row of the key is the lock between consumer and redrive.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol
from uuid import UUID

from shared.contracts.envelope import FetchedRecord
from shared.messaging.handler import Tx
from shared.messaging.progress import ProgressRecord


class Place(NamedTuple):
    """One partition of one log's topic. Sorts in the order in which positions are locked."""

    log_id: str
    partition: int


class KeyOf(NamedTuple):
    """A key of one log: what order is promised for."""

    log_id: str
    key: str


class Position(NamedTuple):
    """How far a consumer is on one partition.

    `position` (of the log, 0: nothing yet) alone decides duplicates. `next_offset` says where to fetch. The record at
    `last_offset` must still be the event `last_event_id`, otherwise this is another topic than before.
    """

    position: int = 0
    next_offset: int = 0
    last_offset: int | None = None
    last_event_id: UUID | None = None
    recorded_at: datetime | None = None


class HeldState(StrEnum):
    WAITING = "waiting"
    PARKED = "parked"


@dataclass(frozen=True, slots=True)
class HeldKey:
    """Why a key is held. `waits_for`: the name that releases it; `ready`: it was announced, so try again.

    `first_position`: of its first held event, where all keys are listed; events before it were applied.
    """

    of: KeyOf
    partition: int
    state: HeldState
    reason: str
    waits_for: str | None = None
    ready: bool = False
    since: datetime | None = None
    events: int = 0
    first_position: int | None = None


@dataclass(frozen=True, slots=True)
class HeldEvent:
    """An event that is not applied yet, as the record that was fetched: a later release may read it differently."""

    of: KeyOf
    position: int
    type: str
    record: FetchedRecord


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A record whose source or place in the log cannot be read, or which does not belong where it was found."""

    record: FetchedRecord
    reason: str
    quarantined_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """Recent declared events and how many of them failed, older ones fading out. For the stop rule."""

    declared: float = 0.0
    failed: float = 0.0


@dataclass(frozen=True, slots=True)
class Watermark:
    """Everything up to `position` of a log was seen by `time`; only what belongs to `held_keys` is not applied."""

    position: int
    time: datetime
    held_keys: frozenset[str]


@dataclass(frozen=True, slots=True)
class Stopped:
    """The consumer takes nothing more, because too many events failed."""

    since: datetime
    reason: str


class StoreTransaction(Protocol):
    """Everything in it happens, or nothing. Only one transaction at a time holds a given position or key."""

    @property
    def handle(self) -> Tx:
        """What handlers get as `tx`: the asyncpg connection, or a dict in memory. Rolled back with the rest."""

    def savepoint(self) -> AbstractAsyncContextManager[None]:
        """What is done inside is undone if it ends with an error."""

    async def lock_positions(self, consumer: str, places: Collection[Place]) -> Mapping[Place, Position]:
        """The positions of `places`, locked in sorted order; new ones start at 0."""

    async def save_positions(self, consumer: str, positions: Mapping[Place, Position]) -> None: ...

    async def lock_keys(self, consumer: str, keys: Collection[KeyOf]) -> Mapping[KeyOf, HeldKey]:
        """Those of `keys` that are held, locked in sorted order. `events` is their number now."""

    async def put_key(self, consumer: str, key: HeldKey) -> None:
        """Holds a key, or says anew why it is held; `since` stays that of the first time."""

    async def drop_key(self, consumer: str, key: KeyOf) -> None:
        """Lets a key go; it must have no held events left."""

    async def hold(self, consumer: str, events: Sequence[HeldEvent]) -> None:
        """Adds events to their keys, which must be held."""

    async def held_events(self, consumer: str, key: KeyOf, *, limit: int) -> Sequence[HeldEvent]:
        """The first held events of a key, in position order."""

    async def drop_events(self, consumer: str, key: KeyOf, positions: Collection[int]) -> None: ...

    async def lock_names(self, *, exclusive: bool) -> None:
        """Between who finds a name missing (exclusive) and who announces one (shared), until the transaction ends.

        Without it, each could miss the other's uncommitted row, and the key would wait for ever.
        """

    async def make_ready(self, names: Collection[str]) -> int:
        """Marks the keys, of any consumer of this database, that wait for one of `names`; how many."""

    async def ready_keys(self, consumer: str, *, limit: int) -> Sequence[HeldKey]:
        """Locked keys whose name was announced; those that another transaction has locked are left out."""

    async def quarantine(self, consumer: str, records: Sequence[Quarantined]) -> int:
        """Keeps the records; how many of them were new."""

    async def count_ignored(self, consumer: str, counts: Mapping[tuple[str, str], int]) -> None:
        """Adds to the counters of (log id, event type)."""

    async def tally(self, consumer: str, *, declared: int, failed: int, window: int) -> Tally:
        """Adds to the consumer's recent events, of which about `window` are remembered; the tally after it."""


class Store(Protocol):
    """A service's own database, as its consumers see it."""

    def transaction(self) -> AbstractAsyncContextManager[StoreTransaction]:
        """Commits at the end of the block, rolls back if it ends with an error."""

    def is_transient(self, error: Exception) -> bool:
        """Whether waiting and repeating helps: the database is away, a deadlock was broken."""

    async def positions(self, consumer: str) -> Mapping[Place, Position]: ...

    async def start_over(self, consumer: str, place: Place) -> None:
        """The topic is another one than before: fetch it from 0. The position stays, and filters what was applied."""

    async def set_stopped(self, consumer: str, reason: str | None) -> None:
        """Says that the consumer is stopped, or (None) that it goes on."""

    async def stopped(self, consumer: str) -> Stopped | None: ...

    async def held_keys(self, consumer: str | None = None) -> Sequence[tuple[str, HeldKey]]:
        """(consumer, key) for all keys that wait or are parked, oldest first."""

    async def quarantined(self, consumer: str | None = None) -> Sequence[tuple[str, Quarantined]]:
        """(consumer, record), newest first, at most 1,000; the records without key, value and headers.

        Who looks sees places and reasons: a record that nobody could read may hold anything, of any size.
        """

    async def count_quarantined(self, consumer: str) -> int: ...

    async def ignored(self, consumer: str) -> Mapping[tuple[str, str], int]:
        """How often each (log id, event type) was ignored."""

    async def record_progress(self, progress: ProgressRecord, consumers: Collection[str] | None = None) -> None:
        """Keeps what a relay said until the `consumers` have passed it (None: all that were ever here)."""

    async def latest_progress(self, log_id: str) -> ProgressRecord | None: ...

    async def watermark(self, consumer: str, log_id: str) -> Watermark | None:
        """The newest progress that the consumer has passed, and the keys held now; None before the first."""
