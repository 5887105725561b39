"""Criteria sets: published by a committee for everything below it."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from services.evaluation import queries
from services.evaluation.aggregates import CRITERIA_SET, criteria_stream
from services.evaluation.api.inputs import CriteriaSetInput, WithdrawalInput
from services.evaluation.domain.criteria import WithdrawCriteriaSet
from services.evaluation.domain.errors import CriteriaUnknown
from shared.contracts.evaluation import CATALOGUE_KEY, CriteriaSetPublished
from shared.contracts.fields import Code
from shared.eventstore.context import Context
from shared.service import Runtime, runtime
from shared.web.access import READ, Caller, Reach, Role, allow
from shared.web.context import CommandAccepted, command_context, receipt

router = APIRouter(prefix="/criteria-sets", tags=["criteria sets"])

Running = Annotated[Runtime, Depends(runtime)]
Commanded = Annotated[Context, Depends(command_context)]
Publisher = Annotated[Caller, allow({Role.APPRAISER: Reach.OWN_UNIT, Role.PROVINCE_BOARD: Reach.OWN_UNIT})]


@router.post("")
async def publish_criteria(
    body: CriteriaSetInput, caller: Publisher, running: Running, context: Commanded
) -> CommandAccepted:
    """A new set, or a new revision of one; refused with every place where it does not fit together."""
    await caller.require(body.unit_id)
    done = await running.handler(CRITERIA_SET).handle(
        body.command(), stream=criteria_stream(body.criteria_set), key=CATALOGUE_KEY, context=context
    )
    return receipt(done)


@router.post("/{criteria_set}/revisions/{revision}/withdrawal")
async def withdraw_criteria(
    criteria_set: Code, revision: int, body: WithdrawalInput, caller: Publisher, running: Running, context: Commanded
) -> CommandAccepted:
    """The revision was published in error: no later score uses it; scores made with it stand."""
    handler, stream = running.handler(CRITERIA_SET), criteria_stream(criteria_set)
    state, _ = await handler.state(stream)
    if state.unit_id is None:
        raise CriteriaUnknown(f"Không có bộ tiêu chí {criteria_set}.")
    await caller.require(state.unit_id)
    command = WithdrawCriteriaSet(criteria_set, revision, body.reason)
    return receipt(await handler.handle(command, stream=stream, key=CATALOGUE_KEY, context=context))


@router.get("")
async def criteria_sets(
    caller: Annotated[Caller, READ],
    running: Running,
    unit: Annotated[UUID | None, Query(description="Own unit if left out")] = None,
    on: Annotated[date | None, Query(description="Today if left out")] = None,
    parts: Annotated[list[str], Query(description="Kinds of meeting: regular, thematic")] = [],  # noqa: B006
) -> list[CriteriaSetPublished]:
    """The sets that apply to a unit on a day, the one to use first."""
    unit_id = unit or caller.unit_id
    if unit_id is None:
        return []
    await caller.require(unit_id)
    day = on or caller.on
    units = [unit_id, *await running.directory.ancestors(unit_id, day)]
    return await queries.criteria_for(running.pool, units, parts, day)
