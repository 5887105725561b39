"""Who may be whom: the roles, how far each reaches, and which office gives which role."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from shared.contracts.membership import AssignmentKind, OfficeRole


class Role(StrEnum):
    """What a caller is; several at once for a member who follows two cells and takes notes in a third."""

    MEMBER = "member"
    SECRETARY = "secretary"
    NOTE_TAKER = "note_taker"
    CELL_COMMITTEE = "cell_committee"
    FOLLOWER = "follower"
    COMMUNE_OFFICE = "commune_office"
    APPRAISER = "appraiser"
    PROVINCE_BOARD = "province_board"
    INTEGRATOR = "integrator"
    OPERATOR = "operator"


class Reach(StrEnum):
    """How far a role reaches at one endpoint."""

    OWN_UNIT = "own"  # the unit of the office, or the member's cell
    SUBTREE = "subtree"  # own unit and everything below it in today's tree
    ASSIGNED = "assigned"  # the units that one follows or takes notes in today
    SYSTEM = "system"  # machines and operators: no unit to compare


@dataclass(frozen=True, slots=True)
class Grant:
    """A role that the caller has today, and the unit that it is for (None: a machine or operator)."""

    role: Role
    unit_id: UUID | None


# The role that an office gives: (office of a cell, office of a committee above cells). None: the office means nothing
# there, and its token is refused. A committee's secretary decides what the committee decides, such as ratings; its
# members read what is below it.
OFFICE_ROLES: dict[OfficeRole, tuple[Role | None, Role | None]] = {
    OfficeRole.SECRETARY: (Role.SECRETARY, Role.APPRAISER),
    OfficeRole.DEPUTY_SECRETARY: (Role.SECRETARY, Role.APPRAISER),
    OfficeRole.COMMITTEE_MEMBER: (Role.CELL_COMMITTEE, Role.CELL_COMMITTEE),
    OfficeRole.COMMUNE_OFFICE: (None, Role.COMMUNE_OFFICE),
    OfficeRole.APPRAISER: (None, Role.APPRAISER),
    OfficeRole.PROVINCE_BOARD: (None, Role.PROVINCE_BOARD),
}

ASSIGNMENT_ROLES = {AssignmentKind.FOLLOWER: Role.FOLLOWER, AssignmentKind.NOTE_TAKER: Role.NOTE_TAKER}


def office_role(role: OfficeRole, *, of_cell: bool) -> Role | None:
    """The role that an office of a cell, or of a committee above cells, gives."""
    in_cell, above = OFFICE_ROLES[role]
    return in_cell if of_cell else above
