"""What a roll call allows: one function per command.

Two roll calls, at start and end, are a local practice (Đề án 05-ĐA/TU, 4/4/2023); HD 42-HD/BTCTW asks for one, so the
end call is never required here. The roster is drawn when the first call opens.
"""

from collections.abc import Sequence
from typing import assert_never
from uuid import UUID

from services.attendance.domain import amendment, entries, errors
from services.attendance.domain.commands import (
    AmendRoster,
    CheckIn,
    CloseCall,
    Command,
    CompareRoster,
    CountGuests,
    EnterLate,
    ExplainAbsences,
    OpenCall,
    RecordDepartures,
    RedrawRoster,
    WithdrawAbsence,
    WithdrawCheckIn,
    WithdrawDeparture,
)
from services.attendance.domain.roster import Roster
from services.attendance.domain.state import RollCall, evolve
from shared.contracts import attendance as events
from shared.contracts.attendance import Call, Way
from shared.contracts.event import Event
from shared.decider import Decider

_LATE_WAYS = frozenset({Way.PAPER, Way.OFFLINE, Way.IMPORT})


def decide(command: Command, state: RollCall) -> Sequence[Event]:  # noqa: C901, PLR0912 - one arm per command
    match command:
        case OpenCall():
            return open_call(command, state)
        case CheckIn():
            return check_in(command, state)
        case WithdrawCheckIn():
            return withdraw_check_in(command, state)
        case RecordDepartures():
            return record_departures(command, state)
        case WithdrawDeparture():
            return withdraw_departure(command, state)
        case ExplainAbsences():
            return explain_absences(command, state)
        case WithdrawAbsence():
            return withdraw_absence(command, state)
        case CountGuests():
            return count_guests(command, state)
        case CloseCall():
            return close_call(command, state)
        case EnterLate():
            return enter_late(command, state)
        case AmendRoster():
            return amendment.amend(command, state)
        case CompareRoster():
            return amendment.compare(command, state)
        case RedrawRoster():
            return amendment.redraw(command, state)
        case _:
            assert_never(command)


def open_call(command: OpenCall, state: RollCall) -> Sequence[Event]:
    is_open = state.calls.get(command.call)
    if is_open:
        return []
    if is_open is False:
        raise errors.CallClosed("Lần điểm danh này đã đóng; hãy dùng mục ghi bổ sung (late-entry).")
    if state.drawn is None and command.call is Call.END:
        raise errors.CallNotOpen("Hãy mở điểm danh đầu buổi trước khi điểm danh cuối buổi.")
    opened = events.RollCallOpened(
        meeting_id=command.meeting_id,
        unit_id=command.roster.unit_id,
        call=command.call,
        opened_at=command.opened_at,
    )
    return [*_drawn_if_missing(command.meeting_id, command.roster, state), opened]


def check_in(command: CheckIn, state: RollCall) -> Sequence[Event]:
    _require_open(command.call, state)
    return entries.check_ins(command.meeting_id, command.call, command.presences, state)


def withdraw_check_in(command: WithdrawCheckIn, state: RollCall) -> Sequence[Event]:
    if (command.sitting_id, command.call) not in state.checked_in(command.member_id):
        raise errors.CheckInUnknown("Không có lượt điểm danh này để rút.")
    return [
        events.CheckInWithdrawn(
            meeting_id=command.meeting_id,
            member_id=command.member_id,
            sitting_id=command.sitting_id,
            call=command.call,
            reason=command.reason,
        )
    ]


def record_departures(command: RecordDepartures, state: RollCall) -> Sequence[Event]:
    _require_drawn(state)
    if state.calls.get(Call.END) is False:
        raise errors.CallClosed("Điểm danh cuối buổi đã đóng; hãy dùng mục ghi bổ sung (late-entry).")
    return entries.departures(command.meeting_id, command.departures, state)


