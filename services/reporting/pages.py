"""Plain server-rendered pages: a unit's month, a meeting with its events. No script, nothing from another host."""

from datetime import date
from pathlib import Path
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from services.reporting import chart
from services.reporting.api import cursor_of, place_after
from services.reporting.ask import Question, Series, question, series
from services.reporting.figures import shifted
from services.reporting.known import written
from services.reporting.queries import Reports
from services.reporting.texts import WORDS
from shared.service import Runtime, runtime
from shared.web.access import READ, READ_OR_OPERATE, Caller, Role
from shared.web.language import Texts, texts_of
from shared.web.pages import Pages

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse)

# Who looks at an older tree, older knowledge or more months goes on doing so from page to page.
PAGES = Pages(Path(__file__).parent / "templates", carried=("hierarchy_as_of", "known_as_of", "months"))
# Operators see no figures, but this is where they land too, and find the way on.
COME_IN = READ_OR_OPERATE
TEXTS = Annotated[Texts, Depends(texts_of(WORDS))]
COLUMNS = ("cells", "met", "not_held", "not_reported", "awaiting_rating")
EVENTS_ON_A_PAGE = 200


@router.get("/")
async def home_page(
    request: Request,
    caller: Annotated[Caller, COME_IN],
    running: Annotated[Runtime, Depends(runtime)],
    t: TEXTS,
) -> HTMLResponse:
    """Where everybody lands who signs in: the months that have figures, for each unit of the caller."""
    periods = await Reports(running.pool).periods()
    units = dict.fromkeys(grant.unit_id for grant in caller.grants if grant.unit_id)
    named = [(unit_id, await _name(running, unit_id, caller.on)) for unit_id in units]
    return PAGES.page(request, "home.html", t, periods=periods, units=named, operates=caller.has(Role.OPERATOR))


@router.get("/pages/meetings/{meeting_id}")
async def meeting_page(
    request: Request,
    meeting_id: UUID,
    caller: Annotated[Caller, READ],
    running: Annotated[Runtime, Depends(runtime)],
    t: TEXTS,
    after: Annotated[str | None, Query(max_length=200)] = None,
) -> HTMLResponse:
    """A meeting: what it contributes, and each event that this comes from."""
    reports = Reports(running.pool)
    meeting = await reports.meeting(meeting_id)
    await caller.require(meeting["unit_id"])
    rows = await reports.meeting_events(meeting_id, after=place_after(after), size=EVENTS_ON_A_PAGE + 1)
    day = meeting["held_on"] or caller.on
    above = reversed(await running.directory.ancestors(meeting["unit_id"], day))
    last = rows[EVENTS_ON_A_PAGE - 1] if len(rows) > EVENTS_ON_A_PAGE else None
    return PAGES.page(
        request,
        "meeting.html",
        t,
        meeting=meeting,
        events=rows[:EVENTS_ON_A_PAGE],
        more=urlencode({"lang": t.language, "after": cursor_of(last)}) if last else None,
        path=[(unit_id, await _name(running, unit_id, day)) for unit_id in (*above, meeting["unit_id"])],
        names=await reports.rating_names(),
    )


@router.get("/pages/{unit_id}/{period}")
async def unit_page(request: Request, asked: Annotated[Question, Depends(question)], t: TEXTS) -> HTMLResponse:
    """A unit's month: figures, one chart, the units below or the cell's meetings, and what it all rests on."""
    answer = await asked.answer()
    report = answer.report
    spec = chart.specification(report, t)
    names = await asked.reports.rating_names()
    used = {**report.unit.figures.self_ratings, **report.unit.figures.official_ratings}
    return PAGES.page(
        request,
        "unit.html",
        t,
        report=report,
        provisional=answer.provisional,
        watermarks=answer.marks,
        period=asked.period,
        previous=shifted(asked.period, -1),
        next=shifted(asked.period, 1),
        known=written(report.scope.shown),
        columns=COLUMNS,
        names=names,
        ratings=[
            (code, names.get(code, code)) for code in (*names, *sorted(used.keys() - names.keys())) if code in used
        ],
        chart=Markup(await chart.svg(spec)) if spec else None,  # noqa: S704 - drawn here from escaped values
        meetings=await asked.reports.meetings(report.scope) if report.unit.is_cell else (),
    )


@router.get("/pages/{unit_id}/{period}/series")
async def series_page(
    request: Request,
    asked: Annotated[Series, Depends(series)],
    running: Annotated[Runtime, Depends(runtime)],
    t: TEXTS,
) -> HTMLResponse:
    """A unit's months one below the other, and how they went as a chart."""
    scope = asked.months[-1].scope
    spec = chart.over_months([(month.scope.period, month.figures) for month in asked.months], t)
    return PAGES.page(
        request,
        "series.html",
        t,
        unit_id=scope.unit_id,
        name=await _name(running, scope.unit_id, scope.hierarchy_as_of),
        period=scope.period,
        previous=shifted(scope.period, -len(asked.months)),
        next=shifted(scope.period, len(asked.months)),
        months=asked.months,
        provisional=asked.provisional,
        known=written(scope.shown),
        columns=COLUMNS,
        chart=Markup(await chart.svg(spec)) if spec else None,  # noqa: S704 - drawn here from escaped values
    )


async def _name(running: Runtime, unit_id: UUID, on: date) -> str:
    unit = await running.directory.unit(unit_id, on)
    return unit.name if unit else str(unit_id)
