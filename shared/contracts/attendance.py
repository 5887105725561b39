"""Events of `attendance`: the roster of a meeting, its two roll calls, reasons, corrections.

One stream and one Kafka key per roll call: stream `roll-call-<meeting id>`, key the meeting's unit at first roster.
"""

from datetime import date
from enum import StrEnum
from uuid import UUID

from pydantic import AwareDatetime

from shared.contracts.event import Event
from shared.contracts.fields import Code, Count, Period, TextRef, Value
from shared.contracts.membership import MemberStatus


class Call(StrEnum):
    """Two roll calls, at start and end: a local practice (Đề án 05-ĐA/TU, 4/4/2023, Thanh Hóa); HD 42 asks for one."""

    START = "start"
    END = "end"


class Way(StrEnum):
    """How a presence was entered."""

    LIVE = "live"
    QR = "qr"
    OFFLINE = "offline"
    PAPER = "paper"
    IMPORT = "import"


class RosterRow(Value):
    """A member on the roster: expected, or why not (`exclusion`, a member status); and whether in the voting base.

    `hosted`: here on a temporary stay, counted in the strength of the home cell (294-QĐ/TW 6.3.2).
    """

    member_id: UUID
    expected: bool
    votes: bool
    exclusion: MemberStatus | None = None
    hosted: bool = False


class RosterDrawn(Event):
    """The roster was computed from statuses effective on `held_on`, knowing membership up to `membership_position`.

    Drawn again when the meeting's cell or day is corrected: replaces every earlier row.
    """

    meeting_id: UUID
    unit_id: UUID
    period: Period
    held_on: date
    membership_position: int
    rows: tuple[RosterRow, ...]


class RollCallOpened(Event):
    """One of the two roll calls began."""

    meeting_id: UUID
    unit_id: UUID
    call: Call
    opened_at: AwareDatetime


class MemberCheckedIn(Event):
    """A member was present: begins (or confirms, at the end call) an interval of presence in a sitting."""

    meeting_id: UUID
    member_id: UUID
    sitting_id: UUID
    call: Call
    at: AwareDatetime
    way: Way


class MemberLeft(Event):
    """A member who had come left before the end of the sitting."""

    meeting_id: UUID
    member_id: UUID
    sitting_id: UUID
    at: AwareDatetime


class DepartureWithdrawn(Event):
    """That the member left early was recorded in error."""

    meeting_id: UUID
    member_id: UUID
    sitting_id: UUID
    reason: Code


class CheckInWithdrawn(Event):
    """A check-in was recorded in error."""

    meeting_id: UUID
    member_id: UUID
    sitting_id: UUID
    call: Call
    reason: Code


class AbsenceExplained(Event):
    """Absent with or without reason (có lý do / không lý do). The last one of a member counts.

    `note`: the reason and what was said about it, one text of the member; both may speak of health (docs/adr/0005).
    """

    meeting_id: UUID
    member_id: UUID
    excused: bool
    note: TextRef


class AbsenceWithdrawn(Event):
    """The explanation was recorded in error; the member's absence is unexplained again."""

    meeting_id: UUID
    member_id: UUID
    reason: Code


class GuestsCounted(Event):
    """Guests who came; counted apart, never in the ratio. The last count holds; `reason`: why it is another one."""

    meeting_id: UUID
    guests: Count
    reason: Code | None = None


class RollCallClosed(Event):
    """One of the two roll calls ended; what comes later is a late entry."""

    meeting_id: UUID
    call: Call
    closed_at: AwareDatetime


class RosterDiscrepancyFound(Event):
    """What membership recorded later gives another row than the roster has; settled by `RosterAmended`.

    `row` is what membership would give (None: no row), knowing of this member up to `membership_position`. A row equal
    to the roster's takes an earlier finding back.
    """

    meeting_id: UUID
    member_id: UUID
    membership_position: int
    row: RosterRow | None


class RosterAmended(Event):
    """Rows added or replaced, and members removed, with a reason. Settles discrepancies of the same members."""

    meeting_id: UUID
    reason: Code
    membership_position: int
    rows: tuple[RosterRow, ...] = ()
    removed: tuple[UUID, ...] = ()


class PresenceRuleDecided(Event):
    """Whether both roll calls are needed to count as fully attended. No regulation says."""

    unit_id: UUID
    both_calls_needed: bool
    valid_from: date
    source: Code


class PresenceRuleWithdrawn(Event):
    """What the committee had decided to hold from that day was recorded in error: it never held, whatever its days."""

    unit_id: UUID
    valid_from: date
    reason: Code
