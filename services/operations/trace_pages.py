"""The pages over the index of traces: the timeline of whatever an id names, and what becomes known, live."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict

from services.operations.actors import REACTION
from services.operations.asked import Asked, Traces
from services.operations.live import BEFORE, Wished
from services.operations.overview import look
from services.operations.owners import OwnerAway, Owners
from services.operations.pages import PAGES, TEXTS
from services.operations.queries import Traced
from services.operations.timeline import timeline
from shared.web.access import OPERATE, Caller
from shared.web.pages import Script
from shared.web.roles import Role

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse)

MOST_EVENTS = 500
FIGURES = "reporting"
OF_A_MEETING = ("meeting-", "roll-call-", "score-")
SCRIPT = Script(Path(__file__).parent / "templates" / "live.js")
ACTING = (*(role.value for role in Role if role not in (Role.NOTE_TAKER, Role.FOLLOWER)), REACTION)


class Place(BaseModel):
    log_id: str
    position: int


class Figure(BaseModel):
    """Where a meeting counts, as reporting says."""

    model_config = ConfigDict(extra="ignore")

    meeting_id: UUID
    unit_id: UUID
    period: str
    outcome: str
    events: int
    input_digest: str
    facts: tuple[Place, ...]


@router.get("/trace")
async def trace_page(
    request: Request,
    _: Annotated[Caller, OPERATE],
    owners: Asked,
    index: Traces,
    t: TEXTS,
    named: Annotated[str, Query(alias="id", max_length=100)] = "",
) -> HTMLResponse:
    """What happened to whatever an id names, across all services; a meeting's as a whole."""
    wanted = _id(named)
    events = list(await index.timeline(wanted, MOST_EVENTS + 1)) if wanted else []
    cut, events = len(events) > MOST_EVENTS, events[:MOST_EVENTS]
    seen = await look(owners.services, owners.token, owners.http)
    figures = [await _figure(owners, meeting_id) for meeting_id in _meetings(events)]
    counted = {(fact.log_id, fact.position) for figure, _ in figures if figure for fact in figure.facts}
    return PAGES.page(
        request,
        "trace.html",
        t,
        named=named,
        wanted=wanted,
        asked=timeline(events, seen),
        silent=[service.service for service in seen.services if service.problem],
        figures=figures,
        counted=counted,
        most=MOST_EVENTS if cut else None,
    )


@router.get("/live")
async def live_page(
    request: Request, _: Annotated[Caller, OPERATE], index: Traces, t: TEXTS, asked: Wished
) -> HTMLResponse:
    """What became known last, and goes on as more does."""
    newest = await index.newest()
    reached, seen = await index.after(max(0, newest - BEFORE), asked.wanted, BEFORE)
    return PAGES.page(request, "live.html", t, script=SCRIPT, seen=seen[::-1], after=reached, asked=asked, roles=ACTING)


def _id(text: str) -> UUID | None:
    try:
        return UUID(text.strip())
    except ValueError:
        return None


def _meetings(events: list[Traced]) -> list[UUID]:
    """The meetings that the events are of, each once."""
    return list(
        dict.fromkeys(event.subject for event in events if event.subject and event.stream.startswith(OF_A_MEETING))
    )


async def _figure(owners: Owners, meeting_id: UUID) -> tuple[Figure | None, str]:
    """Where a meeting counts; or None and why that is not known."""
    try:
        return await owners.get(Figure, FIGURES, f"/ops/meetings/{meeting_id}"), ""
    except OwnerAway as error:
        return None, str(error)
