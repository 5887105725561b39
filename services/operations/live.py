"""What becomes known, as server-sent events: ids, types and roles. An event's `id` is where to go on after a break."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from services.operations.asked import Traces
from services.operations.queries import Seen, Wanted
from shared.web.access import OPERATE, Caller
from shared.web.problems import Refused

router = APIRouter(tags=["operations"])

# Shown of what was known before somebody looked.
BEFORE = 200
AT_ONCE = 500
LOOK_EVERY_SECONDS = 1.0
# Then the browser asks again by itself, and who may no longer look is refused.
STREAM_SECONDS = 300.0


class UnitMalformed(Refused):
    """Not an id: taken for none, it would show everything."""

    problem = "unit-malformed"
    status = 422


@dataclass(frozen=True, slots=True)
class Filter:
    """What the asker wants to see, as it was said and as it was understood."""

    unit: str
    type: str
    role: str
    wanted: Wanted


async def filters(
    unit: Annotated[str, Query(max_length=100)] = "",
    type_: Annotated[str, Query(alias="type", max_length=200)] = "",
    role: Annotated[str, Query(max_length=50)] = "",
) -> Filter:
    """An empty field, as a form sends it, limits nothing. Raises `UnitMalformed`."""
    return Filter(unit, type_, role, Wanted(_unit(unit.strip()), type_.strip() or None, role or None))


Wished = Annotated[Filter, Depends(filters)]


@router.get("/live/events", response_class=EventSourceResponse)
async def events(
    _: Annotated[Caller, OPERATE],
    index: Traces,
    asked: Wished,
    request: Request,
    after: Annotated[int | None, Query(ge=0, lt=2**63)] = None,
    last_event_id: Annotated[int | None, Header(ge=0, lt=2**63)] = None,
) -> AsyncIterator[ServerSentEvent]:
    """What becomes known after `after` (or the header `Last-Event-ID`; without both, from now on)."""
    clock = asyncio.get_running_loop().time
    until = clock() + STREAM_SECONDS
    given = after if last_event_id is None else last_event_id
    seq = await index.newest() if given is None else given
    while clock() < until and not request.app.state.stopping:
        reached, seen = await index.after(seq, asked.wanted, AT_ONCE)
        for one in seen:
            yield ServerSentEvent(data=_view(one), id=str(one.seq))
        if reached == seq:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
        seq = reached


def _view(seen: Seen) -> dict[str, Any]:
    return {
        "log_id": seen.log_id,
        "position": seen.position,
        "type": seen.type,
        "key": seen.key,
        "subject": seen.subject,
        "correlation_id": seen.correlation_id,
        "recorded_at": seen.recorded_at,
        "role": seen.role,
    }


def _unit(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise UnitMalformed(f"unit: {text!r} không phải mã định danh (UUID) của một tổ chức.") from error
