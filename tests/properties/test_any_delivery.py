"""However records come - in pieces, again, from further back, too far ahead - the effects are those of the log."""

import asyncio
from collections import defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.messaging.consumer import Consumer
from shared.messaging.memory_store import MemoryStore
from shared.messaging.parking import redrive
from shared.messaging.store import Place
from tests.fixtures.notes import SOURCE, Keeper, Noted, Notes, partition_of

KEYS = st.sampled_from(["a", "aa", "b", "ba"])
TEXTS = st.sampled_from(["good", "bad", "fine"])
# Where the next delivery begins, compared with where the consumer is, and how many records it has.
DELIVERIES = st.lists(st.tuples(st.integers(-4, 2), st.integers(1, 6)), max_size=12)


@settings(max_examples=200)
@given(st.lists(st.tuples(KEYS, TEXTS), min_size=1, max_size=20), DELIVERIES)
def test_any_delivery_gives_the_effects_of_the_log(written: list[tuple[str, str]], plan: list[tuple[int, int]]) -> None:
    asyncio.run(deliver(written, plan))


async def deliver(written: list[tuple[str, str]], plan: list[tuple[int, int]]) -> None:
    store, keeper, notes = MemoryStore(), Keeper(), Notes()
    consumer = Consumer(keeper, store, topics={notes.topic: SOURCE})
    expected: dict[str, list[str]] = defaultdict(list)
    for number, (key, text) in enumerate(written):
        unique = text if text == "bad" else f"{text} {number}"
        notes.add(key, Noted(text=unique))
        expected[key].append(unique)

    # The last delivery has everything, as a consumer that fetches again from a gap gets in the end.
    for shift, count in [*plan, (-100, 100)]:
        batch = []
        for partition, records in sorted(notes.records.items()):
            begin = max(0, await next_offset(store, partition) + shift)
            batch += records[begin : begin + count]
        if batch:
            await consumer.handle(batch)
    keeper.bad.clear()
    for _, held in await store.held_keys():
        await redrive(store, keeper, held.of)

    assert store.effects == expected
    for key in expected:
        assert await next_offset(store, partition_of(key)) == len(notes.records[partition_of(key)])


async def next_offset(store: MemoryStore, partition: int) -> int:
    at = (await store.positions("keeper")).get(Place(SOURCE, partition))
    return at.next_offset if at else 0
