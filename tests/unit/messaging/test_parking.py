"""Held keys going on: in order, each event once, and a rehearsal that leaves nothing."""

from collections.abc import Sequence

import pytest

from shared.contracts.event import EventTypes
from shared.messaging.consumer import Consumer
from shared.messaging.handler import Received, Tx
from shared.messaging.memory_store import MemoryStore
from shared.messaging.parking import CHUNK, NotHeld, dry_run, redrive
from shared.messaging.store import HeldState, KeyOf
from tests.fixtures.notes import SOURCE, Keeper, Noted, Notes

A = KeyOf(SOURCE, "a")


class Outer:
    """A reaction: what it does lies outside the transaction."""

    name = "outer"
    sources = (SOURCE,)

    def __init__(self) -> None:
        self.done: list[str] = []
        self.types = EventTypes([Noted])
        self.repaired = False

    async def apply(self, tx: Tx, batch: Sequence[Received]) -> None:  # noqa: ARG002
        if not self.repaired:
            raise RuntimeError("broken")
        self.done.extend(received.recorded.type for received in batch)


async def park(consumer: Consumer, notes: Notes, *texts: str) -> None:
    await consumer.handle([notes.add("a", Noted(text=text)) for text in texts])


async def test_applies_in_order_and_lets_the_key_go(
    consumer: Consumer, store: MemoryStore, keeper: Keeper, notes: Notes
) -> None:
    await park(consumer, notes, "bad", "second", "third")
    keeper.bad.clear()

    done = await redrive(store, keeper, A)

    assert (done.applied, done.still_held) == (3, None)
    assert store.effects["a"] == ["bad", "second", "third"]
    assert await store.held_keys() == []
    assert (await consumer.handle([notes.add("a")])).applied == 1


async def test_takes_a_long_queue_in_several_transactions(
    consumer: Consumer, store: MemoryStore, keeper: Keeper, notes: Notes
) -> None:
    texts = ["bad", *(str(n) for n in range(2 * CHUNK))]
    await park(consumer, notes, *texts)
    keeper.bad.clear()

    done = await redrive(store, keeper, A)

    assert done.applied == 2 * CHUNK + 1
    assert store.effects["a"] == texts


async def test_stays_held_from_the_event_that_fails_again(
    consumer: Consumer, store: MemoryStore, keeper: Keeper, notes: Notes
) -> None:
    await park(consumer, notes, "bad", "second", "worse", "fourth")
    keeper.bad = {"worse"}

    done = await redrive(store, keeper, A)

    assert done.applied == 2
    assert done.still_held is not None
    assert "worse" in done.still_held.reason
    ((_, key),) = await store.held_keys()
    assert (key.state, key.events) == (HeldState.PARKED, 2)
    assert store.effects["a"] == ["bad", "second"]


async def test_stays_held_at_an_event_that_still_cannot_be_read(
    consumer: Consumer, store: MemoryStore, keeper: Keeper, notes: Notes
) -> None:
    await park(consumer, notes, "bad")
    await consumer.handle([notes.add("a", data="not json"), notes.add("a")])
    keeper.bad.clear()

    done = await redrive(store, keeper, A)

    assert done.applied == 1
    ((_, key),) = await store.held_keys()
    assert (key.state, key.events) == (HeldState.PARKED, 2)


async def test_drops_events_that_this_release_no_longer_declares(
    consumer: Consumer, store: MemoryStore, keeper: Keeper, notes: Notes
) -> None:
    await park(consumer, notes, "bad", "second")
    keeper.types = EventTypes([])

    done = await redrive(store, keeper, A)

    assert (done.applied, done.still_held) == (0, None)
    assert await store.held_keys() == []


async def test_refuses_a_key_that_is_not_held(store: MemoryStore, keeper: Keeper) -> None:
    with pytest.raises(NotHeld):
        await redrive(store, keeper, A)
    with pytest.raises(NotHeld):
        await dry_run(store, keeper, A)


async def test_a_dry_run_shows_which_figures_would_change_and_changes_nothing(
    consumer: Consumer, store: MemoryStore, keeper: Keeper, notes: Notes
) -> None:
    await park(consumer, notes, "good", "bad", "third", "worse")
    keeper.bad = {"worse"}

    rehearsed = await dry_run(store, keeper, A)

    assert rehearsed.tried
    assert rehearsed.redriven.applied == 2
    assert rehearsed.redriven.still_held is not None
    assert rehearsed.changes == {"a": (1, 3)}
    assert store.effects["a"] == ["good"]
    ((_, key),) = await store.held_keys()
    assert key.events == 3


async def test_a_dry_run_never_calls_a_handler_whose_effects_cannot_be_rolled_back(
    store: MemoryStore, notes: Notes
) -> None:
    outer = Outer()
    consumer = Consumer(outer, store, topics={"notes.events": SOURCE})
    await consumer.handle([notes.add("a"), notes.add("a")])
    outer.repaired = True

    rehearsed = await dry_run(store, outer, A)

    assert not rehearsed.tried
    assert rehearsed.redriven.applied == 2
    assert outer.done == []
