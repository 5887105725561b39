"""Who came, who left, who was absent and why, how many guests."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from services.attendance.api.desk import RECORDERS, AtDesk, Desk
from services.attendance.api.inputs import (
    AbsenceInput,
    AbsencesInput,
    AbsenceWithdrawalInput,
    CheckInInput,
    CheckInsInput,
    CheckInWithdrawalInput,
    DepartureInput,
    DeparturesInput,
    DepartureWithdrawalInput,
    GuestsInput,
)
from services.attendance.api.said import Said
from services.attendance.domain import commands
from services.attendance.queries import KnownMeeting
from shared.contracts.attendance import Way
from shared.eventstore.log import Text
from shared.web.access import Caller, allow
from shared.web.context import CommandAccepted

router = APIRouter(prefix="/roll-calls", tags=["entries"])

Recorder = Annotated[Caller, allow(RECORDERS)]


@router.post("/{meeting_id}/check-ins")
async def check_in(meeting_id: UUID, body: CheckInsInput, caller: Recorder, desk: AtDesk) -> CommandAccepted:
    """One member or a whole batch, all or none. A second check-in is a success with nothing new."""
    meeting = await desk.meeting(meeting_id, caller)
    came = presences(body.check_ins, meeting, desk, at=desk.now(), way=Way.LIVE)
    return await desk.handle(commands.CheckIn(meeting_id, body.call, came), meeting)


@router.post("/{meeting_id}/check-in-withdrawals")
async def withdraw_check_in(
    meeting_id: UUID, body: CheckInWithdrawalInput, caller: Recorder, desk: AtDesk
) -> CommandAccepted:
    """The check-in was recorded in error; also after closing."""
    meeting = await desk.meeting(meeting_id, caller)
    sitting = desk.sitting(meeting, body.sitting_id, "body")
    command = commands.WithdrawCheckIn(meeting_id, body.call, body.member_id, sitting, body.reason)
    return await desk.handle(command, meeting)


@router.post("/{meeting_id}/departures")
async def record_departures(meeting_id: UUID, body: DeparturesInput, caller: Recorder, desk: AtDesk) -> CommandAccepted:
    """Members who had come left before the end."""
    meeting = await desk.meeting(meeting_id, caller)
    gone = departures(body.departures, meeting, desk, at=desk.now())
    return await desk.handle(commands.RecordDepartures(meeting_id, gone), meeting)


@router.post("/{meeting_id}/departure-withdrawals")
async def withdraw_departure(
    meeting_id: UUID, body: DepartureWithdrawalInput, caller: Recorder, desk: AtDesk
) -> CommandAccepted:
    """That the member left early was recorded in error."""
    meeting = await desk.meeting(meeting_id, caller)
    sitting = desk.sitting(meeting, body.sitting_id, "body")
    return await desk.handle(commands.WithdrawDeparture(meeting_id, body.member_id, sitting, body.reason), meeting)


@router.post("/{meeting_id}/absences")
async def explain_absences(meeting_id: UUID, body: AbsencesInput, caller: Recorder, desk: AtDesk) -> CommandAccepted:
    """Absent with or without reason (có lý do, không lý do); the last explanation of a member counts."""
    meeting = await desk.meeting(meeting_id, caller)
    explained, notes = absences(body.absences, desk)
    return await desk.handle(commands.ExplainAbsences(meeting_id, explained), meeting, notes)


@router.post("/{meeting_id}/absence-withdrawals")
async def withdraw_absence(
    meeting_id: UUID, body: AbsenceWithdrawalInput, caller: Recorder, desk: AtDesk
) -> CommandAccepted:
    """The explanation was recorded in error."""
    meeting = await desk.meeting(meeting_id, caller)
    return await desk.handle(commands.WithdrawAbsence(meeting_id, body.member_id, body.reason), meeting)


@router.post("/{meeting_id}/guests")
async def count_guests(meeting_id: UUID, body: GuestsInput, caller: Recorder, desk: AtDesk) -> CommandAccepted:
    """How many guests came: counted apart, never in the ratio."""
    meeting = await desk.meeting(meeting_id, caller)
    return await desk.handle(commands.CountGuests(meeting_id, body.guests, body.reason), meeting)


def presences(
    given: Sequence[CheckInInput], meeting: KnownMeeting, desk: Desk, *, at: datetime, way: Way
) -> tuple[commands.Presence, ...]:
    """Check-ins with the moment and the way of entry that they have unless they say otherwise."""
    return tuple(
        commands.Presence(
            member_id=each.member_id,
            sitting_id=desk.sitting(meeting, each.sitting_id, f"check_ins[{n}]"),
            at=each.at or at,
            way=each.way or way,
        )
        for n, each in enumerate(given)
    )


def departures(
    given: Sequence[DepartureInput], meeting: KnownMeeting, desk: Desk, *, at: datetime
) -> tuple[commands.Departure, ...]:
    return tuple(
        commands.Departure(
            member_id=each.member_id,
            sitting_id=desk.sitting(meeting, each.sitting_id, f"departures[{n}]"),
            at=each.at or at,
        )
        for n, each in enumerate(given)
    )


def absences(given: Sequence[AbsenceInput], desk: Desk) -> tuple[tuple[commands.Absence, ...], list[Text]]:
    """Absences with references to their notes, and the notes. Of a member who is named twice the last one counts."""
    last = {each.member_id: each for each in given}
    notes = {member: desk.note(member, Said(reason=each.reason, note=each.note)) for member, each in last.items()}
    explained = tuple(commands.Absence(member, each.excused, notes[member].ref) for member, each in last.items())
    return explained, list(notes.values())
