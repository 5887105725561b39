"""What operations asks every service: positions and consumers, parked events, the body of one event."""

import json
from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel

from shared.contracts.envelope import RecordedEvent
from shared.web.access import OPERATE, READ_OR_OPERATE, Caller, Role
from shared.web.problems import Refused
from shared.web.runtime import ServiceRuntime, service_runtime

router = APIRouter(prefix="/ops", tags=["operations"])

Running = Annotated[ServiceRuntime, Depends(service_runtime)]

# The owner's readers see what concerns a unit that they read; an operator sees ids, codes and counts: events hold
# nothing else (docs/adr/0005), and the texts that they point to are not shown here.
READ_EVENT = READ_OR_OPERATE


class EventNotFound(Refused):
    """The log has no event at this position: positions have permanent gaps."""

    problem = "event-not-found"
    status = 404


class RecordedEventView(BaseModel):
    """One row of the log."""

    log_id: str
    position: int
    stream: str
    version: int
    event_id: UUID
    type: str
    schema_version: int
    recorded_at: str
    metadata: dict[str, str]
    data: dict[str, Any]


@router.get("/status")
async def status(_: Annotated[Caller, OPERATE], runtime: Running) -> dict[str, Any]:
    """Relay position against the log's head, consumers, watermarks."""
    return await runtime.status()


@router.get("/parked")
async def parked(_: Annotated[Caller, OPERATE], runtime: Running) -> dict[str, Any]:
    """Waiting, parked and quarantined events of the service's consumers."""
    return await runtime.parked()


@router.get("/events/{position}")
async def event(
    position: Annotated[int, Path(ge=1, lt=2**63)],
    caller: Annotated[Caller, READ_EVENT],
    runtime: Running,
) -> RecordedEventView:
    """The event at `position` of this service's log."""
    rows = await runtime.log.read(after=position - 1, limit=1) if runtime.log else ()
    if not rows or rows[0].position != position:
        raise EventNotFound(f"Nhật ký không có sự kiện ở vị trí {position}.")
    row = rows[0]
    data = json.loads(row.data)
    if not caller.has(Role.OPERATOR):
        await caller.require(await _unit_of(row, data, caller, runtime))
    return _view(row, data)


async def _unit_of(row: RecordedEvent, data: dict[str, Any], caller: Caller, runtime: ServiceRuntime) -> UUID:
    for field in ("unit_id", "cell_id", "to_cell_id"):
        if data.get(field):
            return UUID(data[field])
    if data.get("member_id") and row.key == data["member_id"]:
        cell_id = await runtime.directory.cell_of(UUID(row.key), caller.on)
        if cell_id:
            return cell_id
    try:
        return UUID(row.key)
    except ValueError as error:
        raise EventNotFound("Sự kiện này không gắn với một tổ chức nào.") from error


def _view(row: RecordedEvent, data: dict[str, Any]) -> RecordedEventView:
    return RecordedEventView(
        log_id=row.log_id,
        position=row.position,
        stream=row.stream,
        version=row.version,
        event_id=row.event_id,
        type=row.type,
        schema_version=row.schema_version,
        recorded_at=row.recorded_at.isoformat(),
        # Of version 0.1.0, a body's hash could be guessed back.
        metadata=replace(row.metadata, body_hash=None).to_json(),
        data=data,
    )
