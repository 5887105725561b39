"""The roster after it was drawn: what membership says later, what a person decides about it, a corrected meeting."""

from collections.abc import Sequence
from uuid import UUID

from services.attendance.domain import errors
from services.attendance.domain.commands import AmendRoster, CompareRoster, RedrawRoster
from services.attendance.domain.roster import Roster
from services.attendance.domain.state import Drawn, RollCall
from shared.contracts.attendance import RosterAmended, RosterDiscrepancyFound, RosterDrawn, RosterRow
from shared.contracts.event import Event


def drawn(meeting_id: UUID, roster: Roster) -> RosterDrawn:
    return RosterDrawn(
        meeting_id=meeting_id,
        unit_id=roster.unit_id,
        period=roster.period,
        held_on=roster.held_on,
        membership_position=roster.membership_position,
        rows=roster.rows,
    )


def amend(command: AmendRoster, state: RollCall) -> Sequence[Event]:
    """Rows are replaced only by a person, with a reason, never silently by later facts."""
    if state.drawn is None:
        raise errors.RollCallUnknown("Kỳ sinh hoạt này chưa có danh sách dự sinh hoạt để đính chính.")
    for n, member in enumerate(command.removed):
        if member not in state.rows and member not in state.discrepancies:
            raise errors.NotOnRoster(f"removed[{n}]: {member} không có trong danh sách.")
        if state.checked_in(member):
            raise errors.Contradiction(f"removed[{n}]: đảng viên đã điểm danh; hãy rút điểm danh trước.")
    members = [row.member_id for row in command.rows]
    if len(set(members) | set(command.removed)) < len(members) + len(command.removed):
        raise errors.Contradiction("rows, removed: mỗi đảng viên chỉ được nêu một lần.")
    if not _changes(command, state):
        return []
    touched = {*members, *command.removed}
    known = [state.known[member] for member in touched if member in state.discrepancies]
    return [
        RosterAmended(
            meeting_id=command.meeting_id,
            reason=command.reason,
            membership_position=max(command.membership_position, *known, 0),
            rows=command.rows,
            removed=command.removed,
        )
    ]


def compare(command: CompareRoster, state: RollCall) -> Sequence[Event]:
    """A discrepancy per member whose row would differ, unless it was found, or a person settled it, knowing as much."""
    if state.drawn is None:
        return []
    return [
        RosterDiscrepancyFound(
            meeting_id=command.meeting_id,
            member_id=member,
            membership_position=known.position,
            row=known.row,
        )
        for member, known in command.members.items()
        if known.row != state.expected_row(member) and state.known.get(member, -1) < known.position
    ]


def redraw(command: RedrawRoster, state: RollCall) -> Sequence[Event]:
    """The meeting was of another cell or day. Check-ins stay recorded; those of nobody on the new roster count not."""
    if state.drawn is None or state.drawn == Drawn(command.roster.unit_id, command.roster.held_on):
        return []
    return [drawn(command.meeting_id, command.roster)]


def _changes(command: AmendRoster, state: RollCall) -> bool:
    def differs(member: UUID, row: RosterRow | None) -> bool:
        return member in state.discrepancies or state.rows.get(member) != row

    return any(differs(row.member_id, row) for row in command.rows) or any(
        differs(member, None) for member in command.removed
    )
