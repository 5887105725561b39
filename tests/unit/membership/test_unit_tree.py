"""Rules of the tree: kinds as data, one root, cells are leaves, no cycle on any day, dated names and codes."""

from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from services.membership.domain.tree_state import Tree
from services.membership.domain.unit_tree import UNIT_TREE
from shared.contracts.fields import CellType
from shared.contracts.membership import UnitMoved, UnitRegistered
from shared.decider import together

START = date(2025, 7, 1)
PROVINCE, EAST, WEST, CELL = (UUID(int=n) for n in range(1, 5))


def after(*commands: TreeCommand, tree: Tree = UNIT_TREE.initial) -> Tree:
    return UNIT_TREE.fold(together(UNIT_TREE).decide(commands, tree), tree)


def register(unit_id: UUID, parent_id: UUID | None, kind: str = "committee", on: date = START) -> RegisterUnit:
    cell_type = CellType.RESIDENTIAL if kind == "cell" else None
    return RegisterUnit(unit_id, kind, f"Đơn vị {unit_id.int}", parent_id, on, cell_type)


@pytest.fixture
def tree() -> Tree:
    return after(
        DefineKind("committee", "Đảng ủy", is_cell=False, decides_ratings=True, valid_from=START),
        DefineKind("cell", "Chi bộ", is_cell=True, decides_ratings=False, valid_from=START),
        register(PROVINCE, None),
        register(EAST, PROVINCE),
        register(WEST, PROVINCE),
        register(CELL, EAST, "cell"),
    )


def test_registers_a_unit_under_its_parent(tree: Tree) -> None:
    new = uuid4()
    events = UNIT_TREE.decide(register(new, WEST, "cell"), tree)
    assert events == [
        UnitRegistered(
            unit_id=new,
            kind="cell",
            name=f"Đơn vị {new.int}",
            parent_id=WEST,
            effective_on=START,
            cell_type=CellType.RESIDENTIAL,
        )
    ]


def test_registering_the_same_unit_again_is_nothing_new(tree: Tree) -> None:
    assert UNIT_TREE.decide(register(CELL, EAST, "cell"), tree) == []


@pytest.mark.parametrize(
    ("command", "error"),
    [
        (register(uuid4(), uuid4()), errors.UnknownParent),
        (register(uuid4(), EAST, on=START - timedelta(days=1)), errors.UnknownKind),
        (register(uuid4(), CELL, "cell"), errors.CannotHaveChildren),
        (register(uuid4(), None), errors.SecondRoot),
        (register(uuid4(), EAST, "block"), errors.UnknownKind),
        (RegisterUnit(uuid4(), "committee", "Đảng ủy", EAST, START, CellType.OFFICE), errors.CellTypeMismatch),
        (register(CELL, WEST, "cell"), errors.UnitExists),
        (MoveUnit(uuid4(), EAST, START), errors.UnknownUnit),
        (MoveUnit(PROVINCE, EAST, START), errors.Cycle),
        (DissolveUnit(EAST, START), errors.StillHasChildren),
        (WithdrawUnitChange(CELL, uuid4(), 99, "error"), errors.NothingToWithdraw),
    ],
)
def test_refuses_what_the_tree_forbids(tree: Tree, command: TreeCommand, error: type[Exception]) -> None:
    with pytest.raises(error):
        UNIT_TREE.decide(command, tree)


def test_refuses_a_move_below_itself(tree: Tree) -> None:
    tree = after(MoveUnit(WEST, EAST, START), tree=tree)
    with pytest.raises(errors.Cycle, match="vòng lặp"):
        UNIT_TREE.decide(MoveUnit(EAST, WEST, START), tree)


def test_refuses_a_move_that_would_close_a_cycle_on_a_later_day(tree: Tree) -> None:
    later = START + timedelta(days=30)
    tree = after(MoveUnit(WEST, EAST, later), tree=tree)
    with pytest.raises(errors.Cycle, match=f"{later:%d/%m/%Y}"):
        UNIT_TREE.decide(MoveUnit(EAST, WEST, START), tree)


def test_a_move_holds_from_its_day_and_keeps_the_past(tree: Tree) -> None:
    moved_on = date(2026, 3, 16)
    tree = after(MoveUnit(CELL, WEST, moved_on), tree=tree)
    assert tree.units[CELL].parent_on(moved_on - timedelta(days=1)) == EAST
    assert [unit.unit_id for unit in tree.subtree_on(WEST, moved_on)] == [WEST, CELL]
    assert [unit.unit_id for unit in tree.subtree_on(EAST, moved_on)] == [EAST]


