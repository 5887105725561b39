"""Reads of the meetings service: the list of a unit's meetings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

from shared.database.pool import Pool, queries

SQL = queries(Path(__file__).parent / "sql" / "queries.sql")

# Years of a cell's meetings; nobody pages further back.
MOST_MEETINGS = 500


@dataclass(frozen=True, slots=True)
class ListedMeeting:
    """A meeting in a list. `status`: open, held, not_held or withdrawn; `reason` why it was not held."""

    meeting_id: UUID
    unit_id: UUID
    body: str
    period: str
    parts: Sequence[str]
    status: str
    starts_at: datetime | None
    held_on: date | None
    reason: str | None


async def meetings_of(pool: Pool, unit_id: UUID, period: str | None) -> list[ListedMeeting]:
    """The meetings of a unit, of one period or of all; the newest period first."""
    rows = SQL.meetings_of(pool, unit_id=unit_id, period=period, limit=MOST_MEETINGS)
    return [ListedMeeting(**dict(row)) async for row in rows]
