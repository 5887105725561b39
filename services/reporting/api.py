"""JSON: a unit's report, the units below it, its meetings, and the events that a meeting's figures come from."""

import base64
import json
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from services.reporting.ask import Question, Series, question, series
from services.reporting.known import EVERYTHING
from services.reporting.queries import BEGINNING, FIRST, Reports
from services.reporting.views import (
    ChildrenView,
    FactPlace,
    FactsView,
    FactView,
    FigureView,
    MarkView,
    MeetingsView,
    MeetingView,
    MonthView,
    ReportView,
    SeriesView,
    UnitView,
)
from shared.decider import DomainError
from shared.service import Runtime, runtime
from shared.web.access import OPERATE, READ, Caller

router = APIRouter(tags=["reports"])

# Of one meeting: several times those of the largest.
MOST_FACTS = 5000

PageSize = Annotated[int, Query(ge=1, le=500)]
Cursor = Annotated[str | None, Query(max_length=200, description="`next` of the page before.")]


class CursorMalformed(DomainError):
    """Not a cursor that this API gave."""

    problem = "cursor-malformed"
    status = 422

    def __init__(self) -> None:
        super().__init__("after: con trỏ trang không đúng; lấy lại từ trường next.")


@router.get("/reports/{unit_id}/{period}")
async def report(asked: Annotated[Question, Depends(question)]) -> ReportView:
    """The figures of one unit for one period, with what they rest on."""
    answer = await asked.answer()
    scope = answer.report.scope
    return ReportView(
        unit=UnitView.of(answer.report.unit),
        period=scope.period,
        hierarchy_as_of=scope.hierarchy_as_of,
        known_as_of=dict(scope.shown),
        provisional=answer.provisional,
        incomplete=list(answer.report.incomplete),
        watermarks=[MarkView.of(mark) for mark in answer.marks],
    )


@router.get("/reports/{unit_id}/{period}/series")
async def months(asked: Annotated[Series, Depends(series)]) -> SeriesView:
    """The unit's figures month by month, up to the period."""
    return SeriesView(
        unit_id=asked.months[-1].scope.unit_id,
        items=[
            MonthView(period=month.scope.period, hierarchy_as_of=month.scope.hierarchy_as_of, figures=month.figures)
            for month in asked.months
        ],
        known_as_of=dict(asked.months[-1].scope.shown),
        provisional=asked.provisional,
        watermarks=[MarkView.of(mark) for mark in asked.marks],
    )


@router.get("/reports/{unit_id}/{period}/children")
async def children(
    asked: Annotated[Question, Depends(question)], after: Cursor = None, size: PageSize = 100
) -> ChildrenView:
    """The units directly below, by name. Their sums, with the unit's own cell if it is one, are the unit's figures."""
    answer = await asked.answer()
    units = [UnitView.of(child) for child in answer.report.children]
    if after is not None:
        position = next((n for n, unit in enumerate(units) if [str(unit.unit_id)] == _opened(after)), None)
        if position is None:
            raise CursorMalformed
        units = units[position + 1 :]
    return ChildrenView(items=units[:size], next=_cursor(units[size - 1].unit_id) if len(units) > size else None)


@router.get("/reports/{unit_id}/{period}/meetings")
async def meetings(
    asked: Annotated[Question, Depends(question)], after: Cursor = None, size: PageSize = 100
) -> MeetingsView:
    """What every meeting of the unit and of those below it contributes."""
    scope = await asked.reports.scope(asked.unit_id, asked.period, asked.hierarchy_as_of, asked.known_as_of)
    start = _uuid(_opened(after)[0]) if after else FIRST
    rows = await asked.reports.meetings(scope, after=start, size=size + 1)
    items = [MeetingView.of(row) for row in rows[:size]]
    return MeetingsView(items=items, next=_cursor(items[-1].meeting_id) if len(rows) > size else None)


@router.get("/meetings/{meeting_id}/events")
async def meeting_events(
    meeting_id: UUID,
    caller: Annotated[Caller, READ],
    running: Annotated[Runtime, Depends(runtime)],
    after: Cursor = None,
    size: PageSize = 200,
) -> FactsView:
    """The events that a meeting's figures come from, in the order of recording; nothing is left out or replaced."""
    reports = Reports(running.pool)
    meeting = await reports.meeting(meeting_id)
    await caller.require(meeting["unit_id"])
    rows = await reports.meeting_events(meeting_id, after=place_after(after), size=size + 1)
    items = [FactView.of(row) for row in rows[:size]]
    return FactsView(
        meeting=MeetingView.of(meeting), items=items, next=cursor_of(rows[size - 1]) if len(rows) > size else None
    )


@router.get("/ops/meetings/{meeting_id}")
async def meeting_figure(
    meeting_id: UUID, _: Annotated[Caller, OPERATE], running: Annotated[Runtime, Depends(runtime)]
) -> FigureView:
    """For operators: in which month of which cell a meeting counts, and which events are in it."""
    reports = Reports(running.pool)
    meeting = await reports.meeting(meeting_id)
    rows = await reports.meeting_events(meeting_id, size=MOST_FACTS)
    places = [FactPlace(log_id=row["log_id"], position=row["position"]) for row in rows]
    counted = {name: meeting[name] for name in ("meeting_id", "unit_id", "period", "outcome", "events")}
    return FigureView(**counted, input_digest=f"{int(meeting['input_digest']):x}", facts=places)


def cursor_of(row: dict[str, Any]) -> str:
    """The cursor behind a fact."""
    return _cursor(row["recorded_at"].isoformat(), row["log_id"], row["position"])


def place_after(cursor: str | None) -> tuple[datetime, str, int]:
    """Where a page of facts begins; raises `CursorMalformed`."""
    if not cursor:
        return BEGINNING, "", 0
    try:
        time, log_id, position = _opened(cursor)
        moment, number = datetime.fromisoformat(time).astimezone(UTC), int(position)
    except (ValueError, OverflowError) as error:
        raise CursorMalformed from error
    # Nothing that PostgreSQL's types cannot hold.
    if not (log_id.isprintable() and 0 <= number <= EVERYTHING):
        raise CursorMalformed
    return moment, log_id, number


def _cursor(*parts: object) -> str:
    return base64.urlsafe_b64encode(json.dumps([str(part) for part in parts]).encode()).decode().rstrip("=")


def _opened(cursor: str) -> list[str]:
    try:
        parts = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts) or not parts:
            raise CursorMalformed
    except ValueError as error:
        raise CursorMalformed from error
    return parts


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise CursorMalformed from error
