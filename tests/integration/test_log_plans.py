"""Hot queries of the log find their rows by an index, however long the log has grown."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from shared.eventstore.statements import MIGRATIONS, QUERIES
from tests.fixtures.databases import DatabaseFactory
from tests.fixtures.plans import SEQ_SCAN, steps

FILL = """
INSERT INTO events (stream, version, key, event_id, command_id, n, type, schema_version, data, metadata, recorded_at)
SELECT 'note-' || i / 10, i % 10 + 1, 'k', gen_random_uuid(), gen_random_uuid(), 0, 'Noted', 1, '{}', '{}', now()
FROM generate_series(0, 19999) AS i
"""
FILL_TEXTS = """
INSERT INTO texts SELECT gen_random_uuid(), 'member:' || i, 'k', 'text', ''::bytea FROM generate_series(1, 5000) AS i
"""
FILL_CLAIMS = "INSERT INTO claims SELECT 'name', 'key ' || i, 'holder ' || i FROM generate_series(1, 5000) AS i"

NO_ID = UUID(int=0)
ONE_ROW = "log_seal"  # a table that cannot grow is best read from end to end
HOT: dict[str, tuple[Any, ...]] = {
    "read": (19_000, 100),
    "read_stream": ("note-77", 3),
    "find_command": (NO_ID,),
    "head": (),
    "check_appends": (["note-1", "note-2"], [NO_ID, NO_ID]),
    "claims_touched": (["name"], ["key 1"], ["name"], ["holder 2"]),
    "delete_claims": (["name"], ["key 1"]),
    "read_texts": ([NO_ID],),
    "erase_texts": ("member:7",),
}


@pytest.fixture
async def connection(database: DatabaseFactory) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(await database(MIGRATIONS))
    for statement in (FILL, FILL_TEXTS, FILL_CLAIMS):
        await connection.execute(statement)
    for table in ("events", "texts", "claims"):
        await connection.execute(f"ANALYZE {table}")
    yield connection
    await connection.close()


@pytest.mark.parametrize("name", HOT)
async def test_a_hot_query_reads_no_table_from_end_to_end(connection: asyncpg.Connection, name: str) -> None:
    plan = await steps(connection, getattr(QUERIES, name).sql, *HOT[name])
    assert not [table for node, table in plan if node == SEQ_SCAN and table != ONE_ROW]
    assert any("Index" in node or "Bitmap" in node for node, _ in plan)


async def test_appends_read_no_table_from_end_to_end_in_a_session_that_began_with_an_empty_log(
    database: DatabaseFactory,
) -> None:
    """The plan of a function's statement is not shown; it is kept after some calls."""
    connection = await asyncpg.connect(await database(MIGRATIONS))

    async def append_many(version: int) -> None:
        rows = [(f"s{n}", version, "k", uuid4(), uuid4(), 0, "Noted", 1, "{}", "{}") for n in range(200)]
        assert len(await connection.fetch(QUERIES.append_events.sql, *zip(*rows, strict=True))) == 200

    for version in range(1, 11):
        await append_many(version)
    await connection.execute("SELECT pg_stat_force_next_flush()")
    assert await connection.fetchval("SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'events'") == 0
    await connection.close()
