"""The index of traces finds its rows by an index, however many events there ever were."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from services.operations.app import SERVICE
from services.operations.sql import SQL
from shared.database.migrate import SHARED_MIGRATIONS
from tests.fixtures.databases import DatabaseFactory
from tests.fixtures.plans import SEQ_SCAN, steps

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


@pytest.mark.parametrize("name", HOT)
async def test_the_index_of_traces_is_never_read_from_end_to_end(connection: asyncpg.Connection, name: str) -> None:
    assert (SEQ_SCAN, "trace_event") not in await steps(connection, getattr(SQL, name).sql, *HOT[name])
