"""A file is compared, not copied: new, changed, ended, and what is wrong; what is missing from it is not touched."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from samples.province import Province, make_province
from samples.province.files import MAPPINGS, MEMBERS, OFFICES, UNITS, write_files
from services.membership.domain.assignment import ASSIGNMENT, Assignment
from services.membership.domain.member import MEMBER
from services.membership.domain.member_commands import MemberCommand
from services.membership.domain.office import OFFICE, Office
from services.membership.domain.tree_state import Tree
from services.membership.domain.unit_tree import UNIT_TREE
from services.membership.imports import rows as typed
from services.membership.imports.identity import KnownMember, Person, code_hash
from services.membership.imports.mapping import load_mapping
from services.membership.imports.member_plan import plan_members
from services.membership.imports.office_plan import Known, assignments, offices, plan_assignments, plan_offices
from services.membership.imports.plan import Outcome, Plan
from services.membership.imports.tables import read_rows
from services.membership.imports.unit_plan import FileDay, plan_unit_kinds, plan_units
from shared.contracts.membership import MemberAdmitted, MemberStatus
from shared.decider import together

DAY = FileDay("hatinh-to-chuc", date(2026, 3, 1))
LATER = replace(DAY, as_of=date(2026, 4, 1))
Read = Callable[..., list]  # type: ignore[type-arg]


@pytest.fixture(scope="module")
def province() -> Province:
    return make_province(scale="small")


@pytest.fixture(scope="module")
def folder(province: Province, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_files(province, tmp_path_factory.mktemp("province"))


@pytest.fixture(scope="module")
def read(folder: Path) -> Read:
    def rows(mapping: str, file: str, parse: Callable[..., object]) -> list:  # type: ignore[type-arg]
        loaded = load_mapping(MAPPINGS, mapping)
        good, problems = typed.parse(read_rows((folder / file).read_bytes(), loaded), loaded, parse)
        assert problems == []
        return good

    return rows


@pytest.fixture(scope="module")
def unit_rows(read: Read) -> list[typed.UnitRow]:
    return read("units", UNITS, typed.unit)


@pytest.fixture(scope="module")
def member_rows(read: Read) -> list[typed.MemberRow]:
    return read("members", MEMBERS, typed.member)


def carried_out(plan: Plan, tree: Tree) -> Tree:  # type: ignore[type-arg]
    assert plan.problems == []
    commands = [command for change in plan.changes for command in change.commands]
    return UNIT_TREE.fold(together(UNIT_TREE).decide(commands, tree), tree)


@pytest.fixture(scope="module")
def kinds(read: Read) -> Tree:
    return carried_out(plan_unit_kinds(read("unit-kinds", UNITS, typed.unit_kind), Tree()), Tree())


@pytest.fixture(scope="module")
def tree(kinds: Tree, unit_rows: list[typed.UnitRow]) -> Tree:
    return carried_out(plan_units(unit_rows, kinds, DAY, uuid4), kinds)


def admitted(plan: Plan[MemberCommand]) -> dict[str, KnownMember]:
    """What the log knows after the plan was carried out, by outer code."""
    known = {}
    for change in plan.changes:
        member = MEMBER.fold(together(MEMBER).decide(change.commands, MEMBER.initial))
        bodies = {text.kind: text.body for text in change.texts}
        known[bodies["member_code"]] = KnownMember(UUID(change.key), member, Person.from_text(bodies["person"]))
    return known


@pytest.fixture(scope="module")
def known(tree: Tree, member_rows: list[typed.MemberRow]) -> dict[str, KnownMember]:
    return admitted(plan_members(member_rows, tree, {}, DAY, uuid4))


# --- units


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


# --- members


def test_members_are_new_once_with_their_names_in_texts_only(tree: Tree, member_rows: list[typed.MemberRow]) -> None:
    plan = plan_members(member_rows, tree, {}, DAY, uuid4)
    assert (plan.problems, plan.count(Outcome.NEW)) == ([], len(member_rows))
    names = {row.name for row in member_rows}
    for change in plan.changes:
        events = together(MEMBER).decide(change.commands, MEMBER.initial)
        assert isinstance(events[0], MemberAdmitted)
        assert not any(name in event.model_dump_json() for event in events for name in names)


def test_the_same_members_again_change_nothing(
    tree: Tree, member_rows: list[typed.MemberRow], known: dict[str, KnownMember]
) -> None:
    for day in (DAY, LATER):
        plan = plan_members(member_rows, tree, known, day, uuid4)
        assert (plan.changes, plan.problems, plan.unchanged) == ([], [], len(member_rows))


def test_a_member_missing_from_the_file_never_departs(
    tree: Tree, member_rows: list[typed.MemberRow], known: dict[str, KnownMember]
) -> None:
    assert plan_members(member_rows[:1], tree, known, DAY, uuid4).changes == []


@pytest.mark.parametrize(
    ("change", "outcome", "fields"),
    [
        ({"name": "Tên đã sửa"}, Outcome.CHANGED, ("name",)),
        ({"status": MemberStatus.SUSPENDED, "status_from": date(2026, 3, 5)}, Outcome.CHANGED, ("status",)),
        ({"status": MemberStatus.DEPARTED, "status_from": date(2026, 3, 5)}, Outcome.ENDED, ("status",)),
    ],
)
def test_a_difference_is_recorded_once(
    tree: Tree,
    member_rows: list[typed.MemberRow],
    known: dict[str, KnownMember],
    change: dict[str, object],
    outcome: Outcome,
    fields: tuple[str, ...],
) -> None:
    row = replace(member_rows[0], **change)  # type: ignore[arg-type]
    plan = plan_members([row], tree, known, DAY, uuid4)
    assert [(found.outcome, found.fields) for found in plan.changes] == [(outcome, fields)]
    before = known[row.code]
    after = MEMBER.fold(together(MEMBER).decide(plan.changes[0].commands, before.member), before.member)
    person = Person(row.name, row.born_on)
    again = plan_members([row], tree, {row.code: replace(before, member=after, person=person)}, LATER, uuid4)
    assert again.changes == []


def test_who_departed_and_is_in_the_file_again_comes_back(
    tree: Tree, member_rows: list[typed.MemberRow], known: dict[str, KnownMember]
) -> None:
    row, before = member_rows[0], known[member_rows[0].code]
    departed = replace(row, status=MemberStatus.DEPARTED, status_from=date(2026, 3, 5))
    [left] = plan_members([departed], tree, known, DAY, uuid4).changes
    gone = replace(before, member=MEMBER.fold(together(MEMBER).decide(left.commands, before.member), before.member))
    [back] = plan_members([row], tree, {row.code: gone}, LATER, uuid4).changes
    assert (back.outcome, back.fields) == (Outcome.CHANGED, ("cell", "status"))
    member = MEMBER.fold(together(MEMBER).decide(back.commands, gone.member), gone.member)
    assert member.cell_on(LATER.as_of) == before.member.cell_on(DAY.as_of)


def test_another_cell_is_a_transfer_from_the_day_of_the_file(
    tree: Tree, member_rows: list[typed.MemberRow], known: dict[str, KnownMember]
) -> None:
    row = member_rows[0]
    other = next(other.cell for other in member_rows if other.cell != row.cell)
    plan = plan_members([replace(row, cell=other)], tree, known, LATER, uuid4)
    [change] = plan.changes
    member = MEMBER.fold(together(MEMBER).decide(change.commands, known[row.code].member), known[row.code].member)
    assert member.cell_on(DAY.as_of) != member.cell_on(LATER.as_of)


def test_a_member_of_an_unknown_unit_or_of_a_committee_is_a_problem(
    tree: Tree, member_rows: list[typed.MemberRow], unit_rows: list[typed.UnitRow]
) -> None:
    unknown, committee = replace(member_rows[0], cell="42.999"), replace(member_rows[1], cell=unit_rows[0].code)
    plan = plan_members([unknown, committee], tree, {}, DAY, uuid4)
    assert [(problem.row, problem.field) for problem in plan.problems] == [
        (unknown.row, "cell"), (committee.row, "cell"),
    ]  # fmt: skip
    assert [missing.code for missing in plan.unknown_parents] == ["42.999"]


def test_an_outer_code_is_recognised_only_with_the_secret() -> None:
    assert code_hash(b"secret", "hr", "1") == code_hash(b"secret", "hr", "1")
    assert len({code_hash(secret, system, "1") for secret in (b"a", b"b") for system in ("hr", "card")}) == 4


# --- offices and assignments


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
