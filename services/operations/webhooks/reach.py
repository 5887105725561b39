"""Whether an event concerns a unit or something below it, by the directory of this service."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.operations.sql import WEBHOOKS
from services.operations.webhooks.units import Concerned, concerned
from shared.contracts.membership import TREE_KEY
from shared.directory.directory import EVERYTHING
from shared.messaging.handler import NotYetKnown, Received, Tx

MEMBERSHIP = "membership"


@dataclass(frozen=True, slots=True)
class Reach:
    """`above`: for a unit and a known position, those of the subscribed units that it is or stands below."""

    above: Mapping[tuple[UUID, int], frozenset[UUID]]
    cells: Mapping[UUID, UUID]

    @classmethod
    async def of(cls, tx: Tx, batch: Sequence[Received], tops: Collection[UUID], today: date) -> "Reach":
        """Of the events of a batch. Raises `NotYetKnown` for a unit or member that the directory lacks."""
        found = [(received, concerned(received.recorded, received.event)) for received in batch]
        members = {whom.member_id for _, whom in found if whom.member_id}
        rows = WEBHOOKS.cells_of_members(tx, member_ids=[*members], today=today)
        cells = {row["member_id"]: row["cell_id"] async for row in rows}
        asked = {place for received, whom in found for place in _places(received, whom, cells)}
        await _check_known(tx, found, cells)
        above: dict[tuple[UUID, int], set[UUID]] = {}
        standing = WEBHOOKS.standing(
            tx,
            unit_ids=[unit_id for unit_id, _ in asked],
            known_positions=[known for _, known in asked],
            tops=[*tops],
            today=today,
        )
        async for row in standing:
            above.setdefault((row["unit_id"], row["known_position"]), set()).add(row["top"])
        return cls({place: frozenset(units) for place, units in above.items()}, cells)

    def concerns(self, received: Received, unit_id: UUID) -> bool:
        """Whether the event concerns `unit_id`, one of the tops, or anything below it."""
        whom = concerned(received.recorded, received.event)
        return whom.everybody or any(
            unit_id in self.above.get(place, ()) for place in _places(received, whom, self.cells)
        )


def _places(received: Received, whom: Concerned, cells: Mapping[UUID, UUID]) -> set[tuple[UUID, int]]:
    """What to ask the tree: as it is known now; for a change of the tree itself, also as it was known before it."""
    units = set(whom.units)
    if whom.member_id and whom.member_id in cells:
        units.add(cells[whom.member_id])
    places = {(unit_id, EVERYTHING) for unit_id in units}
    if (received.recorded.log_id, received.recorded.key) == (MEMBERSHIP, TREE_KEY):
        places |= {(unit_id, received.recorded.position - 1) for unit_id in units}
    return places


async def _check_known(tx: Tx, found: Sequence[tuple[Received, Concerned]], cells: Mapping[UUID, UUID]) -> None:
    units = {unit_id for _, whom in found for unit_id in whom.units}
    known = {row["unit_id"] async for row in WEBHOOKS.known_units(tx, unit_ids=[*units])}
    for _, whom in found:
        for unit_id in sorted(whom.units - known):
            raise NotYetKnown(f"unit:{unit_id}", source=MEMBERSHIP, key=TREE_KEY)
        if whom.member_id and whom.member_id not in cells and not whom.units:
            raise NotYetKnown(f"member:{whom.member_id}", source=MEMBERSHIP, key=str(whom.member_id))
