"""Criteria sets: published by a committee for everything below it."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from services.evaluation import queries
from services.evaluation.aggregates import CRITERIA_SET, criteria_stream
from services.evaluation.api.inputs import CriteriaSetInput
from shared.contracts.evaluation import CATALOGUE_KEY, CriteriaSetPublished
from shared.eventstore.context import Context
from shared.service import Runtime, runtime
from shared.web.access import READ, Caller, Reach, Role, allow
from shared.web.context import CommandAccepted, command_context, receipt

router = APIRouter(prefix="/criteria-sets", tags=["criteria sets"])

Running = Annotated[Runtime, Depends(runtime)]
Publisher = Annotated[Caller, allow({Role.APPRAISER: Reach.OWN_UNIT, Role.PROVINCE_BOARD: Reach.OWN_UNIT})]


@router.post("")
async def publish(
    body: CriteriaSetInput, caller: Publisher, running: Running, context: Annotated[Context, Depends(command_context)]
) -> CommandAccepted:
    """A new set, or a new revision of one; refused with every place where it does not fit together."""
    await caller.require(body.unit_id)
    done = await running.handler(CRITERIA_SET).handle(
        body.command(), stream=criteria_stream(body.criteria_set), key=CATALOGUE_KEY, context=context
    )
    return receipt(done)


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
