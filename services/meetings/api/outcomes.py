"""What became of a meeting: held, not held, or recorded in error. Late entry is the same as timely entry."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from services.meetings.api.desk import CORRECTORS, RECORDERS, AtDesk
from services.meetings.api.inputs import HeldInput, NotHeldInput, PlanInput, WithdrawalInput
from services.meetings.api.plans import plan_of
from services.meetings.api.sittings import held_sittings
from services.meetings.domain import commands
from services.meetings.domain.checks import live, plan_for_outcome
from shared.web.access import Caller, allow
from shared.web.context import CommandAccepted

router = APIRouter(prefix="/meetings", tags=["outcomes"])

Recorder = Annotated[Caller, allow(RECORDERS)]
Corrector = Annotated[Caller, allow(CORRECTORS)]


@router.post("/{meeting_id}/held")
async def hold_meeting(meeting_id: UUID, body: HeldInput, caller: Recorder, desk: AtDesk) -> CommandAccepted:
    """The meeting took place; `plan` for one that nobody had scheduled."""
    plan = _plan(body.plan)
    state = await desk.known_or(plan, meeting_id, caller)
    command = commands.HoldMeeting(
        meeting_id=meeting_id,
        now=desk.now(),
        sittings=held_sittings(body.sittings, state, desk),
        plan=plan,
        speakers=body.speakers,
        superior_attended=body.superior_attended,
    )
    return await desk.handle(command, plan_for_outcome(plan, state).unit_id)


@router.post("/{meeting_id}/not-held")
async def report_not_held(meeting_id: UUID, body: NotHeldInput, caller: Recorder, desk: AtDesk) -> CommandAccepted:
    """No meeting took place for the period, and why; `plan` for one that nobody had scheduled."""
    plan = _plan(body.plan)
    state = await desk.known_or(plan, meeting_id, caller)
    command = commands.ReportNotHeld(meeting_id, body.reason, plan)
    return await desk.handle(command, plan_for_outcome(plan, state).unit_id)


@router.post("/{meeting_id}/outcome-withdrawal")
async def withdraw_outcome(meeting_id: UUID, body: WithdrawalInput, caller: Corrector, desk: AtDesk) -> CommandAccepted:
    """Held or not held was recorded in error; the meeting is open again."""
    plan = live(await desk.known(meeting_id, caller))
    return await desk.handle(commands.WithdrawOutcome(meeting_id, body.reason), plan.unit_id)


def _plan(given: PlanInput | None) -> commands.Plan | None:
    return None if given is None else plan_of(given)
