"""One overview of all services, as JSON and as a page, for operators: ids, counts and reasons, no names, no texts."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import httpx
from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from services.operations.overview import Overview, look
from services.operations.settings import OperationsSettings
from services.operations.texts import WORDS
from shared.service import Runtime, runtime
from shared.web.access import Caller, Reach, Role, allow
from shared.web.identity import access_token
from shared.web.language import Texts, texts_of
from shared.web.pages import Pages

router = APIRouter(tags=["operations"])

OPERATE = allow({Role.OPERATOR: Reach.SYSTEM})
PAGES = Pages(Path(__file__).parent / "templates")


async def client() -> AsyncIterator[httpx.AsyncClient]:
    """A client for one request; proxies of the environment are not for services."""
    async with httpx.AsyncClient(trust_env=False) as http:
        yield http


async def overview(
    _: Annotated[Caller, OPERATE],
    token: Annotated[str, Depends(access_token)],
    running: Annotated[Runtime, Depends(runtime)],
    http: Annotated[httpx.AsyncClient, Depends(client)],
) -> Overview:
    """Each owner is asked with the operator's own token: it decides itself what it shows."""
    assert isinstance(running.settings, OperationsSettings)  # noqa: S101 - the composition root made it so
    return await look(running.settings.services, token, http)


@router.get("/status")
async def status(seen: Annotated[Overview, Depends(overview)]) -> Overview:
    """What runs, how far behind it is, what waits or is parked."""
    return seen


@router.get("/", response_class=HTMLResponse)
async def page(
    request: Request,
    seen: Annotated[Overview, Depends(overview)],
    t: Annotated[Texts, Depends(texts_of(WORDS))],
) -> HTMLResponse:
    """The same for people."""
    return PAGES.page(request, "overview.html", t, seen=seen)
