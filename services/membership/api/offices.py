"""Who holds which office, and who follows which cell: ids only. A token of an office names its `office_id`."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from services.membership import queries
from services.membership.api.desk import READ_STRUCTURE, Day, Known, Running, asked_units
from shared.contracts.membership import AssignmentKind, OfficeRole
from shared.web.access import Caller
from shared.web.context import at_least

router = APIRouter(tags=["offices"], dependencies=[Depends(at_least)])
Under = Annotated[UUID | None, Query(description="The top of the subtree; the caller's own unit if left out.")]


class OfficeAnswer(BaseModel):
    office_id: UUID
    unit_id: UUID
    role: OfficeRole
    member_id: UUID | None
    valid_from: date
    valid_until: date | None


class AssignmentAnswer(BaseModel):
    assignment_id: UUID
    kind: AssignmentKind
    member_id: UUID
    unit_id: UUID
    valid_from: date
    valid_until: date | None


@router.get("/offices")
async def offices(
    caller: Annotated[Caller, READ_STRUCTURE], running: Running, known: Known, on: Day, under: Under = None
) -> list[OfficeAnswer]:
    """Tenures that cover the day, in the units of a subtree."""
    units = await asked_units(await known.tree(), caller, under, on)
    rows = await queries.offices_of(running.pool, [unit.unit_id for unit in units], on)
    return [OfficeAnswer(**row) for row in rows]


@router.get("/assignments")
async def assignments(
    caller: Annotated[Caller, READ_STRUCTURE], running: Running, known: Known, on: Day, under: Under = None
) -> list[AssignmentAnswer]:
    """Followers and note-takers of the units of a subtree, on the day."""
    units = await asked_units(await known.tree(), caller, under, on)
    rows = await queries.assignments_of(running.pool, [unit.unit_id for unit in units], on)
    return [AssignmentAnswer(**row) for row in rows]
