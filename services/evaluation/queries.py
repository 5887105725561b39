"""Reads of the evaluation service: what a score is derived from, which criteria set applies, what awaits a rating."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from uuid import UUID

from services.evaluation.domain.facts import MeetingFacts
from shared.contracts.evaluation import CriteriaSetPublished
from shared.database.pool import Pool, queries
from shared.directory.directory import EVERYTHING

SQL = queries(Path(__file__).parent / "sql" / "queries.sql")

MOST_AWAITING = 1000


@dataclass(frozen=True, slots=True)
class KnownMeeting:
    """`status`: open, held, not_held or withdrawn; day, minutes and speakers only of a held one."""

    meeting_id: UUID
    unit_id: UUID
    body: str
    period: str
    parts: Sequence[str]
    status: str
    held_on: date | None
    minutes: int | None
    speakers: int | None


@dataclass(frozen=True, slots=True)
class AwaitingScore:
    """A self-score without an official rating."""

    meeting_id: UUID
    unit_id: UUID
    period: str
    self_total: Decimal
    self_rating: str
    ayes: int | None
    base: int | None


async def meeting(pool: Pool, meeting_id: UUID) -> KnownMeeting | None:
    row = await SQL.meeting(pool, meeting_id=meeting_id)
    return KnownMeeting(**dict(row)) if row else None


async def facts(pool: Pool, of: KnownMeeting, held_on: date) -> MeetingFacts:
    """What is known of a held meeting; attendance only once a roll call of it was closed."""
    attendance = await SQL.attendance(pool, meeting_id=of.meeting_id)
    return MeetingFacts(
        thematic_part="thematic" in of.parts,
        has_committee=bool(await SQL.has_committee(pool, unit_id=of.unit_id, on_day=held_on)),
        minutes=of.minutes,
        speakers=of.speakers,
        longest_excused_run=await _longest_excused_run(pool, of.meeting_id) if attendance else None,
        **dict(attendance or {}),
    )


async def _longest_excused_run(pool: Pool, meeting_id: UUID) -> int:
    rows = [(row["member_id"], row["excused"]) async for row in SQL.absences_this_year(pool, meeting_id=meeting_id)]
    runs = (longest_run([excused for _, excused in of_one]) for _, of_one in groupby(rows, key=itemgetter(0)))
    return max(runs, default=0)


def longest_run(excused: Sequence[bool]) -> int:
    """The most excused absences in a row."""
    return max((len(list(run)) for away, run in groupby(excused) if away), default=0)


async def criteria_for(pool: Pool, units: Sequence[UUID], parts: Sequence[str], on: date) -> list[CriteriaSetPublished]:
    """Sets that may be used: of `units`, valid `on`, made for all of `parts`. The first is the one to use.

    Nearest unit first (`units` from the cell upwards), then the one made for the fewest kinds of meeting, then the
    newest.
    """
    rows = [row async for row in SQL.criteria_sets(pool, unit_ids=list(units), on_day=on)]
    fitting = [row for row in rows if set(parts) <= set(row["for_parts"])]
    fitting.sort(key=lambda row: (-row["valid_from"].toordinal(), row["criteria_set"]))
    fitting.sort(key=lambda row: (units.index(row["unit_id"]), len(row["for_parts"])))
    return [CriteriaSetPublished.model_validate_json(row["body"]) for row in fitting]


async def criteria_revision(pool: Pool, code: str, revision: int) -> CriteriaSetPublished | None:
    body = await SQL.criteria_revision(pool, criteria_set=code, revision=revision)
    return CriteriaSetPublished.model_validate_json(body) if body else None


async def awaiting(pool: Pool, unit_id: UUID, period: str | None, on: date) -> list[AwaitingScore]:
    """Self-scores without an official rating in the unit's subtree of `on`, the oldest period first."""
    rows = SQL.awaiting(pool, unit_id=unit_id, period=period, on_day=on, known_position=EVERYTHING, limit=MOST_AWAITING)
    return [AwaitingScore(**dict(row)) async for row in rows]
