"""The directory on real PostgreSQL: the tree over valid and known time, offices, assignments, cells."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date, timedelta

import asyncpg
import pytest

from shared.contracts import membership as facts
from shared.contracts.membership import AssignmentKind, OfficeRole
from shared.database.pool import Pool, open_pool
from shared.directory.directory import EVERYTHING, Directory
from tests.fixtures.province import (
    CELL_1,
    CELL_2,
    CELL_3,
    COMMUNE_A,
    COMMUNE_B,
    FOUNDED,
    GRASSROOTS,
    PROVINCE,
    SUB_COMMITTEE,
    TODAY,
    Membership,
    assignment,
    founding,
    identifier,
    member,
    office,
)

A_DAY = timedelta(days=1)


@pytest.fixture
async def pool(service_database: Callable[[], Awaitable[str]]) -> AsyncIterator[Pool]:
    pool = await open_pool(await service_database())
    yield pool
    await pool.close()


@pytest.fixture
async def membership(pool: Pool) -> Membership:
    membership = Membership(pool)
    await membership.tell(*founding())
    return membership


@pytest.fixture
def directory(membership: Membership) -> Directory:
    return Directory(membership.pool)


async def closure(pool: Pool, on: date, known: int = EVERYTHING) -> set[tuple[object, object, int]]:
    """Every unit with itself and all above it: asked for from below, as version 0.1.0 does, and from above."""
    found = {tuple(row) for row in await pool.fetch("SELECT * FROM unit_closure($1, $2)", on, known)}
    tops = list({ancestor for ancestor, _, _ in found})
    below = "SELECT top, unit_id, depth FROM unit_spans_below($1, $2, $3)"
    assert found == {tuple(row) for row in await pool.fetch(below, tops, [on], known)}
    return found


async def test_names_everyone_above_a_cell_nearest_first(directory: Directory) -> None:
    assert await directory.ancestors(CELL_2, TODAY) == [SUB_COMMITTEE, GRASSROOTS, COMMUNE_A, PROVINCE]
    assert await directory.ancestors(PROVINCE, TODAY) == []


async def test_a_unit_is_within_itself_and_within_those_above(directory: Directory) -> None:
    assert await directory.is_within(CELL_2, COMMUNE_A, TODAY)
    assert await directory.is_within(CELL_2, CELL_2, TODAY)
    assert not await directory.is_within(CELL_2, COMMUNE_B, TODAY)
    assert not await directory.is_within(COMMUNE_A, CELL_2, TODAY)


async def test_a_sub_committee_does_not_decide_ratings(directory: Directory) -> None:
    assert (await directory.ancestors(CELL_2, TODAY))[0] == SUB_COMMITTEE
    assert await directory.deciding_committee(CELL_2, TODAY) == GRASSROOTS
    assert await directory.deciding_committee(CELL_1, TODAY) == COMMUNE_A


async def test_a_moved_unit_takes_its_subtree_along_from_that_day_on(
    directory: Directory, membership: Membership
) -> None:
    moved = date(2026, 1, 1)
    await membership.tell(facts.UnitMoved(unit_id=GRASSROOTS, parent_id=COMMUNE_B, effective_on=moved))
    assert await directory.is_within(CELL_2, COMMUNE_B, moved)
    assert await directory.is_within(CELL_2, COMMUNE_A, moved - A_DAY)


async def test_a_move_learned_late_for_an_earlier_day_does_not_undo_a_later_one(
    directory: Directory, membership: Membership
) -> None:
    await membership.tell(
        facts.UnitMoved(unit_id=CELL_1, parent_id=COMMUNE_B, effective_on=date(2026, 2, 1)),
        facts.UnitMoved(unit_id=CELL_1, parent_id=GRASSROOTS, effective_on=date(2025, 10, 1)),
    )
    parents = [(await directory.ancestors(CELL_1, day))[0] for day in (FOUNDED, date(2025, 10, 1), TODAY)]
    assert parents == [COMMUNE_A, GRASSROOTS, COMMUNE_B]


async def test_the_tree_as_it_was_known_does_not_know_what_came_later(membership: Membership, pool: Pool) -> None:
    known = membership.position
    before = await closure(pool, TODAY)
    await membership.tell(
        facts.UnitMoved(unit_id=GRASSROOTS, parent_id=COMMUNE_B, effective_on=FOUNDED),
        facts.UnitDissolved(unit_id=CELL_3, effective_on=FOUNDED + A_DAY),
    )
    assert await closure(pool, TODAY) != before
    assert await closure(pool, TODAY, known) == before


async def test_a_withdrawn_change_counts_no_longer_but_was_known_before(membership: Membership, pool: Pool) -> None:
    before = await closure(pool, TODAY)
    [moved] = await membership.tell(facts.UnitMoved(unit_id=CELL_1, parent_id=COMMUNE_B, effective_on=FOUNDED))
    while_it_stood = await closure(pool, TODAY)
    await membership.tell(
        facts.UnitChangeWithdrawn(
            unit_id=CELL_1, withdrawn_event_id=moved.event_id, withdrawn_version=moved.version, reason="error"
        )
    )
    assert await closure(pool, TODAY) == before
    assert await closure(pool, TODAY, moved.position) == while_it_stood != before


async def test_what_stands_below_a_unit_on_some_days_is_that_of_each(membership: Membership, pool: Pool) -> None:
    await membership.tell(
        facts.UnitMoved(unit_id=CELL_1, parent_id=COMMUNE_B, effective_on=TODAY),
        facts.UnitDissolved(unit_id=CELL_3, effective_on=TODAY + A_DAY),
    )
    days = [TODAY - A_DAY, TODAY, TODAY + A_DAY]
    for top in (PROVINCE, COMMUNE_A, COMMUNE_B, CELL_1, CELL_3):
        spans = await pool.fetch("SELECT * FROM unit_spans_below($1, $2, $3)", [top], days, EVERYTHING)
        for day in days:
            found = [(row["unit_id"], row["depth"]) for row in spans if row["valid_from"] <= day < row["valid_until"]]
            assert sorted(found) == sorted(row[1:] for row in await closure(pool, day) if row[0] == top)


async def test_a_moved_unit_is_reached_from_where_it_stands_that_day(
    directory: Directory, membership: Membership
) -> None:
    await membership.tell(facts.UnitMoved(unit_id=CELL_1, parent_id=COMMUNE_B, effective_on=TODAY))
    for day, committee in ((TODAY - A_DAY, COMMUNE_A), (TODAY, COMMUNE_B)):
        for top in (COMMUNE_A, COMMUNE_B):
            assert await directory.reached([CELL_1], [top], day) == {CELL_1: top == committee}


async def test_a_unit_below_two_that_one_answers_for_is_reached_once(directory: Directory) -> None:
    reached = await directory.reached([CELL_2, COMMUNE_B], [GRASSROOTS, COMMUNE_A], TODAY)
    assert reached == {CELL_2: True, COMMUNE_B: False}


async def test_a_dissolved_or_merged_unit_ends_the_day_before(directory: Directory, membership: Membership) -> None:
    end = date(2026, 3, 1)
    await membership.tell(
        facts.UnitDissolved(unit_id=CELL_3, effective_on=end),
        facts.UnitsMerged(into=CELL_2, merged=(CELL_1,), effective_on=end),
    )
    for gone in (CELL_1, CELL_3):
        assert await directory.unit(gone, end - A_DAY)
        assert await directory.unit(gone, end) is None
        assert await directory.knows(gone)
    assert await directory.unit(CELL_2, end)


async def test_active_cells_are_leaves_that_exist_that_day(membership: Membership, pool: Pool) -> None:
    await membership.tell(facts.UnitDissolved(unit_id=CELL_3, effective_on=TODAY))
    cells = "SELECT unit_id FROM cells_active($1, $2)"
    assert {row[0] for row in await pool.fetch(cells, TODAY, EVERYTHING)} == {CELL_1, CELL_2}
    assert {row[0] for row in await pool.fetch(cells, TODAY - A_DAY, EVERYTHING)} == {CELL_1, CELL_2, CELL_3}
    assert await pool.fetch(cells, FOUNDED - A_DAY, EVERYTHING) == []


async def test_a_renamed_unit_keeps_its_old_name_for_earlier_days(directory: Directory, membership: Membership) -> None:
    await membership.tell(facts.UnitRenamed(unit_id=CELL_1, name="Chi bộ 1 mới", effective_on=TODAY))
    units = [await directory.unit(CELL_1, day) for day in (TODAY - A_DAY, TODAY)]
    assert [unit.name for unit in units if unit] == ["cell 1", "Chi bộ 1 mới"]


async def test_an_office_holds_on_its_first_and_last_day(directory: Directory, membership: Membership) -> None:
    await membership.tell(office("secretary 1", CELL_1, OfficeRole.SECRETARY, since=FOUNDED))
    await membership.tell(facts.OfficeEnded(office_id=identifier("secretary 1"), unit_id=CELL_1, ended_on=TODAY))
    held = await directory.office(identifier("secretary 1"), TODAY)
    assert held
    held_on = [held.holds(day) for day in (FOUNDED - A_DAY, FOUNDED, TODAY, TODAY + A_DAY)]
    assert held_on == [False, True, True, False]


async def test_an_office_says_whether_its_unit_is_a_cell_on_the_day(
    directory: Directory, membership: Membership
) -> None:
    for name, unit_id in (("of a cell", CELL_1), ("of a commune", COMMUNE_A), ("of nothing", identifier("nowhere"))):
        await membership.tell(office(name, unit_id, OfficeRole.SECRETARY, since=FOUNDED))
    names = ("of a cell", "of a commune", "of nothing")
    found = [await directory.office(identifier(name), TODAY) for name in names]
    assert [each and each.of_cell for each in found] == [True, False, None]
    before = await directory.office(identifier("of a cell"), FOUNDED - A_DAY)
    assert before
    assert before.of_cell is None


async def test_an_assignment_and_its_end_in_one_batch_come_out_in_order(
    directory: Directory, membership: Membership
) -> None:
    given = assignment("lan", CELL_3, AssignmentKind.FOLLOWER)
    ended = facts.AssignmentEnded(assignment_id=given.assignment_id, unit_id=CELL_3, ended_on=TODAY)
    await membership.tell(given, ended, assignment("lan", CELL_1, AssignmentKind.NOTE_TAKER))
    on_the_last_day = {item.unit_id for item in await directory.assignments(identifier("lan"), TODAY)}
    assert on_the_last_day == {CELL_1, CELL_3}
    assert {item.unit_id for item in await directory.assignments(identifier("lan"), TODAY + A_DAY)} == {CELL_1}


async def test_a_member_belongs_to_one_cell_at_a_time(directory: Directory, membership: Membership) -> None:
    lan = identifier("lan")
    moved, left = date(2026, 1, 1), date(2026, 3, 1)
    await membership.tell(
        member("lan", CELL_1),
        facts.MemberTransferred(member_id=lan, from_cell_id=CELL_1, to_cell_id=CELL_2, effective_on=moved),
    )
    [departed] = await membership.tell(
        facts.MemberStatusChanged(
            member_id=lan,
            standing=facts.Standing.OFFICIAL,
            status=facts.MemberStatus.DEPARTED,
            valid_from=left,
        )
    )
    days = (FOUNDED - A_DAY, FOUNDED, moved, left)
    assert [await directory.cell_of(lan, day) for day in days] == [None, CELL_1, CELL_2, None]
    await membership.tell(
        facts.MemberChangeWithdrawn(
            member_id=lan, withdrawn_event_id=departed.event_id, withdrawn_version=departed.version, reason="error"
        )
    )
    assert await directory.cell_of(lan, left) == CELL_2


async def test_who_was_admitted_in_error_belongs_to_no_cell(directory: Directory, membership: Membership) -> None:
    [admitted] = await membership.tell(member("lan", CELL_1))
    await membership.tell(
        facts.MemberChangeWithdrawn(
            member_id=identifier("lan"), withdrawn_event_id=admitted.event_id, withdrawn_version=1, reason="error"
        )
    )
    assert await directory.cell_of(identifier("lan"), FOUNDED) is None


async def test_the_same_events_again_change_nothing(membership: Membership, pool: Pool) -> None:
    tables = ("unit_kind", "unit", "unit_version", "office", "assignment", "member_cell")
    await membership.tell(office("secretary 1", CELL_1, OfficeRole.SECRETARY), member("lan", CELL_1))

    async def rows() -> list[list[asyncpg.Record]]:
        return [await pool.fetch(f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables]

    before = await rows()
    again = Membership(pool)
    await again.tell(*founding(), office("secretary 1", CELL_1, OfficeRole.SECRETARY), member("lan", CELL_1))
    assert await rows() == before


@pytest.mark.usefixtures("membership")
async def test_asking_for_one_units_ancestors_reads_by_index(pool: Pool) -> None:
    async with pool.acquire() as connection:
        await connection.execute("SET enable_seqscan = off")
        plan = await connection.fetch(f"EXPLAIN SELECT * FROM unit_ancestors('{CELL_2}', '{TODAY}', {EVERYTHING})")
    text = "\n".join(row[0] for row in plan)
    assert text.count("Index Cond: ((unit_id = ") == 2
