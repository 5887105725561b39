"""Hot queries of membership find their rows by an index, however large the province."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from services.membership.app import SERVICE
from services.membership.queries import SQL
from shared.database.migrate import SHARED_MIGRATIONS
from tests.fixtures.databases import DatabaseFactory
from tests.fixtures.plans import SEQ_SCAN, steps

FILL = (
    """
    INSERT INTO events
        (stream, version, key, event_id, command_id, n, type, schema_version, data, metadata, recorded_at)
    SELECT 'member-' || i / 2, i % 2 + 1, 'k', gen_random_uuid(), gen_random_uuid(), 0, 'Noted', 1, '{}', '{}', now()
    FROM generate_series(0, 19999) AS i
    """,
    """
    INSERT INTO member_cell (member_id, position, event_id, cell_id, valid_from)
    SELECT gen_random_uuid(), i, gen_random_uuid(), ('00000000-0000-4000-8000-' || lpad((i / 25)::text, 12, '0'))::uuid,
           '2025-07-01'
    FROM generate_series(1, 20000) AS i
    """,
    "INSERT INTO member_identity SELECT int8send(i), gen_random_uuid() FROM generate_series(1, 20000) AS i",
    """
    INSERT INTO office (office_id, position, unit_id, role, valid_from)
    SELECT gen_random_uuid(), i, gen_random_uuid(), 'secretary', '2025-07-01' FROM generate_series(1, 20000) AS i
    """,
    """
    INSERT INTO assignment (assignment_id, position, kind, member_id, unit_id, valid_from)
    SELECT gen_random_uuid(), i, 'follows', gen_random_uuid(), gen_random_uuid(), '2025-07-01'
    FROM generate_series(1, 20000) AS i
    """,
    """
    INSERT INTO import_file (import_id, kind, mapping, as_of, file_name, state, preview, digest, sent_at)
    SELECT gen_random_uuid(), 'members', '{}', '2025-07-01', '', 'applied', '{}', '', now()
    FROM generate_series(1, 20000) AS i
    """,
)
NO_ID = UUID(int=0)
HOT: dict[str, tuple[Any, ...]] = {
    "streams": (["member-7", "member-8"],),
    "recorded_commands": ([NO_ID, UUID(int=1)],),
    "version_of": (NO_ID, "member-7"),
    "identities": ([b"1"],),
    "forget_identities": (NO_ID,),
    "offices_of": ([NO_ID], date(2026, 3, 1)),
    "assignments_of": ([NO_ID], date(2026, 3, 1)),
    "forget_old_contents": (datetime(2026, 3, 1, tzinfo=UTC),),
    "members_of": (date(2026, 3, 1), [UUID("00000000-0000-4000-8000-000000000007")], NO_ID, 500),
}


@pytest.fixture
async def connection(database: DatabaseFactory) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(await database(*SHARED_MIGRATIONS, SERVICE.migrations))
    for statement in FILL:
        await connection.execute(statement)
    for table in ("events", "member_cell", "member_identity", "office", "assignment", "import_file"):
        await connection.execute(f"ANALYZE {table}")
    yield connection
    await connection.close()


@pytest.mark.parametrize("name", HOT)
async def test_a_hot_query_reads_no_table_from_end_to_end(connection: asyncpg.Connection, name: str) -> None:
    assert SEQ_SCAN not in {node for node, _ in await steps(connection, getattr(SQL, name).sql, *HOT[name])}
