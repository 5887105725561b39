"""Files of offices and assignments: begun once, ended once, recognised without a code of their own."""

from dataclasses import replace
from datetime import date

import pytest

from samples.province.files import OFFICES
from services.membership.domain.assignment import ASSIGNMENT, Assignment
from services.membership.domain.office import OFFICE, Office
from services.membership.domain.tree_state import Tree
from services.membership.imports import rows as typed
from services.membership.imports.identity import KnownMember
from services.membership.imports.office_plan import Known, assignments, offices, plan_assignments, plan_offices
from services.membership.imports.plan import Outcome, Plan
from tests.unit.membership.planning import DAY, Read


@pytest.fixture
def office_rows(read: Read) -> list[typed.OfficeRow]:
    return read("offices", OFFICES, typed.office)


def test_offices_are_new_once_and_recognised_again(
    tree: Tree, known: dict[str, KnownMember], office_rows: list[typed.OfficeRow]
) -> None:
    where = Known(tree, known, DAY)
    plan: Plan = Plan()  # type: ignore[type-arg]
    tenures = offices(office_rows, where, plan)
    plan_offices(tenures, {}, plan)
    assert (plan.problems, plan.count(Outcome.NEW)) == ([], len(office_rows))
    recorded = {tenure.tenure_id: OFFICE.fold(OFFICE.decide(tenure.begin, Office())) for tenure in tenures}
    again: Plan = Plan()  # type: ignore[type-arg]
    plan_offices(offices(office_rows, where, again), recorded, again)
    assert (again.changes, again.unchanged) == ([], len(office_rows))


def test_a_last_day_ends_an_office_and_cannot_be_taken_back(
    tree: Tree, known: dict[str, KnownMember], office_rows: list[typed.OfficeRow]
) -> None:
    row = next(row for row in office_rows if row.valid_until is None)
    where, plan, reopened = Known(tree, known, DAY), Plan(), Plan()  # type: ignore[var-annotated]
    [begun] = offices([row], where, plan)
    held = OFFICE.fold(OFFICE.decide(begun.begin, Office()))
    plan_offices(offices([replace(row, valid_until=DAY.as_of)], where, plan), {begun.tenure_id: held}, plan)
    [change] = plan.changes
    assert change.outcome is Outcome.ENDED
    ended = OFFICE.fold(OFFICE.decide(change.commands[0], held), held)
    plan_offices(offices([row], where, reopened), {begun.tenure_id: ended}, reopened)
    assert [problem.field for problem in reopened.problems] == ["valid_until"]


def test_an_office_names_a_known_unit_and_member_and_right_dates(
    tree: Tree, known: dict[str, KnownMember], office_rows: list[typed.OfficeRow]
) -> None:
    row = next(row for row in office_rows if row.member)
    wrong = [
        replace(row, row=10, unit="42.999"),
        replace(row, row=11, member="HT-0"),
        replace(row, row=12, member=None),
        replace(row, row=13, valid_until=date(2020, 1, 1)),
        replace(row, row=14),
    ]
    plan: Plan = Plan()  # type: ignore[type-arg]
    plan_offices(offices(wrong, Known(tree, known, DAY), plan), {}, plan)
    assert sorted((problem.row, problem.field) for problem in plan.problems) == [
        (10, "unit"), (11, "member"), (12, "member"), (13, "valid_until"), (14, "valid_from"),
    ]  # fmt: skip


def test_assignments_are_new_once_and_recognised_again(tree: Tree, known: dict[str, KnownMember], read: Read) -> None:
    rows, where = read("assignments", OFFICES, typed.assignment), Known(tree, known, DAY)
    plan, again = Plan(), Plan()  # type: ignore[var-annotated]
    tenures = assignments(rows, where, plan)
    plan_assignments(tenures, {}, plan)
    assert (plan.problems, plan.count(Outcome.NEW)) == ([], len(rows))
    recorded = {given.tenure_id: ASSIGNMENT.fold(ASSIGNMENT.decide(given.begin, Assignment())) for given in tenures}
    plan_assignments(assignments(rows, where, again), recorded, again)
    assert (again.changes, again.unchanged) == ([], len(rows))


def test_a_tenure_without_a_column_for_its_end_keeps_the_end_that_is_known(
    tree: Tree, known: dict[str, KnownMember], office_rows: list[typed.OfficeRow], read: Read
) -> None:
    where, plan = Known(tree, known, DAY), Plan()  # type: ignore[var-annotated]
    office_row = replace(office_rows[0], valid_until=DAY.as_of)
    [assigned] = offices([office_row], where, plan)
    ended = OFFICE.fold(OFFICE.decide(assigned.begin, Office()))
    [again] = offices([replace(office_row, valid_until=None, unsaid=frozenset({"valid_until"}))], where, plan)
    plan_offices([again], {assigned.tenure_id: ended}, plan)

    given_row = replace(read("assignments", OFFICES, typed.assignment)[0], valid_until=DAY.as_of)
    [given] = assignments([given_row], where, plan)
    over = ASSIGNMENT.fold(ASSIGNMENT.decide(given.begin, Assignment()))
    [unsaid] = assignments([replace(given_row, valid_until=None, unsaid=frozenset({"valid_until"}))], where, plan)
    plan_assignments([unsaid], {given.tenure_id: over}, plan)
    assert (plan.problems, plan.changes, plan.unchanged) == ([], [], 2)
