"""Pages for operators: what runs and what is held, with dry run and redrive in a click. Nothing here keeps anything."""

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse

from services.operations.asked import Asked
from services.operations.overview import look
from services.operations.owners import Held, OwnerAway, Redriven
from services.operations.texts import WORDS
from shared.web.access import OPERATE, Caller
from shared.web.language import Texts, texts_of
from shared.web.pages import Pages

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse)

PAGES = Pages(Path(__file__).parent / "templates")
TEXTS = Annotated[Texts, Depends(texts_of(WORDS))]


@router.get("/")
async def overview_page(request: Request, _: Annotated[Caller, OPERATE], owners: Asked, t: TEXTS) -> HTMLResponse:
    """What runs, how far behind it is, what waits or is parked."""
    seen = await look(owners.services, owners.token, owners.http)
    return PAGES.page(request, "overview.html", t, seen=seen)


@router.post("/parked/dry-run")
async def dry_run_page(
    request: Request, _: Annotated[Caller, OPERATE], owners: Asked, held: Annotated[Held, Form()], t: TEXTS
) -> HTMLResponse:
    """What a redrive of a key would change; changes nothing."""
    try:
        seen = await owners.dry_run(held)
    except OwnerAway as error:
        return _said(request, t, held, problem=str(error))
    return _said(request, t, held, rehearsed=seen)


@router.post("/parked/redrive")
async def redrive_page(
    request: Request, _: Annotated[Caller, OPERATE], owners: Asked, held: Annotated[Held, Form()], t: TEXTS
) -> HTMLResponse:
    """Lets a key go."""
    try:
        done = await owners.redrive(held)
    except OwnerAway as error:
        return _said(request, t, held, problem=str(error))
    return _said(request, t, held, done=done)


def _said(
    request: Request,
    t: Texts,
    held: Held,
    *,
    rehearsed: Redriven | None = None,
    done: Redriven | None = None,
    problem: str | None = None,
) -> HTMLResponse:
    return PAGES.page(request, "redrive.html", t, held=held, rehearsed=rehearsed, done=done, problem=problem)
