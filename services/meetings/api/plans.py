"""Plans and their changes: schedule, reschedule, correct, withdraw."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from services.meetings.api.desk import CORRECTORS, RECORDERS, AtDesk, Desk
from services.meetings.api.inputs import (
    CorrectionInput,
    PlanInput,
    RescheduleInput,
    ScheduleInput,
    SittingInput,
    WithdrawalInput,
)
from services.meetings.api.sittings import held_sittings
from services.meetings.domain import commands, errors
from services.meetings.domain.checks import live
from shared.contracts.meetings import PlannedSitting
from shared.eventstore.log import Text
from shared.web.access import Caller, OnBehalfRefused, Reach, Role, allow
from shared.web.context import CommandAccepted

router = APIRouter(prefix="/meetings", tags=["meetings"])

Recorder = Annotated[Caller, allow(RECORDERS)]
Corrector = Annotated[Caller, allow(CORRECTORS)]
# The province's board may be the lowest committee above two cells; for anything but a move it reaches only itself.
Mover = Annotated[Caller, allow({**CORRECTORS, Role.PROVINCE_BOARD: Reach.OWN_UNIT})]


@router.post("")
async def schedule_meeting(body: ScheduleInput, caller: Recorder, desk: AtDesk) -> CommandAccepted:
    """Plans a meeting of a cell or its committee for a period."""
    await caller.require(body.unit_id)
    await desk.require_body(body.unit_id, body.body)
    meeting_id = body.meeting_id or desk.context.new_id("meeting")
    sittings, texts = planned_sittings(body.sittings, meeting_id, desk)
    command = commands.ScheduleMeeting(meeting_id, plan_of(body), sittings)
    return await desk.handle(command, body.unit_id, texts)


@router.post("/{meeting_id}/reschedule")
async def reschedule_meeting(
    meeting_id: UUID, body: RescheduleInput, caller: Recorder, desk: AtDesk
) -> CommandAccepted:
    """New sittings replace all earlier ones, as long as there is no outcome."""
    plan = live(await desk.known(meeting_id, caller))
    sittings, texts = planned_sittings(body.sittings, meeting_id, desk)
    return await desk.handle(commands.RescheduleMeeting(meeting_id, sittings), plan.unit_id, texts)


@router.post("/{meeting_id}/correction")
async def correct_meeting(meeting_id: UUID, body: CorrectionInput, caller: Mover, desk: AtDesk) -> CommandAccepted:
    """Recorded facts were wrong. Another `unit_id` takes an office of the lowest committee above both units."""
    state = await desk.meeting(meeting_id)
    plan = live(state)
    if body.unit_id is not None and body.unit_id != plan.unit_id:
        await _require_common_committee(caller, desk, plan.unit_id, body.unit_id)
    else:
        await caller.require(plan.unit_id)
    await desk.require_body(body.unit_id or plan.unit_id, body.body or plan.body)
    command = commands.CorrectMeeting(
        meeting_id=meeting_id,
        reason=body.reason,
        now=desk.now(),
        unit_id=body.unit_id,
        body=body.body,
        period=body.period,
        parts=body.parts,
        held_on=body.held_on,
        sittings=None if body.sittings is None else held_sittings(body.sittings, state, desk),
        speakers=body.speakers,
        superior_attended=body.superior_attended,
    )
    return await desk.handle(command, plan.unit_id)


@router.post("/{meeting_id}/withdrawal")
async def withdraw_meeting(meeting_id: UUID, body: WithdrawalInput, caller: Corrector, desk: AtDesk) -> CommandAccepted:
    """The meeting was recorded in error and counts nowhere."""
    plan = live(await desk.known(meeting_id, caller))
    return await desk.handle(commands.WithdrawMeeting(meeting_id, body.reason), plan.unit_id)


def plan_of(body: PlanInput) -> commands.Plan:
    return commands.Plan(unit_id=body.unit_id, body=body.body, period=body.period, parts=body.parts)


def planned_sittings(
    given: Sequence[SittingInput], meeting_id: UUID, desk: Desk
) -> tuple[tuple[PlannedSitting, ...], list[Text]]:
    """The sittings with references to their places, and the texts of the places."""
    places = [
        desk.text(sitting.place, kind="place", meeting_id=meeting_id, name=str(n)) if sitting.place else None
        for n, sitting in enumerate(given)
    ]
    sittings = tuple(
        PlannedSitting(
            sitting_id=sitting.sitting_id or desk.context.new_id(f"sitting:{n}"),
            starts_at=sitting.starts_at,
            mode=sitting.mode,
            group=sitting.group,
            place=place.ref if place else None,
        )
        for n, (sitting, place) in enumerate(zip(given, places, strict=True))
    )
    return sittings, [place for place in places if place]


async def _require_common_committee(caller: Caller, desk: Desk, first: UUID, second: UUID) -> None:
    if caller.behalf is not None:
        raise OnBehalfRefused("Chuyển kỳ sinh hoạt là việc của chính cấp ủy: bỏ tiêu đề On-Behalf-Of.")
    directory = desk.runtime.directory
    above = set(await directory.ancestors(second, caller.on))
    common = next((unit for unit in await directory.ancestors(first, caller.on) if unit in above), None)
    if common is None or common not in {grant.unit_id for grant in caller.grants}:
        raise errors.MoveNotAllowed(
            "Chuyển kỳ sinh hoạt sang chi bộ khác phải do cấp ủy trực tiếp của cả hai chi bộ thực hiện."
        )
