"""The tree of units (one stream, `tree`): kinds as data, units, moves, names, ends and outer codes over valid time."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import assert_never
from uuid import UUID

from services.membership.domain import errors
from services.membership.domain.tree_commands import (
    AliasUnit,
    DefineKind,
    DissolveUnit,
    MergeUnits,
    MoveUnit,
    RegisterUnit,
    RenameUnit,
    TreeCommand,
    WithdrawUnitChange,
)
from services.membership.domain.tree_evolve import evolve
from services.membership.domain.tree_state import Kind, Tree, Unit
from shared.contracts import membership as facts
from shared.contracts.event import Event
from shared.decider import Decider

STREAM = "tree"


def decide(command: TreeCommand, tree: Tree) -> Sequence[Event]:
    match command:
        case DefineKind():
            return _define_kind(command, tree)
        case RegisterUnit():
            return _register(command, tree)
        case MoveUnit():
            return _move(command, tree)
        case RenameUnit():
            return _rename(command, tree)
        case MergeUnits():
            return _merge(command, tree)
        case DissolveUnit():
            return _dissolve(command, tree)
        case AliasUnit():
            return _alias(command, tree)
        case WithdrawUnitChange():
            return _withdraw(command, tree)
        case _:
            assert_never(command)


def _define_kind(command: DefineKind, tree: Tree) -> Sequence[Event]:
    kind = Kind(command.name, command.is_cell, command.decides_ratings)
    if tree.kind_on(command.kind, command.valid_from) == kind:
        return []
    return [
        facts.UnitKindDefined(
            kind=command.kind,
            name=kind.name,
            is_cell=kind.is_cell,
            decides_ratings=kind.decides_ratings,
            valid_from=command.valid_from,
        )
    ]


def _register(command: RegisterUnit, tree: Tree) -> Sequence[Event]:
    if command.unit_id in tree.units:
        return _already_registered(command, tree.units[command.unit_id])
    kind = tree.kind_on(command.kind, command.effective_on)
    if kind is None:
        raise errors.UnknownKind(
            f"Chưa khai báo loại tổ chức '{command.kind}' tại ngày {command.effective_on:%d/%m/%Y}."
        )
    if (command.cell_type is not None) and not kind.is_cell:
        raise errors.CellTypeMismatch(f"'{command.name}' không phải chi bộ nên không có loại hình chi bộ.")
    if command.parent_id is None:
        if tree.roots:
            raise errors.SecondRoot(f"'{command.name}' thiếu đơn vị cấp trên: chỉ tổ chức gốc không có cấp trên.")
    else:
        _refuse_parent(tree, command.parent_id, command.effective_on)
    return [
        facts.UnitRegistered(
            unit_id=command.unit_id,
            kind=command.kind,
            name=command.name,
            parent_id=command.parent_id,
            effective_on=command.effective_on,
            cell_type=command.cell_type,
            decision=command.decision,
        )
    ]


def _already_registered(command: RegisterUnit, unit: Unit) -> Sequence[Event]:
    same = (
        unit.kind == command.kind
        and unit.exists_from == command.effective_on
        and unit.name_on(command.effective_on) == command.name
        and unit.parent_on(command.effective_on) == command.parent_id
    )
    if same:
        return []
    raise errors.UnitExists(f"Mã định danh {command.unit_id} đã thuộc về một tổ chức khác.")


def _refuse_parent(tree: Tree, parent_id: UUID, on: date) -> None:
    parent = tree.existing(parent_id, on)
    if parent is None:
        raise errors.UnknownParent(f"Đơn vị cấp trên chưa có hoặc đã kết thúc tại ngày {on:%d/%m/%Y}.")
    if tree.is_cell(parent, on):
        raise errors.CannotHaveChildren(f"'{parent.name_on(on)}' là chi bộ, không có tổ chức trực thuộc.")


def _move(command: MoveUnit, tree: Tree) -> Sequence[Event]:
    unit = _require(tree, command.unit_id, command.effective_on)
    if unit.parent_on(command.effective_on) == command.parent_id:
        return []
    if unit.parent_on(command.effective_on) is None:
        raise errors.Cycle(f"'{unit.name_on(command.effective_on)}' là tổ chức gốc, không chuyển được.")
    _refuse_parent(tree, command.parent_id, command.effective_on)
    event = facts.UnitMoved(
        unit_id=command.unit_id,
        parent_id=command.parent_id,
        effective_on=command.effective_on,
        decision=command.decision,
    )
    _refuse_cycle(evolve(tree, event), unit, command.effective_on)
    return [event]


def _refuse_cycle(after: Tree, unit: Unit, since: date) -> None:
    for day in sorted(after.days_of_ancestors(unit.unit_id, since)):
        if after.has_cycle(unit.unit_id, day):
            raise errors.Cycle(
                f"'{unit.name_on(since)}' sẽ nằm dưới chính nó từ ngày {day:%d/%m/%Y} (vòng lặp trong cây)."
            )


def _rename(command: RenameUnit, tree: Tree) -> Sequence[Event]:
    unit = _require(tree, command.unit_id, command.effective_on)
    if unit.name_on(command.effective_on) == command.name:
        return []
    return [
        facts.UnitRenamed(
            unit_id=command.unit_id, name=command.name, effective_on=command.effective_on, decision=command.decision
        )
    ]


def _merge(command: MergeUnits, tree: Tree) -> Sequence[Event]:
    _require(tree, command.into, command.effective_on)
    ending = tuple(unit_id for unit_id in command.merged if tree.existing(unit_id, command.effective_on))
    if not ending and all(unit_id in tree.units for unit_id in command.merged):
        return []
    if command.into in command.merged:
        raise errors.Cycle("Một tổ chức không thể hợp nhất vào chính nó.")
    for unit_id in command.merged:
        _refuse_children(tree, _require(tree, unit_id, command.effective_on), command.effective_on)
    return [
        facts.UnitsMerged(
            into=command.into, merged=command.merged, effective_on=command.effective_on, decision=command.decision
        )
    ]


def _dissolve(command: DissolveUnit, tree: Tree) -> Sequence[Event]:
    unit = tree.units.get(command.unit_id)
    if unit and unit.exists_from <= command.effective_on and not unit.exists_on(command.effective_on):
        return []
    unit = _require(tree, command.unit_id, command.effective_on)
    _refuse_children(tree, unit, command.effective_on)
    return [facts.UnitDissolved(unit_id=command.unit_id, effective_on=command.effective_on, decision=command.decision)]


def _refuse_children(tree: Tree, unit: Unit, on: date) -> None:
    child = next(tree.children_on(unit.unit_id, on), None)
    if child is not None:
        raise errors.StillHasChildren(
            f"'{unit.name_on(on)}' còn tổ chức trực thuộc ('{child.name_on(on)}'): "
            "chuyển hoặc kết thúc các tổ chức đó trước."
        )


def _alias(command: AliasUnit, tree: Tree) -> Sequence[Event]:
    unit = tree.units.get(command.unit_id)
    if unit is None:
        raise errors.UnknownUnit(f"Không có tổ chức {command.unit_id}.")
    if unit.code_on(command.system, command.valid_from) == command.code:
        return []
    holder = tree.unit_of_code(command.system, command.code, command.valid_from)
    if holder is not None:
        raise errors.CodeTaken(f"Mã '{command.code}' đang thuộc về '{holder.name_on(command.valid_from)}'.")
    return [
        facts.UnitAliased(
            unit_id=command.unit_id, system=command.system, code=command.code, valid_from=command.valid_from
        )
    ]


def _withdraw(command: WithdrawUnitChange, tree: Tree) -> Sequence[Event]:
    unit = tree.units.get(command.unit_id)
    changes = dict(_changes(unit)) if unit else {}
    if unit is None or command.version not in changes:
        raise errors.NothingToWithdraw("Không có thay đổi nào như vậy, hoặc đã được thu hồi.")
    event = facts.UnitChangeWithdrawn(
        unit_id=command.unit_id,
        withdrawn_event_id=command.event_id,
        withdrawn_version=command.version,
        reason=command.reason,
    )
    if command.version == unit.version and tree.children.get(unit.unit_id):
        raise errors.StillHasChildren(f"'{unit.names[0].value}' đã có tổ chức trực thuộc nên không thu hồi được.")
    _refuse_cycle(evolve(tree, event), unit, changes[command.version])
    return [event]


def _changes(unit: Unit) -> Iterator[tuple[int, date]]:
    """Stream version and day of everything recorded about the unit that still counts."""
    for history in (unit.names, unit.parents, unit.ends, unit.aliases):
        yield from ((entry.version, entry.valid_from) for entry in history)


def _require(tree: Tree, unit_id: UUID, on: date) -> Unit:
    unit = tree.existing(unit_id, on)
    if unit is None:
        raise errors.UnknownUnit(f"Tổ chức {unit_id} chưa có hoặc đã kết thúc tại ngày {on:%d/%m/%Y}.")
    return unit


UNIT_TREE: Decider[TreeCommand, Tree] = Decider(initial=Tree(), decide=decide, evolve=evolve)
