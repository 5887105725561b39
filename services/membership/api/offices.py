"""Who holds which office, and who follows which cell: ids only. A token of an office names its `office_id`.

They begin and end by files; what was recorded in error is withdrawn here.
"""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from services.membership import queries
from services.membership.aggregates import ASSIGNMENTS, OFFICES
from services.membership.api.desk import CHANGE, READ_STRUCTURE, Day, Known, Running, asked_units
from services.membership.domain import assignment, errors, office
from services.membership.domain.assignment import WithdrawAssignment
from services.membership.domain.office import WithdrawOffice
from shared.contracts.fields import Code
from shared.contracts.membership import TREE_KEY, AssignmentKind, OfficeRole
from shared.eventstore.context import Context
from shared.web.access import Caller
from shared.web.context import CommandAccepted, at_least, command_context, receipt
from shared.web.examples import example
from shared.web.inputs import Input

router = APIRouter(tags=["offices"], dependencies=[Depends(at_least)])
Commanded = Annotated[Context, Depends(command_context)]
Under = Annotated[UUID | None, Query(description="The top of the subtree; the caller's own unit if left out.")]


class TenureWithdrawal(Input):
    model_config = example(reason="wrong_person")

    reason: Code


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


@router.post("/offices/{office_id}/withdrawal")
async def withdraw_office(
    caller: Annotated[Caller, CHANGE], running: Running, context: Commanded, office_id: UUID, body: TenureWithdrawal
) -> CommandAccepted:
    """The tenure was recorded in error: a token of it opens nothing from now on."""
    handler, stream = running.handler(OFFICES), office.stream(office_id)
    state, _ = await handler.state(stream)
    if state.assigned is None:
        raise errors.UnknownOffice(f"Không có chức vụ {office_id}.")
    await caller.require(state.assigned.unit_id)
    command = WithdrawOffice(office_id, body.reason)
    return receipt(await handler.handle((command,), stream=stream, key=TREE_KEY, context=context))


@router.post("/assignments/{assignment_id}/withdrawal")
async def withdraw_assignment(
    caller: Annotated[Caller, CHANGE], running: Running, context: Commanded, assignment_id: UUID, body: TenureWithdrawal
) -> CommandAccepted:
    """The assignment was recorded in error: the member follows the cell, or takes its notes, no longer."""
    handler, stream = running.handler(ASSIGNMENTS), assignment.stream(assignment_id)
    state, _ = await handler.state(stream)
    if state.given is None:
        raise errors.UnknownAssignment(f"Không có phân công {assignment_id}.")
    await caller.require(state.given.unit_id)
    command = WithdrawAssignment(assignment_id, body.reason)
    return receipt(await handler.handle((command,), stream=stream, key=TREE_KEY, context=context))
