"""The table of claims is thrown away and built again from the log."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from uuid import UUID, uuid4

import asyncpg
import pytest

from shared.contracts.envelope import Metadata
from shared.contracts.event import Event, EventTypes
from shared.database.pool import Pool, open_pool
from shared.decider import Decider
from shared.eventstore import Aggregate, Append, Claim, ClaimChange, Release
from shared.eventstore.claims_table import rebuild_claims
from shared.eventstore.postgres import PostgresLog
from shared.eventstore.statements import MIGRATIONS
from tests.fixtures.databases import DatabaseFactory


class Booked(Event):
    room: str
    by: str


class Cancelled(Event):
    by: str


def claims_of(event: Event) -> Iterable[ClaimChange]:
    match event:
        case Booked(room=room, by=by):
            yield Release("room", by)
            yield Claim("room", room, by)
        case Cancelled(by=by):
            yield Release("room", by)


ROOMS: Aggregate[None, None] = Aggregate(
    Decider(None, lambda _command, _state: [], lambda _state, _event: None),
    EventTypes([Booked, Cancelled]),
    claims=claims_of,
)


@pytest.fixture
async def pool(database: DatabaseFactory) -> AsyncIterator[Pool]:
    pool = await open_pool(await database(MIGRATIONS))
    yield pool
    await pool.close()


@pytest.fixture
def log(pool: Pool) -> PostgresLog:
    return PostgresLog(pool, "rooms")


def append_of(stream: str, version: int, event: Event, *, claimed: bool = True) -> Append:
    changes = tuple(claims_of(event)) if claimed else ()
    metadata = Metadata(correlation_id=UUID(int=1), actor="office:tests")
    return Append(stream, version, "k", uuid4(), (event,), metadata, claims=changes)


async def stored(pool: Pool) -> list[asyncpg.Record]:
    return await pool.fetch("SELECT name, key, holder FROM claims ORDER BY name, key")


async def test_claims_rebuilt_from_the_log_are_those_that_appends_wrote(pool: Pool, log: PostgresLog) -> None:
    for append in (
        append_of("A", 0, Booked(room="1", by="A")),
        append_of("B", 0, Booked(room="2", by="B")),
        append_of("A", 1, Booked(room="3", by="A")),
        append_of("B", 1, Cancelled(by="B")),
        append_of("C", 0, Booked(room="1", by="C")),
    ):
        await log.append(append)
    before = await stored(pool)
    assert [tuple(row) for row in before] == [("room", "1", "C"), ("room", "3", "A")]

    await pool.execute("INSERT INTO claims VALUES ('room', '9', 'nobody')")
    await pool.execute("DELETE FROM claims WHERE key = '1'")
    rebuilt = await rebuild_claims(pool, log, [ROOMS])
    assert (rebuilt.claims, rebuilt.conflicts) == (2, ())
    assert await stored(pool) == before


async def test_a_rule_younger_than_the_events_leaves_the_claim_to_the_earlier_holder_and_tells(
    pool: Pool, log: PostgresLog
) -> None:
    await log.append(append_of("A", 0, Booked(room="1", by="A"), claimed=False))
    await log.append(append_of("B", 0, Booked(room="1", by="B"), claimed=False))
    rebuilt = await rebuild_claims(pool, log, [ROOMS])
    assert [(taken.key, taken.holder) for taken in rebuilt.conflicts] == [("1", "A")]
    assert [tuple(row) for row in await stored(pool)] == [("room", "1", "A")]


async def test_appends_during_a_rebuild_are_in_it(pool: Pool, log: PostgresLog) -> None:
    async def book() -> None:
        for n in range(30):
            await log.append(append_of(f"s{n}", 0, Booked(room=str(n), by=f"s{n}")))

    await asyncio.gather(book(), *(rebuild_claims(pool, log, [ROOMS]) for _ in range(3)))
    assert len(await stored(pool)) == 30
