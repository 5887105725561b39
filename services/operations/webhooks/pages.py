"""The page of webhooks for operators: how each is, what failed; dry run, redrive and drop in a click."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse
from pydantic import AfterValidator, BaseModel, Field

from services.operations.pages import PAGES, TEXTS
from services.operations.webhooks.api import Known
from services.operations.webhooks.held import Held
from services.operations.webhooks.registry import Registry
from services.operations.webhooks.tables import Line
from shared.decider import DomainError
from shared.web.access import OPERATE, Caller
from shared.web.inputs import storable
from shared.web.language import Texts

router = APIRouter(prefix="/deliveries", tags=["pages"], default_response_class=HTMLResponse)
Name = Annotated[str, Field(max_length=2000), AfterValidator(storable)]


class Parked(BaseModel):
    """A key of a webhook, as a form names it."""

    webhook_id: UUID
    log_id: Name
    key: Name

    @property
    def of(self) -> tuple[str, str]:
        return self.log_id, self.key


@dataclass(frozen=True, slots=True)
class Said:
    """What a click came to; `good`: as it was meant."""

    text: str
    good: bool = True
    line: Line | None = None


@router.get("")
async def deliveries(request: Request, _: Annotated[Caller, OPERATE], known: Known, t: TEXTS) -> HTMLResponse:
    """Every webhook, and every key of which a delivery failed."""
    return await _page(request, known, t)


@router.post("/dry-run")
async def dry_run_delivery(
    request: Request, _: Annotated[Caller, OPERATE], known: Known, named: Annotated[Parked, Form()], t: TEXTS
) -> HTMLResponse:
    """What a redrive would send first; sends nothing."""
    lines = await Held(known.pool).lines(named.webhook_id, named.of)
    if not lines:
        return await _page(request, known, t, Said(t["not_failed"], good=False))
    return await _page(request, known, t, Said(f"{t['would_send']}: {t.number(lines[0].waiting)}.", line=lines[0]))


@router.post("/redrive")
async def redrive_delivery(
    request: Request, _: Annotated[Caller, OPERATE], known: Known, named: Annotated[Parked, Form()], t: TEXTS
) -> HTMLResponse:
    """Tries a key anew; the worker does the sending."""
    keys, waiting = await Held(known.pool).redrive(named.webhook_id, named.of)
    said = Said(f"{t['sent_again']}: {t.number(waiting)}.") if keys else Said(t["not_failed"], good=False)
    return await _page(request, known, t, said)


@router.post("/drop")
async def drop_delivery(
    request: Request, _: Annotated[Caller, OPERATE], known: Known, named: Annotated[Parked, Form()], t: TEXTS
) -> HTMLResponse:
    """Gives the parked delivery up, and goes on behind it."""
    try:
        position = await Held(known.pool).drop(named.webhook_id, named.of)
    except DomainError as error:
        return await _page(request, known, t, Said(str(error), good=False))
    return await _page(request, known, t, Said(f"{t['dropped']}: {named.log_id} {t.number(position)}."))


async def _page(request: Request, known: Registry, t: Texts, said: Said | None = None) -> HTMLResponse:
    lines = await Held(known.pool).lines()
    return PAGES.page(request, "deliveries.html", t, webhooks=await known.all(), lines=lines, said=said)
