"""Compares a file of units, or of their kinds, with the tree. Parents come first, whatever the order of the file."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from services.membership.domain.errors import Cycle, Refused
from services.membership.domain.tree_commands import (
    AliasUnit,
    DefineKind,
    DissolveUnit,
    MoveUnit,
    RegisterUnit,
    RenameUnit,
    TreeCommand,
)
from services.membership.domain.tree_state import Tree, Unit
from services.membership.domain.unit_tree import STREAM, UNIT_TREE
from services.membership.imports.fields import Problem
from services.membership.imports.plan import Change, Outcome, Plan, unique
from services.membership.imports.rows import UnitKindRow, UnitRow
from shared.contracts.membership import TREE_KEY
from shared.decider import together

TREE = together(UNIT_TREE)


@dataclass(frozen=True, slots=True)
class FileDay:
    """Whose codes the file uses, and the day that it describes: changes without a day of their own hold from it."""

    system: str
    as_of: date


def plan_unit_kinds(rows: Iterable[UnitKindRow], tree: Tree) -> Plan[TreeCommand]:
    """Kinds are compared on the day from which the file says they hold."""
    plan: Plan[TreeCommand] = Plan()
    for row in rows:
        command = DefineKind(row.kind, row.name, row.is_cell, row.decides_ratings, row.valid_from)
        outcome = Outcome.CHANGED if row.kind in tree.kinds else Outcome.NEW
        events = UNIT_TREE.decide(command, tree)
        tree = UNIT_TREE.fold(events, tree)
        plan.add(_change(row.row, outcome, ("kind",), (command,) if events else ()))
    return plan


def plan_units(
    rows: Iterable[UnitRow], tree: Tree, day: FileDay, new_id: Callable[[], UUID], problems: Sequence[Problem] = ()
) -> Plan[TreeCommand]:
    """What the file changes in the tree. A unit that is not in the file is not touched."""
    plan: Plan[TreeCommand] = Plan(problems=list(problems))
    ordered = _parents_first(unique(rows, plan.problems), plan)
    ended: list[tuple[UnitRow, UUID]] = []
    for row in ordered:
        unit = _find(tree, row, day)
        parent = tree.unit_of_code(day.system, row.parent, _day_of(row, unit, day)) if row.parent else None
        if row.parent and parent is None:
            plan.miss(row.row, "parent", row.parent, f"Không có đơn vị cấp trên mã '{row.parent}'.")
            continue
        parent_id = parent.unit_id if parent else None
        try:
            if unit is None:
                change = _new(row, parent_id, day, new_id())
            else:
                change = _differing(row, unit, parent_id, tree, day)
            tree = UNIT_TREE.fold(TREE.decide(change.commands, tree), tree)
        except Refused as error:
            plan.refuse(row.row, error)
            continue
        plan.add(change)
        if row.ended_on and (known := _find(tree, row, day)):
            ended.append((row, known.unit_id))
    _end(ended, tree, plan)
    return plan


def _change(
    row: int, outcome: Outcome, fields: tuple[str, ...], commands: tuple[TreeCommand, ...]
) -> Change[TreeCommand]:
    return Change(row, outcome, fields, STREAM, TREE_KEY, commands)


def _day_of(row: UnitRow, unit: Unit | None, day: FileDay) -> date:
    """The day on which the row's parent is looked up: a new unit's first, a known unit's today, an ended one's last."""
    if unit is None:
        return row.effective_on
    return min(day.as_of, row.ended_on) if row.ended_on else max(day.as_of, unit.exists_from)


def _find(tree: Tree, row: UnitRow, day: FileDay) -> Unit | None:
    """The unit that has the code; an ended one only if the row is about the time when it existed."""
    on = max(day.as_of, row.effective_on)
    found = tree.unit_of_code(day.system, row.code, on)
    if found is not None:
        return found
    holders = [tree.units[unit_id] for unit_id in tree.coded.get((day.system, row.code), ()) if unit_id in tree.units]
    ended = [unit for unit in holders if unit.code_on(day.system, on) == row.code and unit.exists_on(row.effective_on)]
    return ended[-1] if ended else None


def _new(row: UnitRow, parent_id: UUID | None, day: FileDay, unit_id: UUID) -> Change[TreeCommand]:
    register = RegisterUnit(unit_id, row.kind, row.name, parent_id, row.effective_on, row.cell_type)
    return _change(row.row, Outcome.NEW, (), (register, AliasUnit(unit_id, day.system, row.code, row.effective_on)))


def _differing(row: UnitRow, unit: Unit, parent_id: UUID | None, tree: Tree, day: FileDay) -> Change[TreeCommand]:
    """Changes of a known unit, from the file's day on; what an ended unit was is history and stays."""
    on = _day_of(row, unit, day)
    if not unit.exists_on(on):
        return _change(row.row, Outcome.CHANGED, (), ())
    if unit.kind != row.kind:
        raise KindChanged(f"'{unit.name_on(on)}' đang là loại '{unit.kind}': đổi loại là một tổ chức mới, cần mã mới.")
    wanted: list[tuple[str, TreeCommand]] = [("name", RenameUnit(unit.unit_id, row.name, on))]
    if parent_id is not None:
        wanted.append(("parent", MoveUnit(unit.unit_id, parent_id, on)))
    elif unit.parent_on(on) is not None:
        raise Cycle(f"'{row.name}' thiếu đơn vị cấp trên: chỉ tổ chức gốc không có cấp trên.")
    real = [(name, command) for name, command in wanted if UNIT_TREE.decide(command, tree)]
    return _change(row.row, Outcome.CHANGED, tuple(name for name, _ in real), tuple(command for _, command in real))


