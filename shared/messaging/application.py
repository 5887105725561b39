"""Applying events inside a transaction: all at once, or else one by one under savepoints. Says what failed and why."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from opentelemetry.trace import SpanKind

from shared.eventstore.command_handler import ConcurrentChange
from shared.eventstore.log import LogUnavailable
from shared.messaging.handler import Announces, EventHandler, NotYetKnown, Received
from shared.messaging.store import HeldKey, HeldState, KeyOf, StoreTransaction
from shared.observability.tracing import batch_span

MAX_REASON = 2000
# As many events as are tried one by one in one transaction.
ONE_BY_ONE = 500


@dataclass(slots=True)
class Applied:
    """What became of some events: those applied, in order, and the keys held from their first failed event on."""

    done: list[Received] = field(default_factory=list)
    failed: dict[KeyOf, HeldKey] = field(default_factory=dict)


class TooManyToTryEach(Exception):
    """An event of a large batch failed: which one is to be found in smaller transactions than this one."""


class Application:
    """The events of one transaction and one handler."""

    def __init__(self, handler: EventHandler, tx: StoreTransaction, is_transient: Callable[[Exception], bool]) -> None:
        self._handler = handler
        self._announces = handler.announces if isinstance(handler, Announces) else _nothing
        self._tx = tx
        self._is_transient = is_transient
        self._sees_all_names = False
        self._announced: set[str] = set()

    async def apply(self, batch: Sequence[Received]) -> Applied:
        """Effects of `batch`. Raises what is transient: then the whole transaction has to be repeated.

        Raises `TooManyToTryEach`, too: every failure would cost savepoints, while others wait for this transaction.
        """
        applied = Applied()
        if len(batch) > 1 and await self._apply_together(batch):
            applied.done.extend(batch)
            return applied
        if len(batch) > ONE_BY_ONE:
            raise TooManyToTryEach
        for received in batch:
            key = key_of(received)
            if key in applied.failed:
                continue  # order within a key: what comes later stays behind
            if (held := await self._apply_one(received)) is None:
                applied.done.append(received)
            else:
                applied.failed[key] = held
        # A name may have been announced after its key began to wait, but before that key has a row to be marked.
        applied.failed = {
            of: replace(key, ready=key.waits_for in self._announced) for of, key in applied.failed.items()
        }
        return applied

    def is_awaited_by(self, received: Received, held: HeldKey) -> bool:
        """Whether `received`, which must stay behind `held`, would itself bring the name that its key waits for."""
        try:
            return held.waits_for is not None and held.waits_for in self._announces(received)
        except Exception as error:
            if self._is_away(error):
                raise
            return False  # parks the key with this very error, once it is this event's turn

    async def _apply_together(self, batch: Sequence[Received]) -> bool:
        try:
            await self._apply_in_savepoint(batch)
        except Exception as error:
            if self._is_away(error):
                raise
            return False  # one by one, each error is met again and recorded with its own event
        return True

    async def _apply_one(self, received: Received) -> HeldKey | None:
        """None when applied, otherwise why its key is held."""
        try:
            await self._apply_in_savepoint([received])
        except NotYetKnown as missing:
            if missing.is_of(received.recorded):
                return held_key(key_of(received), received.partition, f"{missing}, and would come from this key itself")
            if not self._sees_all_names:
                # Its announcement may be committing at this moment: look again once nobody can announce unseen.
                await self._tx.lock_names(exclusive=True)
                self._sees_all_names = True
                return await self._apply_one(received)
            return held_key(key_of(received), received.partition, str(missing), waits_for=missing.name)
        except Exception as error:
            if self._is_away(error):
                raise
            return held_key(key_of(received), received.partition, f"{type(error).__name__}: {error}")
        return None

    async def _apply_in_savepoint(self, batch: Sequence[Received]) -> None:
        async with self._tx.savepoint():
            causes = (received.recorded.metadata.traceparent for received in batch)
            with batch_span(self._handler.name, SpanKind.CONSUMER, causes):
                await self._handler.apply(self._tx.handle, batch)
            names = {name for received in batch for name in self._announces(received)}
            if names:
                await self._tx.lock_names(exclusive=False)
                await self._tx.make_ready(names)
        self._announced |= names

    def _is_away(self, error: Exception) -> bool:
        return self._is_transient(error) or isinstance(error, LogUnavailable | ConcurrentChange)


def _nothing(_: Received) -> Iterable[str]:
    return ()


def key_of(received: Received) -> KeyOf:
    return KeyOf(received.recorded.log_id, received.recorded.key)


def held_key(of: KeyOf, partition: int, reason: str, waits_for: str | None = None) -> HeldKey:
    """A key that waits for a name or, without one, is parked; `reason` as a database can store it."""
    state = HeldState.WAITING if waits_for else HeldState.PARKED
    return HeldKey(of, partition, state, reason[:MAX_REASON].replace("\x00", "\ufffd"), waits_for)
