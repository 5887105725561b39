"""The one way from a command to events: replay check, state, decision, append, and again after a conflict."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

from shared.contracts.envelope import RecordedEvent
from shared.contracts.event import Event, EventTypes
from shared.decider import Decider, DomainError
from shared.eventstore.claims import ClaimChange
from shared.eventstore.context import Context
from shared.eventstore.log import Append, CommandRecorded, Log, Text, VersionConflict

C = TypeVar("C")
S = TypeVar("S")

ATTEMPTS = 5


class CommandReused(DomainError):
    """The Idempotency-Key was used before, for another body or another stream."""

    problem = "idempotency-key-reused"
    status = 422


class ConcurrentChange(DomainError):
    """Others changed the stream at every attempt: look at it again and repeat."""

    problem = "concurrent-change"
    status = 409


def no_claims(_: Event) -> Iterable[ClaimChange]:
    return ()


def never(_: object) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Aggregate(Generic[C, S]):
    """A decider with the event types of its streams.

    `claims`: what an event takes or lets go over several streams. `commutes`: commands that are right in any order
    (a check-in), so that a conflict is only ever a reason to try again. `restates`: commands that say what is known
    elsewhere, silent where that is known here: one that comes again is decided again, since after a restore the stream
    may have gone on, or the local tables back, and the first answer may have been given knowing less.
    """

    decider: Decider[C, S]
    types: EventTypes
    claims: Callable[[Event], Iterable[ClaimChange]] = no_claims
    commutes: Callable[[C], bool] = never
    restates: Callable[[C], bool] = never


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a command did. `version` is the stream's after it; `position` that of its last event, None if unchanged."""

    stream: str
    version: int
    position: int | None
    changed: bool
    events: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Known(Generic[S]):
    state: S
    version: int
    key: str | None


class CommandHandler(Generic[C, S]):
    """Handles the commands of one kind of stream. Keep one per process and aggregate: it holds queues and states."""

    def __init__(self, log: Log, aggregate: Aggregate[C, S], *, cached_streams: int = 4096) -> None:
        self._log = log
        self._aggregate = aggregate
        self._cached_streams = cached_streams
        self._cache: OrderedDict[str, _Known[S]] = OrderedDict()
        self._queues: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def handle(
        self, command: C, *, stream: str, key: str, context: Context, texts: Sequence[Text] = ()
    ) -> Receipt:
        """Decides and records; a repeated command gives its first answer.

        `key` is used if `stream` does not exist yet; a stream keeps the key of its first event for life. Raises the
        decider's errors, `CommandReused`, `ConcurrentChange`, `ClaimTaken`, `AppendRefused`, `LogUnavailable`.
        """
        async with self._queue(stream):
            attempt = 0
            while True:
                attempt += 1
                try:
                    return await self._attempt(command, stream, key, context, tuple(texts))
                except CommandRecorded as recorded:
                    return _repeated(recorded.rows, stream, context)
                except VersionConflict as conflict:
                    if attempt >= ATTEMPTS and not self._aggregate.commutes(command):
                        raise ConcurrentChange(
                            f"{stream} đang được người khác sửa: hãy xem lại rồi thử lại."
                        ) from conflict

    async def state(self, stream: str) -> tuple[S, int]:
        """State and version of `stream` now; the decider's initial state and 0 if it does not exist."""
        known = await self._load(stream)
        return known.state, known.version

    async def _attempt(self, command: C, stream: str, key: str, context: Context, texts: tuple[Text, ...]) -> Receipt:
        # State first, command id second: if another process records this very command in between, it is found here or
        # refused by the append, and the decision never sees its own events as somebody else's. The append looks for
        # the id itself, under the log's lock, so only a decision that appends nothing has to ask.
        known = await self._load(stream)
        if restates := self._aggregate.restates(command):
            context = context.part(f"version:{known.version}")
        try:
            events = tuple(self._aggregate.decider.decide(command, known.state))
        except DomainError:
            if first := await self._remembered(stream, context):
                return first
            raise
        if not events:
            unchanged = Receipt(stream, known.version, position=None, changed=False, events=())
            return unchanged if restates else await self._remembered(stream, context) or unchanged
        append = Append(
            stream=stream,
            expected_version=known.version,
            key=known.key or key,
            command_id=context.command_id,
            events=events,
            metadata=context.metadata,
            texts=texts,
            claims=tuple(change for event in events for change in self._aggregate.claims(event)),
        )
        return first_answer(await self._log.append(append))

    async def _remembered(self, stream: str, context: Context) -> Receipt | None:
        rows = await self._log.find_command(context.command_id)
        return _repeated(rows, stream, context) if rows else None

    async def _load(self, stream: str) -> _Known[S]:
        # The tail is always read, and what we append ourselves comes back with it: the cache is a prefix of the log.
        known = self._cache.get(stream) or _Known(self._aggregate.decider.initial, 0, None)
        rows = await self._log.read_stream(stream, after_version=known.version)
        if rows:
            events = (self._aggregate.types.decode(row.type, row.schema_version, row.data) for row in rows)
            state = self._aggregate.decider.fold(events, known.state)
            known = _Known(state, rows[-1].version, known.key or rows[0].key)
        self._remember(stream, known)
        return known

    def _remember(self, stream: str, known: _Known[S]) -> None:
        self._cache[stream] = known
        self._cache.move_to_end(stream)
        if len(self._cache) > self._cached_streams:
            self._cache.popitem(last=False)

    def _queue(self, stream: str) -> asyncio.Lock:
        # Held weakly: a queue lives as long as somebody stands in it.
        return self._queues.setdefault(stream, asyncio.Lock())


def first_answer(rows: Sequence[RecordedEvent]) -> Receipt:
    """What the command that recorded `rows` was answered."""
    last = rows[-1]
    return Receipt(last.stream, last.version, last.position, changed=True, events=tuple(row.type for row in rows))


def _repeated(rows: Sequence[RecordedEvent], stream: str, context: Context) -> Receipt:
    if rows[0].stream != stream or not context.recorded(rows):
        raise CommandReused("Idempotency-Key này đã dùng cho một yêu cầu khác: hãy dùng mã mới.")
    return first_answer(rows)