def _end(ended: Sequence[tuple[UnitRow, UUID]], tree: Tree, plan: Plan[TreeCommand]) -> None:
    """Ends come last and from the leaves up: a committee ends only after what stood under it."""
    for row, unit_id in reversed(ended):
        command = DissolveUnit(unit_id, (row.ended_on or date.max) + timedelta(days=1))
        try:
            events = UNIT_TREE.decide(command, tree)
        except Refused as error:
            plan.refuse(row.row, error)
            continue
        tree = UNIT_TREE.fold(events, tree)
        if events:
            plan.add(_change(row.row, Outcome.ENDED, ("ended_on",), (command,)))


class KindChanged(Refused):
    problem = "unit-kind-changed"
    field = "kind"


def _parents_first(rows: Sequence[UnitRow], plan: Plan[TreeCommand]) -> list[UnitRow]:
    """The rows ordered by the file's own tree; rows that stand above themselves are problems and left out."""
    by_code = {row.code: row for row in rows}
    ordered: dict[str, UnitRow] = {}
    for row in rows:
        path: dict[str, UnitRow] = {}
        at: UnitRow | None = row
        while at is not None and at.code not in ordered and at.code not in path:
            path[at.code] = at
            at = by_code.get(at.parent) if at.parent else None
        if at is not None and at.code in path:
            _refuse_loop(list(path), at, by_code, plan)
            for code in path:
                by_code.pop(code, None)
            continue
        ordered.update(reversed(path.items()))
    return list(ordered.values())


def _refuse_loop(path: list[str], at: UnitRow, by_code: dict[str, UnitRow], plan: Plan[TreeCommand]) -> None:
    loop = path[path.index(at.code) :]
    shown = " → ".join([*loop, at.code])
    for code in loop:
        plan.problems.append(Problem(by_code[code].row, "parent", f"Vòng lặp trong cây: {shown}."))
    for code in path[: path.index(at.code)]:
        plan.problems.append(Problem(by_code[code].row, "parent", f"Đơn vị cấp trên nằm trong một vòng lặp: {shown}."))
