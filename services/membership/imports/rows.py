"""What one row of each kind of file says, typed."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from services.membership.imports.fields import Problem, Reader
from services.membership.imports.mapping import Mapping
from services.membership.imports.tables import Row
from shared.contracts.fields import CellType
from shared.contracts.membership import AssignmentKind, MemberStatus, OfficeRole, Standing

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class UnitKindRow:
    row: int
    kind: str
    name: str
    is_cell: bool
    decides_ratings: bool
    valid_from: date


@dataclass(frozen=True, slots=True)
class UnitRow:
    """`parent` is the outer code of the unit above; only the root has none. `ended_on` is the unit's last day."""

    row: int
    code: str
    name: str
    kind: str
    parent: str | None
    effective_on: date
    cell_type: CellType | None
    ended_on: date | None


@dataclass(frozen=True, slots=True)
class MemberRow:
    """`joined_on` is since when the member belongs to the cell; `host` the cell of a temporary stay.

    `unsaid`: optional fields that the mapping gives no column. They stay as they are, `status_until` and `host` as long
    as the status does; an empty cell is an answer.
    """

    row: int
    code: str
    name: str
    born_on: str | None
    cell: str
    standing: Standing
    joined_on: date
    status: MemberStatus
    status_from: date | None
    status_until: date | None
    host: str | None
    unsaid: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class OfficeRow:
    """`unsaid`, here and of assignments: as of members."""

    row: int
    unit: str
    role: OfficeRole
    member: str | None
    valid_from: date
    valid_until: date | None
    unsaid: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class AssignmentRow:
    row: int
    kind: AssignmentKind
    member: str
    unit: str
    valid_from: date
    valid_until: date | None
    unsaid: frozenset[str] = frozenset()


def unit_kind(reader: Reader) -> UnitKindRow:
    return UnitKindRow(
        row=reader.row,
        kind=reader.code("kind"),
        name=reader.text("name"),
        is_cell=reader.yes("is_cell"),
        decides_ratings=reader.yes("decides_ratings"),
        valid_from=reader.day("valid_from"),
    )


def unit(reader: Reader) -> UnitRow:
    return UnitRow(
        row=reader.row,
        code=reader.code("code"),
        name=reader.text("name"),
        kind=reader.mapped("kind"),
        parent=reader.optional_code("parent"),
        effective_on=reader.day("effective_on"),
        cell_type=reader.optional_choice("cell_type", CellType),
        ended_on=reader.optional_day("ended_on"),
    )


def member(reader: Reader) -> MemberRow:
    return MemberRow(
        row=reader.row,
        code=reader.code("code"),
        name=reader.text("name", limit=100),
        born_on=reader.optional_text("born_on", limit=40),
        cell=reader.code("cell"),
        standing=reader.choice("standing", Standing),
        joined_on=reader.day("joined_on"),
        status=reader.choice("status", MemberStatus, default=MemberStatus.ACTIVE),
        status_from=reader.optional_day("status_from"),
        status_until=reader.optional_day("status_until"),
        host=reader.optional_code("host"),
        unsaid=reader.unsaid("born_on", "status", "status_until", "host"),
    )


def office(reader: Reader) -> OfficeRow:
    return OfficeRow(
        row=reader.row,
        unit=reader.code("unit"),
        role=reader.choice("role", OfficeRole),
        member=reader.optional_code("member"),
        valid_from=reader.day("valid_from"),
        valid_until=reader.optional_day("valid_until"),
        unsaid=reader.unsaid("valid_until"),
    )


def assignment(reader: Reader) -> AssignmentRow:
    return AssignmentRow(
        row=reader.row,
        kind=reader.choice("kind", AssignmentKind),
        member=reader.code("member"),
        unit=reader.code("unit"),
        valid_from=reader.day("valid_from"),
        valid_until=reader.optional_day("valid_until"),
        unsaid=reader.unsaid("valid_until"),
    )


def parse(rows: Iterable[Row], mapping: Mapping, read: Callable[[Reader], R]) -> tuple[list[R], list[Problem]]:
    """The rows that can be read, and what is wrong with the others."""
    good: list[R] = []
    problems: list[Problem] = []
    for row in rows:
        reader = Reader(row, mapping)
        typed = read(reader)
        problems.extend(reader.problems)
        if not reader.problems:
            good.append(typed)
    return good, problems
