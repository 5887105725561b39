"""The index of traces finds its rows by an index, however many events there ever were."""

import json
from collections.abc import AsyncIterator, Iterator
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from services.operations.app import SERVICE
from services.operations.sql import SQL
from shared.database.migrate import SHARED_MIGRATIONS
from tests.fixtures.databases import DatabaseFactory

FILL = """
    INSERT INTO trace_event
        (log_id, position, event_id, command_id, n, correlation_id, stream, subject, version, key, type, schema_version,
         actor, partition, record_offset, recorded_at)
    SELECT 'meetings', i, gen_random_uuid(), gen_random_uuid(), 0, gen_random_uuid(), 'meeting-' || i / 5,
           ('00000000-0000-4000-8000-' || lpad((i / 5)::text, 12, '0'))::uuid, i % 5 + 1, 'k', 'MeetingHeld', 1,
           'client:it', 0, i, now()
    FROM generate_series(1, 20000) AS i
"""
MEETING, TODAY, EVERYTHING = UUID("00000000-0000-4000-8000-000000000007"), date(2026, 3, 15), 2**63 - 1
HOT: dict[str, tuple[Any, ...]] = {
    "newest": (),
    "after": (MEETING, TODAY, EVERYTHING, 19_000, 500),
    "timeline": (MEETING, TODAY, EVERYTHING, 501),
}


@pytest.fixture
async def connection(database: DatabaseFactory) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(await database(*SHARED_MIGRATIONS, SERVICE.migrations))
    await connection.execute(FILL)
    await connection.execute("ANALYZE trace_event")
    yield connection
    await connection.close()


def read_whole(plan: dict[str, Any]) -> Iterator[str]:
    """Tables that are read from end to end."""
    if plan["Node Type"] == "Seq Scan":
        yield plan["Relation Name"]
    for child in plan.get("Plans", ()):
        yield from read_whole(child)


@pytest.mark.parametrize("name", HOT)
async def test_the_index_of_traces_is_never_read_from_end_to_end(connection: asyncpg.Connection, name: str) -> None:
    explained = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {getattr(SQL, name).sql}", *HOT[name])
    [plan] = json.loads(explained)
    assert "trace_event" not in list(read_whole(plan["Plan"]))
