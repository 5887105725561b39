"""The sample province as plain values. Codes are those of the files: the services never see them as keys."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from shared.contracts.fields import CellType
from shared.contracts.membership import AssignmentKind, MemberStatus, OfficeRole, Standing

# The day on which the district level ended and the communes' committees began.
FOUNDED = date(2025, 7, 1)


@dataclass(frozen=True, slots=True)
class SampleUnit:
    """`code` is built like the organisation codes in use: province.superior.grassroots.sub-committee.cell."""

    code: str
    name: str
    kind: str
    parent: str | None
    cell_type: CellType | None = None
    effective_on: date = FOUNDED

    @property
    def is_cell(self) -> bool:
        return self.cell_type is not None


@dataclass(frozen=True, slots=True)
class SampleMember:
    code: str
    name: str
    born_on: date
    cell: str
    standing: Standing
    joined_on: date
    status: MemberStatus = MemberStatus.ACTIVE
    status_from: date | None = None
    status_until: date | None = None
    host: str | None = None


@dataclass(frozen=True, slots=True)
class SampleOffice:
    unit: str
    role: OfficeRole
    member: str | None
    valid_from: date = FOUNDED
    valid_until: date | None = None


@dataclass(frozen=True, slots=True)
class SampleAssignment:
    kind: AssignmentKind
    member: str
    unit: str
    valid_from: date = FOUNDED


@dataclass(slots=True)
class Province:
    """Units stand parents first."""

    units: list[SampleUnit] = field(default_factory=list)
    members: list[SampleMember] = field(default_factory=list)
    offices: list[SampleOffice] = field(default_factory=list)
    assignments: list[SampleAssignment] = field(default_factory=list)

    @property
    def root(self) -> SampleUnit:
        return self.units[0]

    def cells(self) -> Iterator[SampleUnit]:
        return (unit for unit in self.units if unit.is_cell)

    def members_of(self) -> dict[str, list[SampleMember]]:
        """Members by the code of their cell."""
        by_cell: dict[str, list[SampleMember]] = {cell.code: [] for cell in self.cells()}
        for member in self.members:
            by_cell[member.cell].append(member)
        return by_cell
