"""What each tree event does to the tree's state. Never rejects: the log is what happened."""

from dataclasses import replace
from datetime import date
from uuid import UUID

from immutables import Map

from services.membership.domain.dated import Dated, without
from services.membership.domain.tree_state import Alias, Kind, Tree, Unit
from shared.contracts import membership as facts
from shared.contracts.event import Event


def evolve(tree: Tree, event: Event) -> Tree:
    """The tree after one event; events of other kinds only count."""
    tree = replace(tree, version=tree.version + 1)
    match event:
        case facts.UnitKindDefined():
            return _kind_defined(tree, event)
        case facts.UnitRegistered():
            return _registered(tree, event)
        case facts.UnitMoved():
            return _moved(tree, event)
        case facts.UnitRenamed():
            unit = tree.units[event.unit_id]
            return _put(tree, replace(unit, names=(*unit.names, Dated(event.effective_on, tree.version, event.name))))
        case facts.UnitsMerged():
            return _ended(tree, event.merged, event.effective_on)
        case facts.UnitDissolved():
            return _ended(tree, (event.unit_id,), event.effective_on)
        case facts.UnitAliased():
            return _aliased(tree, event)
        case facts.UnitChangeWithdrawn():
            return _withdrawn(tree, event)
        case _:
            return tree


def _put(tree: Tree, unit: Unit) -> Tree:
    return replace(tree, units=tree.units.set(unit.unit_id, unit))


def _kind_defined(tree: Tree, event: facts.UnitKindDefined) -> Tree:
    kind = Kind(event.name, event.is_cell, event.decides_ratings)
    history = (*tree.kinds.get(event.kind, ()), Dated(event.valid_from, tree.version, kind))
    return replace(tree, kinds=tree.kinds.set(event.kind, history))


def _registered(tree: Tree, event: facts.UnitRegistered) -> Tree:
    unit = Unit(
        unit_id=event.unit_id,
        kind=event.kind,
        cell_type=event.cell_type,
        version=tree.version,
        exists_from=event.effective_on,
        names=(Dated(event.effective_on, tree.version, event.name),),
        parents=(Dated(event.effective_on, tree.version, event.parent_id),),
    )
    if event.parent_id is None:
        return replace(_put(tree, unit), roots=(*tree.roots, event.unit_id))
    return _under(_put(tree, unit), event.parent_id, event.unit_id)


def _under(tree: Tree, parent_id: UUID, child_id: UUID) -> Tree:
    below = tree.children.get(parent_id, Map()).set(child_id, None)
    return replace(tree, children=tree.children.set(parent_id, below))


def _moved(tree: Tree, event: facts.UnitMoved) -> Tree:
    unit = tree.units[event.unit_id]
    link: Dated[UUID | None] = Dated(event.effective_on, tree.version, event.parent_id)
    return _under(_put(tree, replace(unit, parents=(*unit.parents, link))), event.parent_id, event.unit_id)


def _ended(tree: Tree, unit_ids: tuple[UUID, ...], on: date) -> Tree:
    for unit_id in unit_ids:
        unit = tree.units[unit_id]
        tree = _put(tree, replace(unit, ends=(*unit.ends, Dated(on, tree.version, True))))
    return tree


def _aliased(tree: Tree, event: facts.UnitAliased) -> Tree:
    unit = tree.units[event.unit_id]
    alias = Dated(event.valid_from, tree.version, Alias(event.system, event.code))
    code = (event.system, event.code)
    known = tree.coded.get(code, ())
    holders = known if event.unit_id in known else (*known, event.unit_id)
    return replace(
        _put(tree, replace(unit, aliases=(*unit.aliases, alias))),
        coded=tree.coded.set(code, holders),
    )


def _withdrawn(tree: Tree, event: facts.UnitChangeWithdrawn) -> Tree:
    """Takes the change out of every unit it touched: a merger ends several at once."""
    version = event.withdrawn_version
    unit = tree.units[event.unit_id]
    if unit.version == version:
        roots = tuple(root for root in tree.roots if root != unit.unit_id)
        return replace(tree, units=tree.units.delete(unit.unit_id), roots=roots)
    touched = [other for other in tree.units.values() if any(end.version == version for end in other.ends)]
    for other in {*(other.unit_id for other in touched), unit.unit_id}:
        tree = _put(tree, _without(tree.units[other], version))
    return tree


def _without(unit: Unit, version: int) -> Unit:
    return replace(
        unit,
        names=without(unit.names, version),
        parents=without(unit.parents, version),
        ends=without(unit.ends, version),
        aliases=without(unit.aliases, version),
    )
