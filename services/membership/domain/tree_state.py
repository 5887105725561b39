"""State of the tree: every unit with its histories of parent, name, end and codes, asked for a day."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from immutables import Map

from services.membership.domain.dated import Dated, holding
from shared.contracts.fields import CellType


@dataclass(frozen=True, slots=True)
class Kind:
    name: str
    is_cell: bool
    decides_ratings: bool


@dataclass(frozen=True, slots=True)
class Alias:
    system: str
    code: str


@dataclass(frozen=True, slots=True)
class Unit:
    """`ends`: True from the day on which the unit no longer exists."""

    unit_id: UUID
    kind: str
    cell_type: CellType | None
    version: int
    exists_from: date
    names: tuple[Dated[str], ...]
    parents: tuple[Dated[UUID | None], ...]
    ends: tuple[Dated[bool], ...] = ()
    aliases: tuple[Dated[Alias], ...] = ()

    def exists_on(self, on: date) -> bool:
        return self.exists_from <= on and holding(self.ends, on) is None

    def parent_on(self, on: date) -> UUID | None:
        link = holding(self.parents, on)
        return link.value if link else None

    def name_on(self, on: date) -> str:
        """The official name on a day; before the unit existed, its first one."""
        return (holding(self.names, on) or self.names[0]).value

    def code_on(self, system: str, on: date) -> str | None:
        alias = holding((entry for entry in self.aliases if entry.value.system == system), on)
        return alias.value.code if alias else None


@dataclass(frozen=True, slots=True)
class Tree:
    """Persistent maps, so that folding thousands of units copies none of them.

    `children` and `coded` say who was ever under a unit, or ever had a code; the units' histories say when.
    `version` counts the folded events: it is the stream's version.
    """

    version: int = 0
    kinds: Map[str, tuple[Dated[Kind], ...]] = field(default_factory=Map)
    units: Map[UUID, Unit] = field(default_factory=Map)
    children: Map[UUID, Map[UUID, None]] = field(default_factory=Map)
    coded: Map[tuple[str, str], tuple[UUID, ...]] = field(default_factory=Map)
    roots: tuple[UUID, ...] = ()

    def kind_on(self, kind: str, on: date) -> Kind | None:
        held = holding(self.kinds.get(kind, ()), on)
        return held.value if held else None

    def existing(self, unit_id: UUID, on: date) -> Unit | None:
        unit = self.units.get(unit_id)
        return unit if unit and unit.exists_on(on) else None

    def is_cell(self, unit: Unit, on: date) -> bool:
        kind = self.kind_on(unit.kind, on)
        return kind is not None and kind.is_cell

    def unit_of_code(self, system: str, code: str, on: date) -> Unit | None:
        """The unit whose code in the outer system was `code` on a day."""
        units = (self.units[unit_id] for unit_id in self.coded.get((system, code), ()) if unit_id in self.units)
        return next((unit for unit in units if unit.exists_on(on) and unit.code_on(system, on) == code), None)

    def children_on(self, unit_id: UUID, on: date) -> Iterator[Unit]:
        for child_id in self.children.get(unit_id, Map()):
            child = self.units.get(child_id)
            if child and child.exists_on(on) and child.parent_on(on) == unit_id:
                yield child

    def subtree_on(self, unit_id: UUID, on: date) -> Iterator[Unit]:
        """The unit and everything below it on a day, parents before children."""
        unit = self.existing(unit_id, on)
        waiting = [unit] if unit else []
        while waiting:
            unit = waiting.pop()
            yield unit
            waiting.extend(self.children_on(unit.unit_id, on))

    def has_cycle(self, unit_id: UUID, on: date) -> bool:
        """Whether walking up from the unit on a day comes back to it."""
        seen: set[UUID] = set()
        at: UUID | None = unit_id
        while at is not None and at not in seen:
            seen.add(at)
            unit = self.units.get(at)
            at = unit.parent_on(on) if unit else None
        return at is not None

    def days_of_ancestors(self, unit_id: UUID, since: date) -> set[date]:
        """`since` and every later day on which the unit, or anything that is ever above it, changes its parent."""
        days, seen, waiting = {since}, set[UUID](), [unit_id]
        while waiting:
            at = waiting.pop()
            if at in seen or at not in self.units:
                continue
            seen.add(at)
            links = self.units[at].parents
            days.update(link.valid_from for link in links if link.valid_from > since)
            waiting.extend(link.value for link in links if link.value is not None)
        return days
