"""What membership refuses, in the words of the office that sent it. `field` is the field of a command or a row."""

from shared.decider import DomainError


class Refused(DomainError):
    """A rule was broken by one field of the input."""

    field = ""
    status = 422


class UnknownUnit(Refused):
    problem = "unknown-unit"
    field = "unit"
    status = 404


class UnknownParent(Refused):
    problem = "unknown-parent"
    field = "parent"


class UnknownKind(Refused):
    problem = "unknown-unit-kind"
    field = "kind"


class CannotHaveChildren(Refused):
    """A cell is a leaf: members meet there."""

    problem = "a-cell-is-a-leaf"
    field = "parent"


class CellTypeMismatch(Refused):
    problem = "cell-type-mismatch"
    field = "cell_type"


class SecondRoot(Refused):
    problem = "second-root"
    field = "parent"


class Cycle(Refused):
    problem = "cycle-in-the-tree"
    field = "parent"


class UnitExists(Refused):
    problem = "unit-exists"
    field = "unit"
    status = 409


class CodeTaken(Refused):
    problem = "code-taken"
    field = "code"


class StillHasChildren(Refused):
    problem = "unit-still-has-children"
    field = "ended_on"
    status = 409


class WrongDates(Refused):
    """The end lies before the beginning."""

    problem = "wrong-dates"
    field = "valid_until"


class NothingToWithdraw(Refused):
    problem = "nothing-to-withdraw"
    field = "event"
    status = 404


class UnknownOffice(Refused):
    problem = "unknown-office"
    field = "office"
    status = 404


class UnknownAssignment(Refused):
    problem = "unknown-assignment"
    field = "assignment"
    status = 404


class OfficeExists(Refused):
    """The id already names another tenure."""

    problem = "office-exists"
    field = "office"
    status = 409


class UnknownMember(Refused):
    problem = "unknown-member"
    field = "member"
    status = 404


class MemberGone(Refused):
    """The person's texts were erased: nothing personal is recorded again under the old id."""

    problem = "member-erased"
    field = "member"
    status = 409


class AdmissionWithdrawn(Refused):
    """The person was admitted in error, under this id: nothing more is recorded of the member."""

    problem = "admission-withdrawn"
    field = "member"
    status = 409


class LaterChangesStand(Refused):
    """Transfers and statuses that were recorded after the admission are withdrawn before it."""

    problem = "later-changes-stand"
    field = "event"
    status = 409


class HostCellMissing(Refused):
    """A temporary stay (sinh hoạt tạm thời) names the cell where the member meets: 294-QĐ/TW 6.3.2."""

    problem = "host-cell-missing"
    field = "host"
