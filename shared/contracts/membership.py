"""Events of `membership`: units and their tree over time, offices and assignments, members and their status.

Tree, catalogue, office and assignment events share one key, so their order holds; a member's events have the
member's id as key. `effective_on` / `valid_from` is when something holds; when we learned it is `recorded_at`.
"""

from datetime import date
from enum import StrEnum
from uuid import UUID

from shared.contracts.event import Event
from shared.contracts.fields import CellType, Citation, Code, OfficialName, TextRef

TREE_KEY = "tree"


class OfficeRole(StrEnum):
    SECRETARY = "secretary"
    DEPUTY_SECRETARY = "deputy_secretary"
    COMMITTEE_MEMBER = "committee_member"
    COMMUNE_OFFICE = "commune_office"
    APPRAISER = "appraiser"
    PROVINCE_BOARD = "province_board"


class AssignmentKind(StrEnum):
    """Work given to a member by name: following a cell (cấp ủy viên phụ trách, theo dõi) or taking its notes."""

    FOLLOWER = "follower"
    NOTE_TAKER = "note_taker"


class Standing(StrEnum):
    """Charter rules of 294-QĐ/TW (26/5/2025): a probationary member (12 months) attends but does not vote."""

    OFFICIAL = "official"
    PROBATIONARY = "probationary"


class MemberStatus(StrEnum):
    """The effect on the cell's meetings, never its cause: 294-QĐ/TW (26/5/2025) articles 6-8.

    `exempt` says neither health nor another ground; `suspended` covers a disciplinary measure, a prosecution and
    detention alike. Whoever needs the cause asks the office that keeps the member's file.
    """

    ACTIVE = "active"
    EXEMPT = "exempt"
    TEMPORARY_ELSEWHERE = "temporary_elsewhere"
    IN_TRANSIT = "in_transit"
    SUSPENDED = "suspended"
    SPECIAL_DUTY = "special_duty"
    DEPARTED = "departed"


class UnitKindDefined(Event):
    """A kind of unit as data: its name, whether it is a cell, and whether its committee decides ratings.

    A sub-committee (đảng bộ bộ phận) decides nothing on organisation: 294-QĐ/TW, article 10.
    """

    kind: Code
    name: OfficialName
    is_cell: bool
    decides_ratings: bool
    valid_from: date


class UnitRegistered(Event):
    """A unit exists from `effective_on`. Only the root has no parent; `cell_type` is set for cells alone."""

    unit_id: UUID
    kind: Code
    name: OfficialName
    parent_id: UUID | None
    effective_on: date
    cell_type: CellType | None = None
    decision: Citation | None = None


class UnitMoved(Event):
    """From `effective_on` the unit stands under another parent; its history stays with it."""

    unit_id: UUID
    parent_id: UUID
    effective_on: date
    decision: Citation | None = None


class UnitRenamed(Event):
    """A new official name from a day on. Issued reports keep the old one."""

    unit_id: UUID
    name: OfficialName
    effective_on: date
    decision: Citation | None = None


class UnitsMerged(Event):
    """`merged` end the day before `effective_on` and go on in `into`; totals of the closed units stay readable."""

    into: UUID
    merged: tuple[UUID, ...]
    effective_on: date
    decision: Citation | None = None


class UnitDissolved(Event):
    """The unit no longer exists from `effective_on` on."""

    unit_id: UUID
    effective_on: date
    decision: Citation | None = None


class UnitChangeWithdrawn(Event):
    """An earlier change was recorded in error and counts no longer: named by its event id and its stream version."""

    unit_id: UUID
    withdrawn_event_id: UUID
    withdrawn_version: int
    reason: Code


class UnitAliased(Event):
    """An outer system's code for the unit, dated, never a key: a transfer changes it."""

    unit_id: UUID
    system: Code
    code: Code
    valid_from: date


class OfficeAssigned(Event):
    """A tenure: a member holds an office of a unit for a time. A token of the office names `office_id`."""

    office_id: UUID
    unit_id: UUID
    role: OfficeRole
    member_id: UUID | None
    valid_from: date
    valid_until: date | None = None


class OfficeEnded(Event):
    """The tenure's last day was `ended_on`."""

    office_id: UUID
    unit_id: UUID
    ended_on: date


class OfficeWithdrawn(Event):
    """The tenure was recorded in error (another person, another office): it never held, whatever its days."""

    office_id: UUID
    unit_id: UUID
    reason: Code


class AssignmentGiven(Event):
    """A member follows a cell, or takes its notes, for a time; also outside any subtree of theirs (report 001)."""

    assignment_id: UUID
    kind: AssignmentKind
    member_id: UUID
    unit_id: UUID
    valid_from: date
    valid_until: date | None = None


class AssignmentEnded(Event):
    """The assignment's last day was `ended_on`."""

    assignment_id: UUID
    unit_id: UUID
    ended_on: date


class AssignmentWithdrawn(Event):
    """The assignment was recorded in error: it never held."""

    assignment_id: UUID
    unit_id: UUID
    reason: Code


class MemberAdmitted(Event):
    """A member belongs to a cell from `effective_on`; first event of a member. `person` holds name and birth date."""

    member_id: UUID
    cell_id: UUID
    standing: Standing
    effective_on: date
    person: TextRef


class MemberTransferred(Event):
    """Official transfer (chuyển sinh hoạt chính thức): from `effective_on` the member belongs to another cell.

    294-QĐ/TW (26/5/2025) 6.3.1. Time between leaving and arriving is a status `in_transit`.
    """

    member_id: UUID
    from_cell_id: UUID
    to_cell_id: UUID
    effective_on: date


class MemberStatusChanged(Event):
    """Status and standing over [valid_from, valid_until], both days included; open-ended without `valid_until`.

    Where two overlap, the one recorded last holds; a day that none covers is `active` in the standing of admission.

    A temporary stay (sinh hoạt tạm thời) names its `host_cell_id`: expected there, counted at home, no vote at the
    host (294-QĐ/TW 6.3.2).
    """

    member_id: UUID
    standing: Standing
    status: MemberStatus
    valid_from: date
    valid_until: date | None = None
    host_cell_id: UUID | None = None


class MemberChangeWithdrawn(Event):
    """An earlier change was recorded in error and counts no longer: named by its event id and its stream version.

    Without the admission, the last to be withdrawn, the member was never anywhere.
    """

    member_id: UUID
    withdrawn_event_id: UUID
    withdrawn_version: int
    reason: Code


class PersonCorrected(Event):
    """Name or birth date was corrected; the text itself lives in membership's erasable table."""

    visibility = "internal"

    member_id: UUID
    person: TextRef


class MemberAliased(Event):
    """An outer system's code for the member, dated, hashed with the owner's salt: a card number is never published."""

    visibility = "internal"

    member_id: UUID
    system: Code
    code: TextRef
    valid_from: date


class MemberErased(Event):
    """Every text about the person is gone; ids, counts and digests stay as they were."""

    member_id: UUID
