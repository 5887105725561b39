"""What may be asked of the tree. Ids come in with the command; `effective_on` is valid time."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from shared.contracts.fields import CellType, Citation


@dataclass(frozen=True, slots=True)
class DefineKind:
    kind: str
    name: str
    is_cell: bool
    decides_ratings: bool
    valid_from: date


@dataclass(frozen=True, slots=True)
class RegisterUnit:
    unit_id: UUID
    kind: str
    name: str
    parent_id: UUID | None
    effective_on: date
    cell_type: CellType | None = None
    decision: Citation | None = None


@dataclass(frozen=True, slots=True)
class MoveUnit:
    unit_id: UUID
    parent_id: UUID
    effective_on: date
    decision: Citation | None = None


@dataclass(frozen=True, slots=True)
class RenameUnit:
    unit_id: UUID
    name: str
    effective_on: date
    decision: Citation | None = None


@dataclass(frozen=True, slots=True)
class MergeUnits:
    """`merged` go on in `into`; their children have been moved before."""

    into: UUID
    merged: tuple[UUID, ...]
    effective_on: date
    decision: Citation | None = None


@dataclass(frozen=True, slots=True)
class DissolveUnit:
    unit_id: UUID
    effective_on: date
    decision: Citation | None = None


@dataclass(frozen=True, slots=True)
class AliasUnit:
    unit_id: UUID
    system: str
    code: str
    valid_from: date


@dataclass(frozen=True, slots=True)
class WithdrawUnitChange:
    """The change recorded by the event of that id and stream version was an error."""

    unit_id: UUID
    event_id: UUID
    version: int
    reason: str


TreeCommand = (
    DefineKind | RegisterUnit | MoveUnit | RenameUnit | MergeUnits | DissolveUnit | AliasUnit | WithdrawUnitChange
)
