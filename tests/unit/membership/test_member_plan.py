"""A file of members is compared with the log; who is missing from it is not touched, and names stay in texts."""

from dataclasses import replace
from datetime import date
from uuid import uuid4

import pytest

from services.membership.domain.member import MEMBER
from services.membership.domain.tree_state import Tree
from services.membership.imports import rows as typed
from services.membership.imports.identity import KnownMember, Person, code_hash
from services.membership.imports.member_plan import plan_members
from services.membership.imports.plan import Outcome
from shared.contracts.membership import MemberAdmitted, MemberStatus
from shared.decider import together
from tests.unit.membership.planning import DAY, LATER


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


def test_a_column_that_the_mapping_leaves_out_changes_nothing(
    tree: Tree, member_rows: list[typed.MemberRow], known: dict[str, KnownMember]
) -> None:
    row, before = member_rows[0], known[member_rows[0].code]
    suspended = replace(row, status=MemberStatus.SUSPENDED, status_from=date(2026, 3, 5))
    [change] = plan_members([suspended], tree, known, DAY, uuid4).changes
    member = MEMBER.fold(together(MEMBER).decide(change.commands, before.member), before.member)
    silent = replace(row, born_on=None, status_from=None, unsaid=frozenset({"born_on", "status"}))
    assert plan_members([silent], tree, {row.code: replace(before, member=member)}, LATER, uuid4).changes == []
    answered = replace(silent, unsaid=frozenset())
    [found] = plan_members([answered], tree, {row.code: replace(before, member=member)}, LATER, uuid4).changes
    assert found.fields == ("name", "status")
