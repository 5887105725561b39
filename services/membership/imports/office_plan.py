"""Compares files of offices and of assignments with what is recorded. A tenure that is not in the file goes on."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar
from uuid import UUID, uuid5

from services.membership.domain import assignment, office
from services.membership.domain.assignment import (
    ASSIGNMENT,
    Assignment,
    AssignmentCommand,
    EndAssignment,
    GiveAssignment,
)
from services.membership.domain.errors import Refused
from services.membership.domain.office import OFFICE, AssignOffice, EndOffice, Office, OfficeCommand
from services.membership.domain.tree_state import Tree
from services.membership.imports.fields import Problem
from services.membership.imports.identity import KnownMember
from services.membership.imports.plan import Change, Outcome, Plan
from services.membership.imports.rows import AssignmentRow, OfficeRow
from services.membership.imports.unit_plan import FileDay
from shared.contracts.event import Event
from shared.contracts.membership import TREE_KEY, OfficeRole
from shared.decider import Decider

# A tenure has no code of its own: unit, role, member and first day name it, so a file sent again finds it. For ever.
TENURES = UUID("0d7a3d5c-44f1-5a86-9f0e-3a2c5b8f1e07")
# Offices where nobody in particular acts: the desk itself holds the token.
IMPERSONAL = (OfficeRole.COMMUNE_OFFICE, OfficeRole.APPRAISER, OfficeRole.PROVINCE_BOARD)
C = TypeVar("C")
S = TypeVar("S")


class ReopenedTenure(Refused):
    problem = "tenure-has-ended"
    field = "valid_until"


@dataclass(frozen=True, slots=True)
class Tenure(Generic[C]):
    """A row resolved to ids: the id of the tenure, the command that begins it and the one that ends it.

    `end_unsaid`: the mapping gives `valid_until` no column, so a known end stays.
    """

    row: int
    tenure_id: UUID
    valid_until: date | None
    end_unsaid: bool
    begin: C
    end: Callable[[date], C]


@dataclass(frozen=True, slots=True)
class Recorded:
    """The tenure is in the log; `ends_on` is its last day, if that is known."""

    ends_on: date | None


@dataclass(frozen=True, slots=True)
class Known:
    """What the codes of a file lead to."""

    tree: Tree
    members: Mapping[str, KnownMember]
    day: FileDay


def offices(rows: Iterable[OfficeRow], known: Known, plan: Plan[OfficeCommand]) -> list[Tenure[OfficeCommand]]:
    """The rows whose unit and member are known, once each; the others are problems of the plan."""
    tenures: list[Tenure[OfficeCommand]] = []
    for row in rows:
        unit_id = _unit(row.row, row.unit, known, plan)
        member_id = _member(row.row, row.member, known, plan) if row.member else None
        if row.member is None and row.role not in IMPERSONAL:
            plan.problems.append(Problem(row.row, "member", "Chức vụ này phải ghi mã đảng viên giữ chức vụ."))
            continue
        if unit_id is None or (row.member and member_id is None):
            continue
        tenure_id = _named(unit_id, row.role, member_id, row.valid_from)
        begin = AssignOffice(tenure_id, unit_id, row.role, member_id, row.valid_from, row.valid_until)
        end_unsaid = "valid_until" in row.unsaid
        tenures.append(Tenure(row.row, tenure_id, row.valid_until, end_unsaid, begin, _end_office(tenure_id)))
    return _once(tenures, plan)


def assignments(
    rows: Iterable[AssignmentRow], known: Known, plan: Plan[AssignmentCommand]
) -> list[Tenure[AssignmentCommand]]:
    """The rows whose unit and member are known, once each; the others are problems of the plan."""
    tenures: list[Tenure[AssignmentCommand]] = []
    for row in rows:
        unit_id = _unit(row.row, row.unit, known, plan)
        member_id = _member(row.row, row.member, known, plan)
        if unit_id is None or member_id is None:
            continue
        tenure_id = _named(unit_id, row.kind, member_id, row.valid_from)
        begin = GiveAssignment(tenure_id, row.kind, member_id, unit_id, row.valid_from, row.valid_until)
        end_unsaid = "valid_until" in row.unsaid
        tenures.append(Tenure(row.row, tenure_id, row.valid_until, end_unsaid, begin, _end_assignment(tenure_id)))
    return _once(tenures, plan)


def plan_offices(
    tenures: Sequence[Tenure[OfficeCommand]], recorded: Mapping[UUID, Office], plan: Plan[OfficeCommand]
) -> None:
    """Adds what begins and what ends to the plan; `recorded` by office id."""
    for tenure in tenures:
        state = recorded.get(tenure.tenure_id, Office())
        recorded_end = Recorded(state.ends_on) if state.assigned else None
        _compare(tenure, plan, office.stream(tenure.tenure_id), recorded_end, _deciding(OFFICE, state))


def plan_assignments(
    tenures: Sequence[Tenure[AssignmentCommand]],
    recorded: Mapping[UUID, Assignment],
    plan: Plan[AssignmentCommand],
) -> None:
    """Adds what begins and what ends to the plan; `recorded` by assignment id."""
    for tenure in tenures:
        state = recorded.get(tenure.tenure_id, Assignment())
        recorded_end = Recorded(state.ends_on) if state.given else None
        stream = assignment.stream(tenure.tenure_id)
        _compare(tenure, plan, stream, recorded_end, _deciding(ASSIGNMENT, state))


def _deciding(decider: Decider[C, S], state: S) -> Callable[[C], Sequence[Event]]:
    return lambda command: decider.decide(command, state)


def _compare(
    tenure: Tenure[C],
    plan: Plan[C],
    stream: str,
    recorded: Recorded | None,
    decide: Callable[[C], Sequence[Event]],
) -> None:
    if recorded and (tenure.end_unsaid or recorded.ends_on == tenure.valid_until):
        plan.unchanged += 1
        return
    try:
        command = _command(tenure, recorded)
        decide(command)
    except Refused as error:
        plan.refuse(tenure.row, error)
        return
    outcome, fields = (Outcome.ENDED, ("valid_until",)) if recorded else (Outcome.NEW, ())
    plan.add(Change(tenure.row, outcome, fields, stream, TREE_KEY, (command,)))


def _command(tenure: Tenure[C], recorded: Recorded | None) -> C:
    if recorded is None:
        return tenure.begin
    if tenure.valid_until is None:
        text = f"Đã ghi kết thúc ngày {recorded.ends_on:%d/%m/%Y}: giữ tiếp là một nhiệm kỳ mới, với ngày bắt đầu mới."
        raise ReopenedTenure(text)
    return tenure.end(tenure.valid_until)


def _unit(row: int, code: str, known: Known, plan: Plan[C]) -> UUID | None:
    unit = known.tree.unit_of_code(known.day.system, code, known.day.as_of)
    if unit is None:
        plan.miss(row, "unit", code, f"Không có đơn vị mã '{code}' tại ngày {known.day.as_of:%d/%m/%Y}.")
    return unit.unit_id if unit else None


def _member(row: int, code: str, known: Known, plan: Plan[C]) -> UUID | None:
    person = known.members.get(code)
    if person is None or not person.member.cells:
        plan.problems.append(Problem(row, "member", f"Không có đảng viên mã '{code}': gửi danh sách đảng viên trước."))
        return None
    return person.member_id


def _named(unit_id: UUID, role: str, member_id: UUID | None, valid_from: date) -> UUID:
    return uuid5(TENURES, f"{unit_id}|{role}|{member_id or ''}|{valid_from}")


def _end_office(office_id: UUID) -> Callable[[date], OfficeCommand]:
    return lambda last_day: EndOffice(office_id, last_day)


def _end_assignment(assignment_id: UUID) -> Callable[[date], AssignmentCommand]:
    return lambda last_day: EndAssignment(assignment_id, last_day)


def _once(tenures: list[Tenure[C]], plan: Plan[C]) -> list[Tenure[C]]:
    first: dict[UUID, Tenure[C]] = {}
    for tenure in tenures:
        if tenure.tenure_id in first:
            plan.problems.append(Problem(tenure.row, "valid_from", f"Trùng với dòng {first[tenure.tenure_id].row}."))
        else:
            first[tenure.tenure_id] = tenure
    return list(first.values())
