"""Hot queries go by index: opening a roll call on the busiest evening must not read a province."""

from collections.abc import Awaitable, Callable
from datetime import date
from uuid import UUID

import asyncpg
import pytest

from services.attendance.queries import SQL

CELL, MEMBER = UUID(int=1), UUID(int=2)
# The values, in the order in which a query names them, and the indexes that it has to go by.
HOT = {
    "meeting": ((CELL,), ("meeting_pkey",)),
    "members_of_cell": ((CELL,), ("belonging_cell", "spell_host_cell")),
    "belongings_of": (([MEMBER],), ("belonging_pkey",)),
    "spells_of": (([MEMBER],), ("spell_pkey",)),
    "meetings_of_members": (([MEMBER], [date(2026, 3, 1)]), ("belonging_pkey", "spell_pkey", "meeting_unit_day")),
}


@pytest.mark.parametrize("name", HOT)
async def test_a_hot_query_goes_by_its_indexes(name: str, service_database: Callable[[str], Awaitable[str]]) -> None:
    values, indexes = HOT[name]
    connection = await asyncpg.connect(await service_database("attendance"))
    try:
        # Tables of a test are small enough to be scanned: the question is whether an index could be used at all.
        await connection.execute("SET enable_seqscan = off")
        rows = await connection.fetch(f"EXPLAIN {getattr(SQL, name).sql}", *values)
    finally:
        await connection.close()
    plan = "\n".join(row[0] for row in rows)
    assert "Seq Scan" not in plan, plan
    assert all(index in plan for index in indexes), plan