def withdraw_departure(command: WithdrawDeparture, state: RollCall) -> Sequence[Event]:
    if (command.member_id, command.sitting_id) not in state.left:
        raise errors.DepartureUnknown("Không có lượt về sớm này để rút.")
    return [
        events.DepartureWithdrawn(
            meeting_id=command.meeting_id,
            member_id=command.member_id,
            sitting_id=command.sitting_id,
            reason=command.reason,
        )
    ]


def explain_absences(command: ExplainAbsences, state: RollCall) -> Sequence[Event]:
    _require_drawn(state)
    return entries.absences(command.meeting_id, command.absences, state)


def withdraw_absence(command: WithdrawAbsence, state: RollCall) -> Sequence[Event]:
    if command.member_id not in state.absences:
        raise errors.AbsenceUnknown("Đảng viên này không có lý do vắng nào đã ghi để rút.")
    return [events.AbsenceWithdrawn(meeting_id=command.meeting_id, member_id=command.member_id, reason=command.reason)]


def count_guests(command: CountGuests, state: RollCall) -> Sequence[Event]:
    _require_drawn(state)
    if command.guests == state.guests:
        return []
    return [events.GuestsCounted(meeting_id=command.meeting_id, guests=command.guests, reason=command.reason)]


def close_call(command: CloseCall, state: RollCall) -> Sequence[Event]:
    if command.call not in state.calls:
        raise errors.CallNotOpen("Lần điểm danh này chưa mở.")
    if not state.calls[command.call]:
        return []
    return [events.RollCallClosed(meeting_id=command.meeting_id, call=command.call, closed_at=command.closed_at)]


def enter_late(command: EnterLate, state: RollCall) -> Sequence[Event]:
    """Everything of the call at once: draws, opens and closes what nobody did, so that nothing stays half-done."""
    for n, presence in enumerate(command.presences):
        if presence.way not in _LATE_WAYS:
            raise errors.WayWrong(f"check_ins[{n}].way: ghi bổ sung chỉ nhận paper, offline hoặc import.")
    made: list[Event] = [*_drawn_if_missing(command.meeting_id, command.roster, state)]
    if command.call not in state.calls:
        opened = events.RollCallOpened(
            meeting_id=command.meeting_id,
            unit_id=command.roster.unit_id,
            call=command.call,
            opened_at=command.at,
        )
        made.append(opened)
    now = _after(made, state)
    made += entries.check_ins(command.meeting_id, command.call, command.presences, now)
    made += entries.departures(command.meeting_id, command.departures, _after(made, state))
    made += entries.absences(command.meeting_id, command.absences, _after(made, state))
    if command.guests is not None:
        made += count_guests(CountGuests(command.meeting_id, command.guests), _after(made, state))
    if _after(made, state).calls.get(command.call):
        made.append(events.RollCallClosed(meeting_id=command.meeting_id, call=command.call, closed_at=command.at))
    return made


def commutes(command: Command) -> bool:
    """Check-ins are right in any order, so that two devices at the door never see a conflict."""
    return isinstance(command, CheckIn)


def restates(command: Command) -> bool:
    """What membership and meetings say of a roster can be said again at any time."""
    return isinstance(command, CompareRoster | RedrawRoster)


def _after(made: Sequence[Event], state: RollCall) -> RollCall:
    for event in made:
        state = evolve(state, event)
    return state


def _drawn_if_missing(meeting_id: UUID, roster: Roster, state: RollCall) -> Sequence[Event]:
    return [] if state.drawn is not None else [amendment.drawn(meeting_id, roster)]


def _require_drawn(state: RollCall) -> None:
    if state.drawn is None:
        raise errors.RollCallUnknown("Kỳ sinh hoạt này chưa điểm danh; hãy mở điểm danh hoặc ghi bổ sung (late-entry).")


def _require_open(call: Call, state: RollCall) -> None:
    if call not in state.calls:
        raise errors.CallNotOpen("Lần điểm danh này chưa mở.")
    if not state.calls[call]:
        raise errors.CallClosed("Lần điểm danh này đã đóng; hãy dùng mục ghi bổ sung (late-entry).")


DECIDER = Decider(initial=RollCall(), decide=decide, evolve=evolve)
