"""What every consumer's store promises: the double in memory and PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from shared.contracts.envelope import FetchedRecord
from shared.database.pool import open_pool
from shared.eventstore.statements import MIGRATIONS as EVENTSTORE_MIGRATIONS
from shared.messaging.memory_store import MemoryStore
from shared.messaging.postgres_store import MIGRATIONS, PostgresStore
from shared.messaging.progress import ProgressRecord
from shared.messaging.store import (
    HeldEvent,
    HeldKey,
    HeldState,
    KeyOf,
    Place,
    Position,
    Quarantined,
    Store,
    StoreTransaction,
    Tally,
)
from tests.fixtures.databases import DatabaseFactory

NOW = datetime(2026, 3, 1, tzinfo=UTC)
A, B = KeyOf("notes", "a"), KeyOf("notes", "b")
P0, P1 = Place("notes", 0), Place("notes", 1)


@pytest.fixture(params=["memory", "postgres"])
async def store(request: pytest.FixtureRequest, database: DatabaseFactory) -> AsyncIterator[Store]:
    if request.param == "memory":
        yield MemoryStore()
        return
    pool = await open_pool(await database(EVENTSTORE_MIGRATIONS, MIGRATIONS))
    yield PostgresStore(pool)
    await pool.close()


def record(offset: int, value: bytes | None = b"\x00\xff", key: bytes | None = b"a") -> FetchedRecord:
    headers = (("ce_id", b"\xfe"), ("ce_id", b"twice"), ("bare", None))
    return FetchedRecord("notes.events", 0, offset, key, value, headers)  # type: ignore[arg-type]


def parked(of: KeyOf) -> HeldKey:
    return HeldKey(of, 0, HeldState.PARKED, "broken")


def waiting(of: KeyOf, name: str) -> HeldKey:
    return HeldKey(of, 0, HeldState.WAITING, f"{name} is not known", waits_for=name)


async def hold(store: Store, consumer: str, key: HeldKey, positions: Sequence[int] = (1,)) -> None:
    async with store.transaction() as tx:
        await tx.put_key(consumer, key)
        await tx.hold(consumer, [HeldEvent(key.of, position, "Noted", record(position)) for position in positions])


async def held(store: Store, consumer: str | None = None) -> list[tuple[str, KeyOf, int]]:
    return [(name, key.of, key.events) for name, key in await store.held_keys(consumer)]


async def test_a_new_place_starts_at_nothing(store: Store) -> None:
    async with store.transaction() as tx:
        assert await tx.lock_positions("c", {P1, P0}) == {P0: Position(), P1: Position()}


async def test_positions_are_kept_as_saved_per_consumer(store: Store) -> None:
    moved = Position(9, 5, 4, UUID(int=9), NOW)
    async with store.transaction() as tx:
        await tx.lock_positions("c", [P0, P1])
        await tx.lock_positions("other", [P0])
        await tx.save_positions("c", {P1: moved})

    assert await store.positions("c") == {P0: Position(), P1: moved}
    assert await store.positions("other") == {P0: Position()}


async def test_starting_over_keeps_the_position_alone(store: Store) -> None:
    async with store.transaction() as tx:
        await tx.lock_positions("c", [P0])
        await tx.save_positions("c", {P0: Position(9, 5, 4, UUID(int=9), NOW)})

    await store.start_over("c", P0)

    assert await store.positions("c") == {P0: Position(9, 0, None, None, NOW)}


async def test_a_transaction_that_fails_leaves_nothing(store: Store) -> None:
    with pytest.raises(RuntimeError):  # noqa: PT012 - the error must end the block
        async with store.transaction() as tx:
            await tx.lock_positions("c", [P0])
            await tx.put_key("c", parked(A))
            await tx.quarantine("c", [Quarantined(record(1), "?")])
            await tx.count_ignored("c", {("notes", "Scribbled"): 1})
            raise RuntimeError

    assert await store.positions("c") == {}
    assert await store.held_keys() == []
    assert await store.quarantined() == []
    assert await store.ignored("c") == {}


async def test_a_savepoint_that_fails_undoes_its_part_alone(store: Store) -> None:
    async def fail(tx: StoreTransaction) -> None:
        async with tx.savepoint():
            await tx.put_key("c", parked(B))
            raise RuntimeError

    async with store.transaction() as tx:
        await tx.put_key("c", parked(A))
        with pytest.raises(RuntimeError):
            await fail(tx)

    assert await held(store) == [("c", A, 0)]


async def test_a_held_event_comes_back_byte_for_byte_in_order(store: Store) -> None:
    events = [
        HeldEvent(A, 7, "Noted", record(2, value=None, key=None)),
        HeldEvent(A, 3, "Noted", record(1, value=b"x" * 2_000_000)),
    ]
    async with store.transaction() as tx:
        await tx.put_key("c", parked(A))
        await tx.hold("c", events)

    async with store.transaction() as tx:
        assert await tx.held_events("c", A, limit=9) == events[::-1]
        assert await tx.held_events("c", A, limit=1) == events[1:]
        assert await tx.held_events("other", A, limit=9) == []


async def test_locking_keys_finds_those_that_are_held_with_their_number_of_events(store: Store) -> None:
    await hold(store, "c", waiting(A, "unit:1"), positions=(1, 2))

    async with store.transaction() as tx:
        found = await tx.lock_keys("c", [B, A])

    assert list(found) == [A]
    assert (found[A].events, found[A].waits_for, found[A].ready) == (2, "unit:1", False)
    assert found[A].since is not None


async def test_a_key_held_for_another_reason_is_held_since_the_first(store: Store) -> None:
    await hold(store, "c", waiting(A, "unit:1"))
    ((_, before),) = await store.held_keys()

    await hold(store, "c", parked(A), positions=[2])

    ((_, after),) = await store.held_keys()
    assert (after.state, after.waits_for, after.since) == (HeldState.PARKED, None, before.since)


async def test_a_key_cannot_be_dropped_before_its_events(store: Store) -> None:
    await hold(store, "c", parked(A), positions=[1, 2])

    with pytest.raises(Exception, match=r"held_event|held events"):  # noqa: PT012 - the error must end the block
        async with store.transaction() as tx:
            await tx.drop_events("c", A, [1])
            await tx.drop_key("c", A)

    async with store.transaction() as tx:
        await tx.drop_events("c", A, [1, 2])
        await tx.drop_key("c", A)
    assert await held(store) == []


async def test_a_name_makes_the_keys_of_every_consumer_ready(store: Store) -> None:
    await hold(store, "c", waiting(A, "unit:1"))
    await hold(store, "c", waiting(B, "unit:2"))
    await hold(store, "d", waiting(B, "unit:1"))
    await hold(store, "e", parked(A))

    async with store.transaction() as tx:
        await tx.lock_names(exclusive=False)
        assert await tx.make_ready({"unit:1", "unit:9"}) == 2
        assert await tx.make_ready({"unit:1"}) == 0

    async with store.transaction() as tx:
        assert [key.of for key in await tx.ready_keys("c", limit=9)] == [A]
        assert [key.of for key in await tx.ready_keys("d", limit=9)] == [B]
        assert await tx.ready_keys("e", limit=9) == []


async def test_quarantine_keeps_a_record_once_and_tells_two_topics_apart(store: Store) -> None:
    recreated = record(1, value=b"of the topic that came after")
    async with store.transaction() as tx:
        assert await tx.quarantine("c", [Quarantined(record(1), "no position")]) == 1
    async with store.transaction() as tx:
        again = [Quarantined(record(1), "still \x00"), Quarantined(recreated, "no position")]
        assert await tx.quarantine("c", again) == 1

    kept = await store.quarantined("c")
    assert [(item.record.offset, item.reason) for _, item in kept] == [(1, "no position"), (1, "no position")]
    assert await store.count_quarantined("c") == 2
    assert (await store.quarantined("other"), await store.count_quarantined("other")) == ([], 0)


async def test_who_lists_the_quarantine_sees_places_and_no_bodies(store: Store) -> None:
    async with store.transaction() as tx:
        await tx.quarantine("c", [Quarantined(record(7, value=b"a name, perhaps"), "no position")])

    ((_, kept),) = await store.quarantined()
    assert kept.record == FetchedRecord("notes.events", 0, 7, None, None, ())


async def test_ignored_events_are_counted_by_source_and_type(store: Store) -> None:
    for _ in range(2):
        async with store.transaction() as tx:
            await tx.count_ignored("c", {("notes", "Scribbled"): 3, ("notes", "Drawn"): 1})

    assert await store.ignored("c") == {("notes", "Scribbled"): 6, ("notes", "Drawn"): 2}


async def test_the_tally_lets_old_events_fade(store: Store) -> None:
    async with store.transaction() as tx:
        assert await tx.tally("c", declared=10, failed=4, window=100) == Tally(10, 4)
        assert await tx.tally("c", declared=50, failed=0, window=100) == Tally(55, 2)
        assert await tx.tally("c", declared=500, failed=1, window=100) == Tally(500, 1)


async def test_stopped_since_the_first_time_until_it_goes_on(store: Store) -> None:
    assert await store.stopped("c") is None
    await store.set_stopped("c", "too many")
    first = await store.stopped("c")
    await store.set_stopped("c", "still too many")
    second = await store.stopped("c")
    await store.set_stopped("c", None)

    assert first is not None
    assert second is not None
    assert (second.since, second.reason) == (first.since, "still too many")
    assert await store.stopped("c") is None


async def test_one_transaction_at_a_time_holds_a_position(store: Store) -> None:
    await at(store, "c", {P0: Position(), P1: Position()})
    locked = asyncio.Event()

    async def other() -> int:
        await locked.wait()
        async with store.transaction() as tx:
            return (await tx.lock_positions("c", [P1, P0]))[P0].position

    waiting = asyncio.create_task(other())
    async with store.transaction() as tx:
        await tx.lock_positions("c", [P0])
        locked.set()
        done, _ = await asyncio.wait([waiting], timeout=0.2)
        assert not done
        await tx.save_positions("c", {P0: Position(1)})

    assert await waiting == 1


async def test_one_transaction_at_a_time_holds_a_key(store: Store) -> None:
    await hold(store, "c", parked(A))
    locked = asyncio.Event()

    async def other() -> object:
        await locked.wait()
        async with store.transaction() as tx:
            return await tx.lock_keys("c", [A])

    waiting = asyncio.create_task(other())
    async with store.transaction() as tx:
        await tx.lock_keys("c", [A])
        locked.set()
        done, _ = await asyncio.wait([waiting], timeout=0.2)
        assert not done
        await tx.drop_events("c", A, [1])
        await tx.drop_key("c", A)

    assert await waiting == {}


def progress(position: int, ends: dict[int, int], seconds: int = 0) -> ProgressRecord:
    return ProgressRecord("notes", position, NOW + timedelta(seconds=seconds), ends)


async def at(store: Store, consumer: str, positions: dict[Place, Position]) -> None:
    async with store.transaction() as tx:
        await tx.lock_positions(consumer, positions)
        await tx.save_positions(consumer, positions)


class TestWatermark:
    """Never more than what the consumer has passed on every partition."""

    async def test_is_unknown_before_the_first_progress_is_passed(self, store: Store) -> None:
        await store.record_progress(progress(5, {0: 2, 1: 3}))
        await at(store, "c", {P0: Position(5, 2), P1: Position(4, 2)})

        assert await store.watermark("c", "notes") is None
        assert await store.latest_progress("notes") == progress(5, {0: 2, 1: 3})

    async def test_is_the_newest_progress_passed_on_all_partitions(self, store: Store) -> None:
        await at(store, "c", {P0: Position(5, 2), P1: Position(4, 3)})
        await store.record_progress(progress(5, {0: 2, 1: 3, 2: 0}, seconds=1))
        await store.record_progress(progress(5, {0: 2, 1: 3, 2: 0}, seconds=2))
        await store.record_progress(progress(8, {0: 3, 1: 4}, seconds=3))

        mark = await store.watermark("c", "notes")
        assert mark is not None
        assert (mark.position, mark.time) == (5, NOW + timedelta(seconds=2))
        assert await store.watermark("late", "notes") is None

    async def test_does_not_believe_offsets_that_another_topic_had(self, store: Store) -> None:
        """Recreated, it holds repeats: partition 0 is at offset 9 before its event 10, and partition 1 is further."""
        await at(store, "c", {P0: Position(9, 10), P1: Position(11, 3)})
        said = replace(progress(10, {0: 9, 1: 2}), last={0: 10, 1: 7})
        await store.record_progress(said)

        assert await store.watermark("c", "notes") is None
        assert await store.latest_progress("notes") == said
        await at(store, "c", {P0: Position(10, 11)})
        mark = await store.watermark("c", "notes")
        assert mark is not None
        assert mark.position == 10

    async def test_names_the_held_keys_of_this_consumer_and_source(self, store: Store) -> None:
        await at(store, "c", {P0: Position(5, 2)})
        await store.record_progress(progress(5, {0: 2}))
        await hold(store, "c", parked(A))
        await hold(store, "c", waiting(KeyOf("notes", "w"), "unit:1"))
        await hold(store, "c", parked(KeyOf("elsewhere", "x")))
        await hold(store, "d", parked(B))

        mark = await store.watermark("c", "notes")
        assert mark is not None
        assert mark.held_keys == {"a", "w"}

    async def test_of_a_slow_consumer_survives_what_a_fast_one_has_passed(self, store: Store) -> None:
        await at(store, "slow", {P0: Position(5, 2)})
        await at(store, "fast", {P0: Position(9, 9)})
        for position, end in ((5, 2), (7, 5), (9, 9)):
            await store.record_progress(progress(position, {0: end}, seconds=position))

        slow, fast = await store.watermark("slow", "notes"), await store.watermark("fast", "notes")
        assert slow is not None
        assert fast is not None
        assert (slow.position, fast.position) == (5, 9)

    async def test_of_a_recreated_topic_stays_where_the_positions_are(self, store: Store) -> None:
        await at(store, "c", {P0: Position(5, 10), P1: Position(4, 1)})
        await store.record_progress(replace(progress(5, {0: 10, 1: 1}), last={0: 5, 1: 4}))

        await store.record_progress(replace(progress(7, {0: 6, 1: 1}, seconds=1), last={0: 7, 1: 4}))
        await store.record_progress(replace(progress(7, {0: 6, 1: 1}, seconds=2), last={0: 7, 1: 4}))

        mark = await store.watermark("c", "notes")
        assert mark is not None
        assert mark.position == 5

    async def test_needs_the_event_itself_not_its_offset_alone(self, store: Store) -> None:
        await at(store, "c", {P0: Position(5, 10)})
        await store.record_progress(progress(7, {0: 10}))

        assert await store.watermark("c", "notes") is None
