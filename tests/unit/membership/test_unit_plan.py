"""A file of units is compared with the tree: new, changed, ended, and what is wrong."""

from dataclasses import replace
from datetime import date
from random import Random
from uuid import uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from samples.province import Province
from samples.province.files import UNITS
from services.membership.domain.tree_state import Tree
from services.membership.imports import rows as typed
from services.membership.imports.plan import Outcome
from services.membership.imports.unit_plan import plan_unit_kinds, plan_units
from tests.unit.membership.planning import DAY, LATER, Read, carried_out


def test_a_new_province_is_all_new_whatever_the_order_of_the_rows(
    kinds: Tree, unit_rows: list[typed.UnitRow], province: Province
) -> None:
    plan = plan_units(list(reversed(unit_rows)), kinds, DAY, uuid4)
    assert (plan.problems, plan.count(Outcome.NEW)) == ([], len(province.units))
    made = carried_out(plan, kinds)
    assert len(list(made.subtree_on(made.roots[0], DAY.as_of))) == len(province.units)


def test_the_same_units_again_change_nothing(tree: Tree, unit_rows: list[typed.UnitRow]) -> None:
    for day in (DAY, LATER):
        plan = plan_units(unit_rows, tree, day, uuid4)
        assert (plan.changes, plan.problems, plan.unchanged) == ([], [], len(unit_rows))


def test_a_unit_that_is_missing_from_the_file_is_not_touched(tree: Tree, unit_rows: list[typed.UnitRow]) -> None:
    assert plan_units(unit_rows[:3], tree, DAY, uuid4).changes == []


def test_another_name_or_parent_holds_from_the_day_of_the_file(tree: Tree, unit_rows: list[typed.UnitRow]) -> None:
    cell = next(row for row in unit_rows if row.cell_type)
    other = next(row for row in unit_rows if row.kind == "commune" and row.code != cell.parent)
    plan = plan_units([replace(cell, name="Chi bộ mới", parent=other.code)], tree, LATER, uuid4)
    [change] = plan.changes
    assert (change.outcome, change.fields) == (Outcome.CHANGED, ("name", "parent"))
    after = carried_out(plan, tree)
    unit = after.unit_of_code(DAY.system, cell.code, LATER.as_of)
    assert unit is not None
    assert unit.parent_on(DAY.as_of) != unit.parent_on(LATER.as_of)


def test_a_unit_with_a_last_day_ends_and_stays_ended(tree: Tree, unit_rows: list[typed.UnitRow]) -> None:
    cell = next(row for row in unit_rows if row.cell_type)
    ended = [replace(cell, ended_on=date(2026, 3, 31))]
    plan = plan_units(ended, tree, LATER, uuid4)
    assert [change.outcome for change in plan.changes] == [Outcome.ENDED]
    after = carried_out(plan, tree)
    assert after.unit_of_code(DAY.system, cell.code, date(2026, 3, 31)) is not None
    assert after.unit_of_code(DAY.system, cell.code, date(2026, 4, 1)) is None
    assert plan_units(ended, after, LATER, uuid4).changes == []


def test_a_loop_names_its_rows(kinds: Tree, unit_rows: list[typed.UnitRow]) -> None:
    commune = next(row for row in unit_rows if row.kind == "commune")
    under = next(row for row in unit_rows if row.parent == commune.code)
    looped = [replace(row, parent=under.code) if row is commune else row for row in unit_rows]
    plan = plan_units(looped, kinds, DAY, uuid4)
    loops = [problem for problem in plan.problems if "Vòng lặp" in problem.text]
    assert sorted(problem.row for problem in loops) == sorted([commune.row, under.row])
    assert {problem.field for problem in loops} == {"parent"}


def test_an_unknown_parent_is_named_with_row_and_code(kinds: Tree, unit_rows: list[typed.UnitRow]) -> None:
    orphan = replace(unit_rows[1], parent="42.999")
    plan = plan_units([unit_rows[0], orphan], kinds, DAY, uuid4)
    assert [(missing.row, missing.code) for missing in plan.unknown_parents] == [(orphan.row, "42.999")]
    assert [(problem.row, problem.field) for problem in plan.problems] == [(orphan.row, "parent")]


def test_a_code_twice_names_both_rows(kinds: Tree, unit_rows: list[typed.UnitRow]) -> None:
    plan = plan_units([*unit_rows, replace(unit_rows[1], row=999)], kinds, DAY, uuid4)
    [problem] = plan.problems
    assert (problem.row, problem.field) == (999, "code")
    assert f"dòng {unit_rows[1].row}" in problem.text


def test_an_unknown_kind_or_another_kind_is_a_problem(tree: Tree, unit_rows: list[typed.UnitRow]) -> None:
    new = replace(unit_rows[1], code="42.777", kind="district")
    other = replace(unit_rows[2], kind="block")
    plan = plan_units([new, other], tree, DAY, uuid4)
    assert [(problem.row, problem.field) for problem in plan.problems] == [(new.row, "kind"), (other.row, "kind")]


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.randoms(use_true_random=False))
def test_any_order_of_rows_gives_the_same_tree(kinds: Tree, unit_rows: list[typed.UnitRow], random: Random) -> None:
    shuffled = random.sample(unit_rows, k=len(unit_rows))
    made = carried_out(plan_units(shuffled, kinds, DAY, uuid4), kinds)
    assert plan_units(unit_rows, made, DAY, uuid4).changes == []


def test_a_kind_that_stands_twice_is_recorded_once(kinds: Tree, read: Read) -> None:
    rows = read("unit-kinds", UNITS, typed.unit_kind)
    assert plan_unit_kinds(rows, kinds).changes == []
    assert len(plan_unit_kinds([*rows, *rows], Tree()).changes) == len(rows)
