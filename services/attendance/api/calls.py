"""The two roll calls and the roster under them: open, close, enter late, amend."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from services.attendance.api.desk import AMENDERS, RECORDERS, AtDesk
from services.attendance.api.entries import absences, departures, presences
from services.attendance.api.inputs import AmendmentInput, CloseInput, LateEntryInput, OpenInput
from services.attendance.domain import commands
from shared.contracts.attendance import Way
from shared.web.access import Caller, allow
from shared.web.context import CommandAccepted

router = APIRouter(prefix="/roll-calls", tags=["roll calls"])

Recorder = Annotated[Caller, allow(RECORDERS)]
Amender = Annotated[Caller, allow(AMENDERS)]


@router.post("/{meeting_id}/open")
async def open_call(meeting_id: UUID, body: OpenInput, caller: Recorder, desk: AtDesk) -> CommandAccepted:
    """Opens a roll call; the first one draws the roster from statuses effective on the meeting's day."""
    meeting = await desk.meeting(meeting_id, caller)
    roster = await desk.roster(meeting)
    command = commands.OpenCall(meeting_id, body.call, body.opened_at or desk.now(), roster)
    return await desk.handle(command, meeting)


@router.post("/{meeting_id}/close")
async def close_call(meeting_id: UUID, body: CloseInput, caller: Recorder, desk: AtDesk) -> CommandAccepted:
    """Ends a roll call; what comes later is a late entry."""
    meeting = await desk.meeting(meeting_id, caller)
    return await desk.handle(commands.CloseCall(meeting_id, body.call, body.closed_at or desk.now()), meeting)


@router.post("/{meeting_id}/late-entry")
async def enter_late(meeting_id: UUID, body: LateEntryInput, caller: Recorder, desk: AtDesk) -> CommandAccepted:
    """A whole roll call from paper, or what was forgotten; also by the commune's office on the cell's behalf."""
    meeting = await desk.meeting(meeting_id, caller)
    at = body.at or meeting.starts_at or desk.now()
    explained, notes = absences(body.absences, desk)
    command = commands.EnterLate(
        meeting_id=meeting_id,
        call=body.call,
        at=at,
        roster=await desk.roster(meeting),
        presences=presences(body.check_ins, meeting, desk, at=at, way=Way.PAPER),
        departures=departures(body.departures, meeting, desk, at=at),
        absences=explained,
        guests=body.guests,
    )
    return await desk.handle(command, meeting, notes)


@router.post("/{meeting_id}/amendment")
async def amend_roster(meeting_id: UUID, body: AmendmentInput, caller: Amender, desk: AtDesk) -> CommandAccepted:
    """Changes the roster after it was drawn, with a reason; settles discrepancies of the members it names."""
    meeting = await desk.meeting(meeting_id, caller)
    await desk.require_members([row.member_id for row in body.rows], "rows")
    command = commands.AmendRoster(
        meeting_id=meeting_id,
        reason=body.reason,
        membership_position=await desk.runtime.applied("membership"),
        rows=tuple(row.row() for row in body.rows),
        removed=body.removed,
    )
    return await desk.handle(command, meeting)
