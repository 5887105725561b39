"""How presence is counted below a committee, decided by that committee."""

from typing import Annotated

from fastapi import APIRouter, Depends

from services.attendance.aggregates import PRESENCE_RULES, presence_rule_stream
from services.attendance.api.inputs import PresenceRuleInput
from services.attendance.domain.presence_rule import DecidePresenceRule
from shared.eventstore.context import Context
from shared.service import Runtime, runtime
from shared.web.access import Caller, Reach, Role, allow
from shared.web.context import CommandAccepted, command_context, receipt

router = APIRouter(tags=["presence rules"])

Decider = Annotated[Caller, allow({Role.APPRAISER: Reach.OWN_UNIT, Role.PROVINCE_BOARD: Reach.OWN_UNIT})]


@router.post("/presence-rules")
async def decide_presence_rule(
    body: PresenceRuleInput,
    caller: Decider,
    running: Annotated[Runtime, Depends(runtime)],
    context: Annotated[Context, Depends(command_context)],
) -> CommandAccepted:
    """Whether both roll calls are needed to count as fully attended, from a day on."""
    await caller.require(body.unit_id)
    command = DecidePresenceRule(body.unit_id, body.both_calls_needed, body.valid_from, body.source)
    done = await running.handler(PRESENCE_RULES).handle(
        command, stream=presence_rule_stream(body.unit_id), key=str(body.unit_id), context=context
    )
    return receipt(done)
