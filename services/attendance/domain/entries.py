"""Check-ins, departures and explained absences, live or late: what is new becomes an event, what is known is silent."""

from collections.abc import Sequence
from uuid import UUID

from services.attendance.domain import errors
from services.attendance.domain.commands import Absence, Departure, Presence
from services.attendance.domain.state import RollCall
from shared.contracts.attendance import AbsenceExplained, Call, MemberCheckedIn, MemberLeft
from shared.contracts.event import Event


def check_ins(meeting_id: UUID, call: Call, presences: Sequence[Presence], state: RollCall) -> Sequence[Event]:
    """A second check-in of a member in the same sitting and call is a success with nothing new."""
    _check_roster("check_ins", [presence.member_id for presence in presences], state)
    first = {(presence.member_id, presence.sitting_id): presence for presence in reversed(presences)}
    return [
        MemberCheckedIn(
            meeting_id=meeting_id,
            member_id=presence.member_id,
            sitting_id=presence.sitting_id,
            call=call,
            at=presence.at,
            way=presence.way,
        )
        for presence in reversed(first.values())
        if (presence.sitting_id, call) not in state.checked_in(presence.member_id)
    ]


def departures(meeting_id: UUID, gone: Sequence[Departure], state: RollCall) -> Sequence[Event]:
    _check_roster("departures", [departure.member_id for departure in gone], state)
    for n, departure in enumerate(gone):
        came = {sitting for sitting, _ in state.checked_in(departure.member_id)}
        if departure.sitting_id not in came:
            raise errors.Contradiction(f"departures[{n}].member_id: đảng viên chưa điểm danh ở buổi này.")
    last = {(departure.member_id, departure.sitting_id): departure for departure in gone}
    return [
        MemberLeft(
            meeting_id=meeting_id,
            member_id=departure.member_id,
            sitting_id=departure.sitting_id,
            at=departure.at,
        )
        for pair, departure in last.items()
        if pair not in state.left
    ]


def absences(meeting_id: UUID, explained: Sequence[Absence], state: RollCall) -> Sequence[Event]:
    """The last explanation of a member counts; one who came has nothing to explain.

    An explanation is always new: its note is salted, so that the same words are not recognised.
    """
    _check_roster("absences", [absence.member_id for absence in explained], state)
    for n, absence in enumerate(explained):
        if state.checked_in(absence.member_id):
            raise errors.Contradiction(f"absences[{n}].member_id: đảng viên đã điểm danh; hãy rút điểm danh trước.")
    return [
        AbsenceExplained(meeting_id=meeting_id, member_id=each.member_id, excused=each.excused, note=each.note)
        for each in explained
    ]


def _check_roster(field: str, members: Sequence[UUID], state: RollCall) -> None:
    unknown = [f"{field}[{n}].member_id {member}" for n, member in enumerate(members) if member not in state.rows]
    if unknown:
        raise errors.NotOnRoster(
            f"Không có trong danh sách dự sinh hoạt: {', '.join(unknown)}. "
            "Khách ghi ở mục khách; danh sách sai thì đính chính."
        )
