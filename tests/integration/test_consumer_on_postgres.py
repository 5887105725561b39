"""What only a real database shows: two transactions at once, a batch that breaks half-way, effects of one commit."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from shared.database.pool import open_pool
from shared.eventstore.statements import MIGRATIONS as EVENTSTORE_MIGRATIONS
from shared.messaging.consumer import Consumer
from shared.messaging.handler import Received
from shared.messaging.parking import dry_run, redrive
from shared.messaging.postgres_store import MIGRATIONS, QUERIES, PostgresStore
from shared.messaging.progress import ProgressRecord
from shared.messaging.store import KeyOf, Place, Position
from tests.fixtures.databases import DatabaseFactory
from tests.fixtures.notes import SOURCE, Keeper, Noted, Notes
from tests.fixtures.plans import steps

TABLES = """
CREATE TABLE kept (id bigserial, text text NOT NULL CHECK (text <> 'refused'));
CREATE TABLE known (name text PRIMARY KEY);
"""


@pytest.fixture
async def pool(database: DatabaseFactory) -> AsyncIterator[asyncpg.Pool]:
    pool = await open_pool(await database(EVENTSTORE_MIGRATIONS, MIGRATIONS), role=None)
    await pool.execute(TABLES)
    yield pool
    await pool.close()


@pytest.fixture
def store(pool: asyncpg.Pool) -> PostgresStore:
    return PostgresStore(pool)


@pytest.fixture
def notes() -> Notes:
    return Notes()


async def nothing() -> None:
    """The default of the hooks below."""


def keeper(
    name: str,
    *,
    wrote: Callable[[], Awaitable[None]] = nothing,
    looked: Callable[[], Awaitable[None]] = nothing,
) -> Keeper:
    async def write(tx: Any, received: Received) -> None:
        assert isinstance(received.event, Noted)
        await tx.execute("INSERT INTO kept (text) VALUES ($1)", received.event.text)
        if received.event.brings:
            await tx.execute("INSERT INTO known VALUES ($1)", received.event.brings)
        await wrote()

    async def known(tx: Any, wanted: str) -> bool:
        found = await tx.fetchval("SELECT true FROM known WHERE name = $1", wanted)
        await looked()
        return bool(found)

    return Keeper(name, write, known=known)


async def kept(pool: asyncpg.Pool) -> list[str]:
    return [row["text"] for row in await pool.fetch("SELECT text FROM kept ORDER BY id")]


def consumer_of(handler: Keeper, store: PostgresStore, notes: Notes) -> Consumer:
    return Consumer(handler, store, topics={notes.topic: notes.log_id})


async def test_an_error_of_the_database_parks_its_event_alone(
    store: PostgresStore, pool: asyncpg.Pool, notes: Notes
) -> None:
    batch = [notes.add(key, Noted(text=text)) for key, text in (("a", "one"), ("b", "refused"), ("a", "two"))]

    outcome = await consumer_of(keeper("keeper"), store, notes).handle(batch)

    assert (outcome.applied, outcome.parked) == (2, 1)
    assert await kept(pool) == ["one", "two"]


async def test_text_that_the_database_cannot_hold_parks_its_event_alone(
    store: PostgresStore, pool: asyncpg.Pool, notes: Notes
) -> None:
    batch = [notes.add("a", data='{"text": "\\u0000"}'), notes.add("b", Noted(text="fine"))]

    outcome = await consumer_of(keeper("keeper"), store, notes).handle(batch)

    assert (outcome.applied, outcome.parked) == (1, 1)
    assert await kept(pool) == ["fine"]


@pytest.mark.parametrize("announcer_ends_first", [True, False])
async def test_a_name_announced_while_another_looks_for_it_is_not_missed(
    store: PostgresStore, pool: asyncpg.Pool, notes: Notes, announcer_ends_first: bool
) -> None:
    written, seen_missing = asyncio.Event(), asyncio.Event()

    async def wrote() -> None:
        written.set()
        if announcer_ends_first:
            await seen_missing.wait()

    async def looked() -> None:
        seen_missing.set()

    meetings = Notes("meetings", "meetings.events")
    directory = consumer_of(keeper("directory", wrote=wrote), store, notes)
    facts = consumer_of(keeper("facts", looked=looked), store, meetings)

    async def find() -> None:
        await written.wait()
        await facts.handle([meetings.add("a", Noted(text="meeting", needs="unit:1"))])

    await asyncio.gather(directory.handle([notes.add("b", Noted(text="unit", brings="unit:1"))]), find())
    await facts.release()

    assert await kept(pool) == ["unit", "meeting"]
    assert await store.held_keys() == []


async def test_two_processes_with_the_same_batch_apply_it_once(
    store: PostgresStore, pool: asyncpg.Pool, notes: Notes
) -> None:
    batch = [notes.add("a", Noted(text=str(n))) for n in range(20)]
    first, second = (consumer_of(keeper("keeper"), store, notes) for _ in range(2))

    outcomes = await asyncio.gather(first.handle(batch), second.handle(batch[10:]), second.handle(batch))

    assert sum(outcome.applied for outcome in outcomes) == 20
    assert await kept(pool) == [str(n) for n in range(20)]


async def test_an_event_that_arrives_during_a_redrive_is_applied_after_it(
    store: PostgresStore, pool: asyncpg.Pool, notes: Notes
) -> None:
    at_work, go_on = asyncio.Event(), asyncio.Event()

    async def wrote() -> None:
        at_work.set()
        await go_on.wait()

    broken = keeper("keeper")
    await consumer_of(broken, store, notes).handle([notes.add("a", Noted(text="bad"))])
    repaired = keeper("keeper", wrote=wrote)
    repaired.bad.clear()

    redriving = asyncio.create_task(redrive(store, repaired, KeyOf(SOURCE, "a")))
    await at_work.wait()
    arriving = asyncio.create_task(consumer_of(keeper("keeper"), store, notes).handle([notes.add("a")]))
    await until_blocked(pool)
    go_on.set()
    await asyncio.gather(redriving, arriving)

    assert await kept(pool) == ["bad", "note 2"]
    assert await store.held_keys() == []


async def until_blocked(pool: asyncpg.Pool) -> None:
    blocked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with asyncio.timeout(10):
        while not await pool.fetchval(blocked):  # noqa: ASYNC110 - the database gives no signal for it
            await asyncio.sleep(0.01)


async def test_a_dry_run_leaves_the_database_as_it_was(store: PostgresStore, pool: asyncpg.Pool, notes: Notes) -> None:
    class Counting(Keeper):
        async def figures(self, tx: Any, batch: Any) -> dict[str, object]:  # noqa: ARG002
            return {"kept": await tx.fetchval("SELECT count(*) FROM kept")}

    plain = keeper("keeper")
    handler = Counting("keeper", plain._write)
    await consumer_of(handler, store, notes).handle([notes.add("a", Noted(text="bad")), notes.add("a")])
    handler.bad.clear()

    rehearsed = await dry_run(store, handler, KeyOf(SOURCE, "a"))

    assert rehearsed.changes == {"kept": (0, 2)}
    assert await kept(pool) == []
    assert [key.events for _, key in await store.held_keys()] == [2]


async def test_progress_does_not_gather_behind_a_consumer_that_is_no_more(
    pool: asyncpg.Pool, store: PostgresStore
) -> None:
    for consumer, position in (("gone", Position(1, 1)), ("here", Position(9, 9))):
        async with store.transaction() as tx:
            await tx.lock_positions(consumer, [Place("notes", 0)])
            await tx.save_positions(consumer, {Place("notes", 0): position})
    for second in range(5):
        said = ProgressRecord("notes", 9, datetime(2026, 3, 3, 19, 30, second, tzinfo=UTC), {0: 9}, {0: 9})
        await store.record_progress(said, ["here"])

    assert await pool.fetchval("SELECT count(*) FROM source_progress") == 1
    async with pool.acquire() as connection:
        found = await steps(connection, QUERIES.latest_progress.sql, "notes")
    assert "Sort" not in {node for node, _ in found}