def test_a_move_to_where_the_unit_stands_is_nothing_new(tree: Tree) -> None:
    assert UNIT_TREE.decide(MoveUnit(CELL, EAST, date(2026, 1, 1)), tree) == []


def test_a_withdrawn_move_never_happened(tree: Tree) -> None:
    moved = after(MoveUnit(CELL, WEST, date(2026, 1, 1)), tree=tree)
    withdrawn = after(WithdrawUnitChange(CELL, uuid4(), moved.version, "wrong_unit"), tree=moved)
    assert withdrawn.units[CELL].parent_on(date(2026, 2, 1)) == EAST


def test_a_withdrawn_registration_frees_the_unit(tree: Tree) -> None:
    tree = after(WithdrawUnitChange(CELL, uuid4(), tree.units[CELL].version, "duplicate"), tree=tree)
    assert CELL not in tree.units
    assert list(tree.children_on(EAST, START)) == []


def test_refuses_to_withdraw_a_unit_that_has_children(tree: Tree) -> None:
    with pytest.raises(errors.StillHasChildren):
        UNIT_TREE.decide(WithdrawUnitChange(EAST, uuid4(), tree.units[EAST].version, "duplicate"), tree)


def test_merged_units_end_and_their_successor_stays(tree: Tree) -> None:
    on = date(2026, 9, 30)
    other = uuid4()
    tree = after(register(other, EAST, "cell"), MergeUnits(other, (CELL,), on), tree=tree)
    assert tree.existing(CELL, on - timedelta(days=1)) is not None
    assert tree.existing(CELL, on) is None
    assert UNIT_TREE.decide(MergeUnits(other, (CELL,), on), tree) == []
    assert tree.existing(other, on) is not None
    ends = tree.units[CELL].ends
    back = after(WithdrawUnitChange(CELL, uuid4(), ends[0].version, "error"), tree=tree)
    assert back.existing(CELL, on) is not None


def test_a_name_changes_from_a_day_on(tree: Tree) -> None:
    tree = after(RenameUnit(CELL, "Chi bộ thôn Đông", date(2026, 1, 1)), tree=tree)
    assert tree.units[CELL].name_on(date(2025, 12, 31)) == "Đơn vị 4"
    assert tree.units[CELL].name_on(date(2026, 1, 1)) == "Chi bộ thôn Đông"


def test_an_outer_code_is_a_dated_alias_and_may_pass_to_another_unit(tree: Tree) -> None:
    changed = date(2026, 1, 1)
    tree = after(AliasUnit(CELL, "hr", "42.001", START), AliasUnit(CELL, "hr", "42.009", changed), tree=tree)
    assert tree.unit_of_code("hr", "42.001", START) == tree.units[CELL]
    assert tree.unit_of_code("hr", "42.001", changed) is None
    tree = after(AliasUnit(EAST, "hr", "42.001", changed), tree=tree)
    assert tree.unit_of_code("hr", "42.001", changed) == tree.units[EAST]
    with pytest.raises(errors.CodeTaken):
        UNIT_TREE.decide(AliasUnit(WEST, "hr", "42.001", changed), tree)


def test_several_commands_are_all_or_none(tree: Tree) -> None:
    new = uuid4()
    with pytest.raises(errors.UnknownParent):
        together(UNIT_TREE).decide([register(new, EAST), register(uuid4(), uuid4())], tree)
    assert [
        type(event) for event in together(UNIT_TREE).decide([register(new, EAST), MoveUnit(WEST, new, START)], tree)
    ] == [
        UnitRegistered,
        UnitMoved,
    ]


COMMITTEES = [UUID(int=n) for n in range(1, 8)]
moves = st.lists(st.tuples(st.sampled_from(COMMITTEES), st.sampled_from(COMMITTEES), st.integers(0, 5)), max_size=25)


@given(moves)
def test_no_sequence_of_moves_ever_closes_a_cycle(wanted: list[tuple[UUID, UUID, int]]) -> None:
    tree = after(
        DefineKind("committee", "Đảng ủy", is_cell=False, decides_ratings=True, valid_from=START),
        register(COMMITTEES[0], None),
        *(register(unit_id, COMMITTEES[0]) for unit_id in COMMITTEES[1:]),
    )
    for unit_id, parent_id, day in wanted:
        try:
            tree = after(MoveUnit(unit_id, parent_id, START + timedelta(days=day)), tree=tree)
        except errors.Refused:
            continue
    for day in range(7):
        on = START + timedelta(days=day)
        assert len(list(tree.subtree_on(COMMITTEES[0], on))) == len(COMMITTEES)
