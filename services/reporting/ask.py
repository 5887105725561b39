"""What every endpoint asks first: who calls, about which unit and period, by which tree and knowledge."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from services.reporting.figures import last_day, shifted
from services.reporting.known import KnownAsOf
from services.reporting.queries import Month, Report, Reports
from services.reporting.watermarks import SourceMark, held_cells, is_provisional, read_marks
from shared.contracts.fields import GivenDay, Period
from shared.messaging.postgres_store import PostgresStore
from shared.service import Runtime, runtime
from shared.web.access import READ, Caller, OutOfReach
from shared.web.consistency import at_least


@dataclass(frozen=True, slots=True)
class Answer:
    """A report with what it rests on."""

    report: Report
    marks: Sequence[SourceMark]
    provisional: bool


@dataclass(frozen=True, slots=True)
class Series:
    """Months of one unit, the earliest first, all by what was known at the same moment."""

    months: Sequence[Month]
    marks: Sequence[SourceMark]
    provisional: bool


@dataclass(frozen=True, slots=True)
class Question:
    """Which figures of a unit, by which tree and knowledge."""

    reports: Reports
    store: PostgresStore
    unit_id: UUID
    period: str
    hierarchy_as_of: date | None
    known_as_of: KnownAsOf

    async def answer(self) -> Answer:
        """Raises `UnitUnknown`."""
        marks = await read_marks(self.store)
        report = await self.reports.report(
            self.unit_id, self.period, self.hierarchy_as_of, self.known_as_of, held_cells(marks)
        )
        return Answer(report, marks, is_provisional(marks, self.known_as_of, report.scope))


async def unchecked(
    unit_id: UUID,
    period: Period,
    running: Annotated[Runtime, Depends(runtime)],
    _: Annotated[None, Depends(at_least)],
    hierarchy_as_of: Annotated[
        GivenDay | None, Query(description="The tree of which day; default: the last day of the period.")
    ] = None,
    known_as_of: Annotated[
        str | None,
        Query(max_length=400, description="Positions `meetings:120,attendance:900`, or a time with its zone."),
    ] = None,
) -> Question:
    """What is asked, whoever asks; waits a moment for positions that the caller wants to see. Ask for the caller first:
    a stranger waits for nothing.
    """
    return Question(
        reports=Reports(running.pool),
        store=PostgresStore(running.pool),
        unit_id=unit_id,
        period=period,
        hierarchy_as_of=hierarchy_as_of,
        known_as_of=KnownAsOf.parse(known_as_of),
    )


async def question(caller: Annotated[Caller, READ], asked: Annotated[Question, Depends(unchecked)]) -> Question:
    """Refuses what is out of the caller's reach."""
    await _require_leaves(caller, asked, [asked.period])
    return asked


async def _require_leaves(caller: Caller, asked: Question, periods: Sequence[str]) -> None:
    """Rights follow today's tree, figures that of their day (docs/adr/0031): today's reach over all of its leaves.

    The unit itself may be gone; a leaf that no longer exists is in nobody's subtree and asks for nothing.
    """
    days = [asked.hierarchy_as_of or last_day(period) for period in periods]
    leaves = await asked.reports.leaves(asked.unit_id, days, asked.known_as_of)
    reached = await caller.reach_of([asked.unit_id, *{leaf.unit_id for leaf in leaves}])
    mine = [leaf for leaf in leaves if reached.get(leaf.unit_id)]
    if asked.unit_id in reached or not all(any(leaf.stands_on(day) for leaf in mine) for day in days):
        await caller.require(asked.unit_id)
    if away := [leaf.valid_from for leaf in leaves if reached.get(leaf.unit_id) is False]:
        raise OutOfReach(
            f"Ngày {min(away):%d/%m/%Y} tổ chức này có chi bộ nay không thuộc phạm vi của đồng chí; "
            f"hãy xem theo cây tổ chức hôm nay: hierarchy_as_of={caller.on}."
        )


async def series(
    caller: Annotated[Caller, READ],
    asked: Annotated[Question, Depends(unchecked)],
    months: Annotated[int, Query(ge=1, le=60, description="How many, up to and with the period.")] = 12,
) -> Series:
    """Refuses if a month's figures are out of the caller's reach."""
    marks = await read_marks(asked.store)
    periods = list(dict.fromkeys(shifted(asked.period, -back) for back in reversed(range(months))))
    await _require_leaves(caller, asked, periods)
    found = await asked.reports.series(asked.unit_id, periods, asked.hierarchy_as_of, asked.known_as_of)
    return Series(found, marks, is_provisional(marks, asked.known_as_of, found[-1].scope))
