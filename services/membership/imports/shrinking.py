"""Which units a file would shrink: who is under a unit before it, and not after it. A wrong file looks like that."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from services.membership import queries
from services.membership.domain.member import MEMBER
from services.membership.domain.tree_state import Tree
from services.membership.domain.unit_tree import UNIT_TREE
from services.membership.imports.mapping import FileKind
from services.membership.imports.plan import Outcome, Plan
from services.membership.imports.registry import Registry
from shared.decider import together

# After every change that is known, so that one with a day to come counts when its file is sent.
IN_THE_END = date.max


@dataclass(frozen=True, slots=True)
class Loss:
    """So many of a unit's members (a file of members) or cells (a file of units) leave it."""

    unit_id: UUID
    name: str
    leaving: int
    of: int


@dataclass(frozen=True, slots=True)
class Limit:
    """A file may take a share of a unit unasked, and a few from any unit however small."""

    share: float
    count: int

    def is_passed(self, leaving: int, of: int) -> bool:
        return leaving > max(self.count, self.share * of)


async def shrinking(plan: Plan[Any], kind: FileKind, registry: Registry) -> list[Loss]:
    """Units that lose more than the limit, the greatest loss first."""
    limit = Limit(registry.settings.import_shrink_share, registry.settings.import_shrink_count)
    tree = await registry.tree()
    match kind:
        case FileKind.MEMBERS:
            return await _of_members(plan, tree, limit, registry)
        case FileKind.UNITS:
            return await asyncio.to_thread(of_cells, plan, tree, limit)
        case _:
            return []


async def _of_members(plan: Plan[Any], tree: Tree, limit: Limit, registry: Registry) -> list[Loss]:
    known = [change for change in plan.changes if change.outcome is not Outcome.NEW]
    before = await queries.states(registry.runtime.pool, MEMBER, [change.stream for change in known])
    moves = []
    for change in known:
        member = before[change.stream]
        after = MEMBER.fold(together(MEMBER).decide(change.commands, member), member)
        moves.append((member.cell_on(IN_THE_END), after.cell_on(IN_THE_END)))
    leaving = left((path(tree, home), path(tree, new_home)) for home, new_home in moves)
    if max(leaving.values(), default=0) <= limit.count:
        return []
    sizes: Counter[UUID] = Counter()
    for cell_id, members in (await queries.cell_sizes(registry.runtime.pool)).items():
        sizes.update(dict.fromkeys(path(tree, cell_id), members))
    return losses(leaving, sizes, tree, limit)


def of_cells(plan: Plan[Any], tree: Tree, limit: Limit) -> list[Loss]:
    """Cells that a file of units ends or moves away from the units above them."""
    if all(change.outcome is Outcome.NEW for change in plan.changes):
        return []
    commands = [command for change in plan.changes for command in change.commands]
    after = UNIT_TREE.fold(together(UNIT_TREE).decide(commands, tree), tree)
    places = {cell_id: path(tree, cell_id) for cell_id in _cells(tree)}
    remaining = set(_cells(after))
    leaving = left(
        (above, path(after, cell_id) if cell_id in remaining else set()) for cell_id, above in places.items()
    )
    return losses(leaving, Counter(unit_id for above in places.values() for unit_id in above), tree, limit)


def _cells(tree: Tree) -> Iterator[UUID]:
    return (
        unit.unit_id for unit in tree.units.values() if unit.exists_on(IN_THE_END) and tree.is_cell(unit, IN_THE_END)
    )


def path(tree: Tree, unit_id: UUID | None) -> set[UUID]:
    """The unit and all that are above it; none for nowhere."""
    found: set[UUID] = set()
    while unit_id is not None and unit_id not in found:
        found.add(unit_id)
        unit = tree.units.get(unit_id)
        unit_id = unit.parent_on(IN_THE_END) if unit else None
    return found


def left(places: Iterable[tuple[set[UUID], set[UUID]]]) -> Counter[UUID]:
    """How many left each unit. Who comes instead does not make up for it: other people's file would look harmless."""
    return Counter(unit_id for before, after in places for unit_id in before - after)


def losses(leaving: Mapping[UUID, int], sizes: Mapping[UUID, int], tree: Tree, limit: Limit) -> list[Loss]:
    found = [
        Loss(unit_id, tree.units[unit_id].name_on(IN_THE_END), count, max(count, sizes.get(unit_id, 0)))
        for unit_id, count in leaving.items()
        if limit.is_passed(count, sizes.get(unit_id, 0))
    ]
    return sorted(found, key=lambda loss: (-loss.leaving, loss.name))
