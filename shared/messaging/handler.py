"""What a consumer calls: a handler declares sources and event types, and turns received events into effects."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol, TypeAlias, runtime_checkable

from shared.contracts.envelope import RecordedEvent
from shared.contracts.event import Event, EventTypes

# An asyncpg connection inside the consumer's transaction; a dict in the double. The core knows neither.
Tx: TypeAlias = Any


class Received(NamedTuple):
    """An event of a declared type, decoded and upcast, with the place where it was fetched.

    `sent_at`: when its relay sent it, None if that is not known (any more).
    """

    recorded: RecordedEvent
    event: Event
    partition: int
    offset: int
    sent_at: datetime | None = None


class NotYetKnown(Exception):
    """The event names something that this service has not learned yet: its key waits until the name is announced.

    `name`: as some handler of this service announces it, e.g. "unit:<id>". `source` and `key`, if the handler knows
    them: log id and key of the event that will make it known. An event that names something unknown of its own key
    is parked: what comes later of that key could never overtake it.
    """

    def __init__(self, name: str, *, source: str | None = None, key: str | None = None) -> None:
        super().__init__(f"{name} is not yet known here")
        self.name = name
        self.source = source
        self.key = key

    def is_of(self, recorded: RecordedEvent) -> bool:
        """Whether the missing name would come from the very key that now would have to wait for it."""
        return (self.source, self.key) == (recorded.log_id, recorded.key)


class UnknownConsumer(LookupError):
    """The service has no consumer of that name; the text names those that it has."""


class EventHandler(Protocol):
    """A projection (events to read tables) or a reaction (events to commands)."""

    @property
    def name(self) -> str:
        """The consumer's name, unique in the service's database: its positions are kept under it, for ever."""

    @property
    def sources(self) -> tuple[str, ...]:
        """Services whose topics it reads."""

    @property
    def types(self) -> EventTypes:
        """The types that it declares; all others are ignored and counted."""

    async def apply(self, tx: Tx, batch: Sequence[Received]) -> None:
        """Effects of `batch`, in order; `tx` is the consumer's transaction (an asyncpg connection).

        All of one call or nothing: after an error the batch is tried again one by one, each under a savepoint.
        Raises `NotYetKnown` to wait; errors that say "away for a while" (database, log) are tried again; any other
        parks the event's key. A reaction does not use `tx`: its command ids make repetition harmless.
        """


@runtime_checkable
class Announces(Protocol):
    """A handler by whose events names become known that handlers of this database may wait for (`NotYetKnown`)."""

    def announces(self, received: Received) -> Iterable[str]:
        """Names that are known once `received` is applied; every consumer of this database that waits goes on."""


@runtime_checkable
class TakesMany(Protocol):
    """A handler that is cheaper the more it takes at once. One transaction, of which others wait for the end."""

    @property
    def max_records(self) -> int:
        """In a batch, when so many are there to be fetched."""


@runtime_checkable
class Rehearsable(Protocol):
    """A handler whose effects are all in `tx`, so that a dry run can apply, look, and roll back. Never a reaction."""

    async def figures(self, tx: Tx, batch: Sequence[Received]) -> Mapping[str, object]:
        """The figures that `batch` can change, by name, as they are in `tx` now."""
