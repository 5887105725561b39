"""Which units a file of units shrinks, and from when on that is too much."""

from dataclasses import replace
from datetime import date
from uuid import uuid4

import pytest

from services.membership.domain.tree_state import Tree
from services.membership.imports import rows as typed
from services.membership.imports.shrinking import Limit, of_cells
from services.membership.imports.unit_plan import plan_units
from tests.unit.membership.planning import DAY

LIMIT = Limit(share=0.2, count=1)
COMMUNE, OTHER, ROOT = "42.001.000.000.000", "42.002.000.000.000", "42.000.000.000.000"
CELLS = ("42.001.000.000.001", "42.001.000.000.002")


@pytest.mark.parametrize(("leaving", "of", "passed"), [(5, 6, False), (6, 6, True), (20, 100, False), (21, 100, True)])
def test_a_few_and_a_share_may_leave_unasked(leaving: int, of: int, passed: bool) -> None:
    assert Limit(share=0.2, count=5).is_passed(leaving, of) is passed


def shrunk(tree: Tree, rows: list[typed.UnitRow]) -> dict[str, tuple[int, int]]:
    """(leaving, of) by the unit's code."""
    plan = plan_units(rows, tree, DAY, uuid4)
    assert plan.problems == []
    found = of_cells(plan, tree, LIMIT)
    codes = {loss.unit_id: tree.units[loss.unit_id].code_on(DAY.system, DAY.as_of) for loss in found}
    return {str(codes[loss.unit_id]): (loss.leaving, loss.of) for loss in found}


@pytest.fixture
def cells(unit_rows: list[typed.UnitRow]) -> list[typed.UnitRow]:
    return [row for row in unit_rows if row.code in CELLS]


def test_cells_that_end_on_a_day_to_come_shrink_what_is_above_them(tree: Tree, cells: list[typed.UnitRow]) -> None:
    assert shrunk(tree, [replace(row, ended_on=date(2026, 12, 31)) for row in cells]) == {COMMUNE: (2, 5)}


def test_cells_that_move_shrink_what_they_leave_and_nothing_above_both(tree: Tree, cells: list[typed.UnitRow]) -> None:
    assert shrunk(tree, [replace(row, parent=OTHER) for row in cells]) == {COMMUNE: (2, 5)}


def test_a_cell_that_comes_instead_makes_up_for_none_that_leaves(
    tree: Tree, unit_rows: list[typed.UnitRow], cells: list[typed.UnitRow]
) -> None:
    coming = [replace(row, parent=COMMUNE) for row in unit_rows if row.parent == OTHER and row.cell_type]
    assert len(coming) > len(cells)
    assert shrunk(tree, [*coming, *(replace(row, parent=OTHER) for row in cells)]).keys() == {COMMUNE, OTHER}


def test_a_file_of_new_units_alone_shrinks_nothing(kinds: Tree, unit_rows: list[typed.UnitRow]) -> None:
    assert of_cells(plan_units(unit_rows, kinds, DAY, uuid4), kinds, LIMIT) == []
