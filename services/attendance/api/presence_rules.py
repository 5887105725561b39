"""How presence is counted below a committee, decided by that committee."""

from typing import Annotated

from fastapi import APIRouter, Depends

from services.attendance.aggregates import PRESENCE_RULES, presence_rule_stream
from services.attendance.api.inputs import PresenceRuleInput, PresenceRuleWithdrawalInput
from services.attendance.domain.presence_rule import DecidePresenceRule, PresenceRuleCommand, WithdrawPresenceRule
from shared.eventstore.context import Context
from shared.service import Runtime, runtime
from shared.web.access import Caller, Reach, Role, allow
from shared.web.context import CommandAccepted, command_context, receipt

router = APIRouter(prefix="/presence-rules", tags=["presence rules"])

Running = Annotated[Runtime, Depends(runtime)]
Commanded = Annotated[Context, Depends(command_context)]
Decider = Annotated[Caller, allow({Role.APPRAISER: Reach.OWN_UNIT, Role.PROVINCE_BOARD: Reach.OWN_UNIT})]


@router.post("")
async def decide_presence_rule(
    body: PresenceRuleInput, caller: Decider, running: Running, context: Commanded
) -> CommandAccepted:
    """Whether both roll calls are needed to count as fully attended, from a day on."""
    await caller.require(body.unit_id)
    command = DecidePresenceRule(body.unit_id, body.both_calls_needed, body.valid_from, body.source)
    return await _handle(command, running, context)


@router.post("/withdrawal", responses={404: {}})
async def withdraw_presence_rule(
    body: PresenceRuleWithdrawalInput, caller: Decider, running: Running, context: Commanded
) -> CommandAccepted:
    """What holds from that day was decided in error: figures are as if it had never been."""
    await caller.require(body.unit_id)
    return await _handle(WithdrawPresenceRule(body.unit_id, body.valid_from, body.reason), running, context)


async def _handle(command: PresenceRuleCommand, running: Runtime, context: Context) -> CommandAccepted:
    done = await running.handler(PRESENCE_RULES).handle(
        command, stream=presence_rule_stream(command.unit_id), key=str(command.unit_id), context=context
    )
    return receipt(done)
