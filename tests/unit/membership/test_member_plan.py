"""A file of members is compared with the log; who is missing from it is not touched, and names stay in texts."""

from dataclasses import replace
from datetime import date
from uuid import uuid4

import pytest

from services.membership.domain.member import MEMBER, Stay
from services.membership.domain.tree_state import Tree
from services.membership.imports import rows as typed
from services.membership.imports.identity import KnownMember, Person, code_hash
from services.membership.imports.member_plan import plan_members
from services.membership.imports.plan import Change, Outcome
from shared.contracts.membership import MemberAdmitted, MemberStatus, Standing
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


NO_END, NO_HOST = frozenset({"status_until"}), frozenset({"host"})


def after(change: Change, known: KnownMember) -> KnownMember:  # type: ignore[type-arg]
    return replace(known, member=MEMBER.fold(together(MEMBER).decide(change.commands, known.member), known.member))


def exempt(row: typed.MemberRow, tree: Tree, known: KnownMember) -> tuple[typed.MemberRow, KnownMember]:
    """The row that exempts until 30/06, and what is known after it."""
    said = replace(
        row, status=MemberStatus.EXEMPT, status_from=date(2026, 3, 5), status_until=date(2026, 6, 30), host=None
    )
    [change] = plan_members([said], tree, {row.code: known}, DAY, uuid4).changes
    return said, after(change, known)


def planned(row: typed.MemberRow, tree: Tree, known: KnownMember, as_of: date) -> KnownMember:
    """What is known after a file of the one row; the same if it changes nothing."""
    plan = plan_members([row], tree, {row.code: known}, replace(DAY, as_of=as_of), uuid4)
    assert plan.problems == []
    return after(plan.changes[0], known) if plan.changes else known


@pytest.mark.parametrize("since", [None, date(2026, 3, 5), date(2026, 3, 1)])
def test_a_status_without_a_column_for_its_end_keeps_the_end_that_is_known(
    tree: Tree, member_rows: list[typed.MemberRow], known: dict[str, KnownMember], since: date | None
) -> None:
    said, exempted = exempt(member_rows[0], tree, known[member_rows[0].code])
    silent = replace(said, status_from=since, status_until=None, unsaid=NO_END)
    found = planned(silent, tree, exempted, LATER.as_of)
    assert found.member.stay_on(date(2026, 6, 30)) == Stay(said.standing, MemberStatus.EXEMPT, said.status_until, None)
    assert found.member.stay_on(date(2026, 7, 1)) == Stay(said.standing, MemberStatus.ACTIVE, None, None)
    answered = planned(replace(silent, unsaid=frozenset()), tree, exempted, LATER.as_of)
    assert answered.member.stay_on(date(2026, 7, 1)) == Stay(said.standing, MemberStatus.EXEMPT, None, None)


def test_another_standing_keeps_the_end_that_is_known(
    tree: Tree, member_rows: list[typed.MemberRow], known: dict[str, KnownMember]
) -> None:
    said, exempted = exempt(member_rows[0], tree, known[member_rows[0].code])
    other = next(standing for standing in Standing if standing is not said.standing)
    found = planned(replace(said, standing=other, status_until=None, unsaid=NO_END), tree, exempted, LATER.as_of)
    assert found.member.stay_on(LATER.as_of) == Stay(other, MemberStatus.EXEMPT, said.status_until, None)


@pytest.mark.parametrize("since", [None, date(2026, 3, 5), date(2026, 7, 5)])
def test_a_status_that_the_file_names_after_its_known_end_holds_anew_without_an_end(
    tree: Tree, member_rows: list[typed.MemberRow], known: dict[str, KnownMember], since: date | None
) -> None:
    said, exempted = exempt(member_rows[0], tree, known[member_rows[0].code])
    silent = replace(said, status_from=since, status_until=None, unsaid=NO_END)
    found = planned(silent, tree, exempted, date(2026, 7, 2))
    assert found.member.stay_on(date(2026, 7, 9)) == Stay(said.standing, MemberStatus.EXEMPT, None, None)


def test_another_status_has_no_end_of_the_one_before(
    tree: Tree, member_rows: list[typed.MemberRow], known: dict[str, KnownMember]
) -> None:
    said, exempted = exempt(member_rows[0], tree, known[member_rows[0].code])
    suspended = replace(said, status=MemberStatus.SUSPENDED, status_from=None, status_until=None, unsaid=NO_END)
    found = planned(suspended, tree, exempted, LATER.as_of)
    assert found.member.stay_on(LATER.as_of) == Stay(said.standing, MemberStatus.SUSPENDED, None, None)


def test_a_stay_elsewhere_without_a_column_for_the_host_keeps_the_host_that_is_known(
    tree: Tree, member_rows: list[typed.MemberRow], known: dict[str, KnownMember]
) -> None:
    row = member_rows[0]
    host = next(other.cell for other in member_rows if other.cell != row.cell)
    there = replace(row, status=MemberStatus.TEMPORARY_ELSEWHERE, status_from=date(2026, 3, 5), host=host)
    away = planned(there, tree, known[row.code], DAY.as_of)
    stay = away.member.stay_on(LATER.as_of)
    assert stay
    assert stay.host_cell_id
    silent = replace(there, status_from=None, status_until=date(2026, 5, 31), host=None, unsaid=NO_HOST)
    found = planned(silent, tree, away, LATER.as_of)
    assert found.member.stay_on(LATER.as_of) == replace(stay, valid_until=date(2026, 5, 31))
    joined = planned(replace(silent, cell=host), tree, found, LATER.as_of)
    assert joined.member.cell_on(LATER.as_of) == stay.host_cell_id
    assert joined.member.stay_on(LATER.as_of) == replace(stay, valid_until=date(2026, 5, 31), host_cell_id=None)
    back = planned(replace(silent, status=MemberStatus.ACTIVE), tree, found, LATER.as_of)
    assert back.member.stay_on(LATER.as_of) == Stay(row.standing, MemberStatus.ACTIVE, date(2026, 5, 31), None)
