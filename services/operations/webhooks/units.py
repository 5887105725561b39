"""Which units an event concerns: those that it names, its key if that is a cell, the cell of a member. Pure."""

from dataclasses import dataclass
from uuid import UUID

from services.operations.projections import id_of
from shared.contracts.envelope import RecordedEvent
from shared.contracts.evaluation import CATALOGUE_KEY
from shared.contracts.event import Event
from shared.contracts.membership import UnitKindDefined

NAMING = ("unit_id", "cell_id", "from_cell_id", "to_cell_id", "host_cell_id", "parent_id", "into")


@dataclass(frozen=True, slots=True)
class Concerned:
    """`everybody`: a catalogue, which no unit keeps to itself. `member_id`: whose cell is concerned, too."""

    units: frozenset[UUID] = frozenset()
    member_id: UUID | None = None
    everybody: bool = False


def concerned(recorded: RecordedEvent, event: Event) -> Concerned:
    """Whom the event concerns, before the tree is asked who stands above them."""
    if recorded.key == CATALOGUE_KEY or isinstance(event, UnitKindDefined):
        return Concerned(everybody=True)
    named = {getattr(event, field, None) for field in NAMING} | set(getattr(event, "merged", ()))
    units = frozenset(unit_id for unit_id in named if unit_id is not None)
    key = id_of(recorded.key)
    if key is not None and key == getattr(event, "member_id", None):
        return Concerned(units, member_id=key)
    return Concerned(units | {key} if key is not None else units)
