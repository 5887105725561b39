"""What can be asked of a roll call. Moments carry a zone. Several check-ins are one command: all or none."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.attendance.domain.roster import Roster
from shared.contracts.attendance import Call, RosterRow, Way
from shared.contracts.fields import TextRef


@dataclass(frozen=True, slots=True)
class Presence:
    member_id: UUID
    sitting_id: UUID
    at: datetime
    way: Way = Way.LIVE


@dataclass(frozen=True, slots=True)
class Departure:
    member_id: UUID
    sitting_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class Absence:
    """`note`: where the reason is kept."""

    member_id: UUID
    excused: bool
    note: TextRef


@dataclass(frozen=True, slots=True)
class OpenCall:
    """`roster`: what the local tables give now; used if none was drawn yet."""

    meeting_id: UUID
    call: Call
    opened_at: datetime
    roster: Roster


@dataclass(frozen=True, slots=True)
class CheckIn:
    meeting_id: UUID
    call: Call
    presences: tuple[Presence, ...]


@dataclass(frozen=True, slots=True)
class WithdrawCheckIn:
    meeting_id: UUID
    call: Call
    member_id: UUID
    sitting_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class RecordDepartures:
    meeting_id: UUID
    departures: tuple[Departure, ...]


@dataclass(frozen=True, slots=True)
class WithdrawDeparture:
    meeting_id: UUID
    member_id: UUID
    sitting_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class ExplainAbsences:
    """Explanations often come after the meeting: they are taken also when both calls are closed."""

    meeting_id: UUID
    absences: tuple[Absence, ...]


@dataclass(frozen=True, slots=True)
class WithdrawAbsence:
    meeting_id: UUID
    member_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class CountGuests:
    meeting_id: UUID
    guests: int
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class CloseCall:
    meeting_id: UUID
    call: Call
    closed_at: datetime


@dataclass(frozen=True, slots=True)
class EnterLate:
    """A roll call taken on paper at `at`, or what was forgotten; leaves that call closed."""

    meeting_id: UUID
    call: Call
    at: datetime
    roster: Roster
    presences: tuple[Presence, ...] = ()
    departures: tuple[Departure, ...] = ()
    absences: tuple[Absence, ...] = ()
    guests: int | None = None


@dataclass(frozen=True, slots=True)
class AmendRoster:
    """What the roster shall say from now on, knowing membership up to `membership_position`."""

    meeting_id: UUID
    reason: str
    membership_position: int
    rows: tuple[RosterRow, ...] = ()
    removed: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """The row that a member's events up to `position` of membership's log give; None: no row."""

    position: int
    row: RosterRow | None


@dataclass(frozen=True, slots=True)
class CompareRoster:
    """What is known of some members."""

    meeting_id: UUID
    members: Mapping[UUID, Known]


@dataclass(frozen=True, slots=True)
class RedrawRoster:
    """The meeting's cell or day was corrected."""

    meeting_id: UUID
    roster: Roster


Command = (
    OpenCall
    | CheckIn
    | WithdrawCheckIn
    | RecordDepartures
    | WithdrawDeparture
    | ExplainAbsences
    | WithdrawAbsence
    | CountGuests
    | CloseCall
    | EnterLate
    | AmendRoster
    | CompareRoster
    | RedrawRoster
)
