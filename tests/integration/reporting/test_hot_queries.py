"""Plans of the queries that every batch and every page runs: by index, whatever else the tables hold."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest

from services.reporting.queries import LOGS
from services.reporting.sql import SQL
from tests.fixtures.plans import SEQ_SCAN, steps

BATCH = [UUID(int=n) for n in range(1, 51)]


@pytest.fixture
async def connection(service_database: Callable[[str], Awaitable[str]]) -> AsyncIterator[asyncpg.Connection]:
    """Five years of meetings, with ten facts each."""
    opened = await asyncpg.connect(await service_database("reporting"))
    await opened.execute(
        """
        INSERT INTO meeting_fact
        SELECT 'meetings', n, gen_random_uuid(), now(),
            ('00000000-0000-0000-0000-' || lpad(to_hex(n / 10), 12, '0'))::uuid, 'MeetingHeld', NULL,
            gen_random_uuid(), to_char(date '2022-01-01' + make_interval(months => n % 60), 'YYYY-MM'), '{}', 1
        FROM generate_series(1, 60000) AS n
        """
    )
    await opened.execute("ANALYZE meeting_fact")
    yield opened
    await opened.close()


async def test_facts_of_a_batch_of_meetings_come_by_index(connection: asyncpg.Connection) -> None:
    query = "SELECT * FROM meeting_fact WHERE meeting_id = ANY ($1::uuid[])"
    found = await steps(connection, query, BATCH)
    assert "meeting_fact_meeting" in {index for _, index in found}
    assert SEQ_SCAN not in {node for node, _ in found}


async def test_a_contribution_reads_its_meetings_facts_by_index(connection: asyncpg.Connection) -> None:
    found = await steps(connection, "SELECT * FROM contribution($1::uuid[], NULL)", BATCH)
    assert (SEQ_SCAN, "meeting_fact") not in found


async def test_what_came_after_a_position_is_found_by_index(connection: asyncpg.Connection) -> None:
    query = "SELECT * FROM contributions_known('2026-03', '{\"meetings\": 59990}')"
    found = await steps(connection, query)
    assert (SEQ_SCAN, "meeting_fact") not in found
    assert "meeting_fact_pkey" in {index for _, index in found}


async def test_the_periods_are_found_by_index_without_reading_their_cells(connection: asyncpg.Connection) -> None:
    await connection.execute("SET enable_seqscan = off")  # the table is empty: could an index be used at all
    found = await steps(connection, SQL.periods_known.sql)
    assert {index for _, index in found if index} == {"cell_month_pkey"}
    assert not {"Aggregate", "Group", "Unique"} & {node for node, _ in found}  # these take what every row says


@pytest.mark.parametrize("moment", [None, datetime(2026, 3, 3, tzinfo=UTC)])
async def test_positions_are_found_by_index(connection: asyncpg.Connection, moment: datetime | None) -> None:
    found = await steps(connection, SQL.positions_at.sql, LOGS, moment)
    assert "meeting_fact_time" in {index for _, index in found}
    assert (SEQ_SCAN, "meeting_fact") not in found
