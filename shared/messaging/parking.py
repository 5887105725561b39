"""Held keys going on: released by the name they waited for, or by a redrive; and a rehearsal of the latter."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import structlog

from shared.advance import Advance, unseen
from shared.contracts.envelope import UnreadableRecord
from shared.contracts.event import UndecodableEvent, UnknownEventType
from shared.messaging.application import Application, held_key
from shared.messaging.arrival import read
from shared.messaging.handler import EventHandler, Received, Rehearsable
from shared.messaging.reading import decode
from shared.messaging.store import HeldEvent, HeldKey, KeyOf, Store, StoreTransaction

log = structlog.get_logger(__name__)

CHUNK = 200


class NotHeld(LookupError):
    """The key neither waits nor is parked at this consumer."""


@dataclass(frozen=True, slots=True)
class Redriven:
    """`applied` events; if `still_held` is set, the next one failed for its reason and the key stays held."""

    of: KeyOf
    applied: int
    still_held: HeldKey | None


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What a redrive would do. `changes`: figure -> (now, then). `tried` is False for handlers with outer effects:
    their events were decoded only.
    """

    redriven: Redriven
    tried: bool
    changes: Mapping[str, tuple[object, object]] = field(default_factory=dict)


async def redrive(store: Store, handler: EventHandler, of: KeyOf, advance: Advance = unseen) -> Redriven:
    """Applies the held events of a key in order, each exactly once, and unparks it in its last event's transaction.

    Raises `NotHeld`, and what is transient: repeating it then goes on where it ended.
    """
    applied = 0
    while True:
        async with store.transaction() as tx:
            key = await _lock(tx, handler, of)
            part = await _replay(store, tx, handler, key)
        applied += part.applied
        advance(part.applied)
        if part.still_held or part.finished:
            log.info("redriven", consumer=handler.name, key=of, applied=applied, still_held=part.still_held)
            return Redriven(of, applied, part.still_held)


async def release_next(store: Store, handler: EventHandler) -> bool:
    """Goes on with one key whose name was announced; False if there is none."""
    async with store.transaction() as tx:
        ready = await tx.ready_keys(handler.name, limit=1)
        for key in ready:
            await _replay(store, tx, handler, key)
    return bool(ready)


async def dry_run(store: Store, handler: EventHandler, of: KeyOf, advance: Advance = unseen) -> Rehearsed:
    """What `redrive` would do, in a transaction that is rolled back. Raises `NotHeld` and what is transient."""
    async with _rolled_back(store) as tx:
        return await _rehearse(store, tx, handler, await _lock(tx, handler, of), advance)


class _RolledBack(Exception):
    """Ends a rehearsal."""


@asynccontextmanager
async def _rolled_back(store: Store) -> AsyncIterator[StoreTransaction]:
    with suppress(_RolledBack):
        async with store.transaction() as tx:
            yield tx
            raise _RolledBack


@dataclass(frozen=True, slots=True)
class _Part:
    applied: int
    still_held: HeldKey | None
    finished: bool


async def _lock(tx: StoreTransaction, handler: EventHandler, of: KeyOf) -> HeldKey:
    keys = await tx.lock_keys(handler.name, [of])
    if of not in keys:
        raise NotHeld(f"{of.log_id} {of.key} is not held at {handler.name}: `parked list` shows what is")
    return keys[of]


async def _replay(store: Store, tx: StoreTransaction, handler: EventHandler, key: HeldKey) -> _Part:
    """The next held events of a locked key. New ones cannot come in between: they need the same lock."""
    events = await tx.held_events(handler.name, key.of, limit=CHUNK)
    application = Application(handler, tx, store.is_transient)
    batch, failure = _decode(handler, key, events)
    applied = await application.apply(batch)
    if key.of in applied.failed:
        failure = batch[len(applied.done)].recorded.position, applied.failed[key.of]
    passed = [event.position for event in events if failure is None or event.position < failure[0]]
    await tx.drop_events(handler.name, key.of, passed)
    finished = failure is None and len(events) == key.events
    if failure:
        await tx.put_key(handler.name, failure[1])
    elif finished:
        await tx.drop_key(handler.name, key.of)
    return _Part(len(applied.done), failure and failure[1], finished)


def _decode(
    handler: EventHandler, key: HeldKey, events: Sequence[HeldEvent]
) -> tuple[list[Received], tuple[int, HeldKey] | None]:
    """The events up to the first that cannot be read; that one's position, and why its key stays held."""
    batch: list[Received] = []
    for event in events:
        try:
            batch.append(decode(handler, read(event.record)))
        except UnknownEventType:
            continue  # held by a release that declared it, ignored by this one
        except (UndecodableEvent, UnreadableRecord) as error:
            return batch, (event.position, held_key(key.of, key.partition, str(error)))
    return batch, None


async def _rehearse(
    store: Store, tx: StoreTransaction, handler: EventHandler, key: HeldKey, advance: Advance
) -> Rehearsed:
    events = await tx.held_events(handler.name, key.of, limit=key.events)
    batch, undecodable = _decode(handler, key, events)
    if not isinstance(handler, Rehearsable):
        return Rehearsed(Redriven(key.of, len(batch), undecodable[1] if undecodable else None), tried=False)
    before = await handler.figures(tx.handle, batch)
    applied = 0
    part = _Part(0, None, finished=False)
    while not (part.finished or part.still_held):
        part = await _replay(store, tx, handler, await _lock(tx, handler, key.of))
        applied += part.applied
        advance(part.applied)
    after = await handler.figures(tx.handle, batch)
    names = sorted({*before, *after})
    changes = {name: (before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)}
    return Rehearsed(Redriven(key.of, applied, part.still_held), tried=True, changes=changes)
