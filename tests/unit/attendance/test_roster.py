"""Who is on a roster and how, from 294-QĐ/TW (26/5/2025)."""

from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.attendance.domain.roster import Belonging, MemberPast, Spell, draw, row_of
from shared.contracts.attendance import RosterRow
from shared.contracts.membership import MemberStatus, Standing

MEMBER, OTHER = UUID(int=1), UUID(int=2)
CELL, ELSEWHERE = UUID(int=10), UUID(int=11)
DAY = date(2026, 3, 3)
JOINED = date(2020, 1, 1)


def past(*spells: Spell, standing: Standing = Standing.OFFICIAL, cells: tuple[Belonging, ...] = ()) -> MemberPast:
    admitted = Spell(1, JOINED, None, standing, MemberStatus.ACTIVE)
    return MemberPast((Belonging(1, JOINED, CELL), *cells), (admitted, *spells))


def spell(
    status: MemberStatus, *, since: date = date(2026, 1, 1), until: date | None = None, position: int = 5
) -> Spell:
    host = ELSEWHERE if status is MemberStatus.TEMPORARY_ELSEWHERE else None
    return Spell(position, since, until, Standing.OFFICIAL, status, host)


def test_an_official_member_is_expected_and_votes() -> None:
    assert row_of(MEMBER, past(), CELL, DAY) == RosterRow(member_id=MEMBER, expected=True, votes=True)


def test_a_probationary_member_is_expected_and_does_not_vote() -> None:
    row = row_of(MEMBER, past(standing=Standing.PROBATIONARY), CELL, DAY)
    assert row == RosterRow(member_id=MEMBER, expected=True, votes=False)


@pytest.mark.parametrize(
    ("status", "votes"),
    [
        (MemberStatus.EXEMPT, False),
        (MemberStatus.TEMPORARY_ELSEWHERE, False),
        (MemberStatus.IN_TRANSIT, False),
        (MemberStatus.SUSPENDED, False),
        (MemberStatus.SPECIAL_DUTY, True),
    ],
)
def test_every_exclusion_stands_on_the_roster_with_the_status_behind_it(status: MemberStatus, *, votes: bool) -> None:
    row = row_of(MEMBER, past(spell(status)), CELL, DAY)
    assert row == RosterRow(member_id=MEMBER, expected=False, votes=votes, exclusion=status)


def test_a_temporary_stay_is_expected_at_the_host_without_a_vote() -> None:
    staying = past(spell(MemberStatus.TEMPORARY_ELSEWHERE))
    assert row_of(MEMBER, staying, ELSEWHERE, DAY) == RosterRow(
        member_id=MEMBER, expected=True, votes=False, hosted=True
    )


def test_in_transit_is_expected_in_neither_cell() -> None:
    moving = past(spell(MemberStatus.IN_TRANSIT), cells=(Belonging(6, date(2026, 4, 1), ELSEWHERE),))
    row = row_of(MEMBER, moving, CELL, DAY)
    assert row is not None
    assert not row.expected
    assert row_of(MEMBER, moving, ELSEWHERE, DAY) is None


def test_a_transfer_counts_from_its_day_on() -> None:
    moved = past(cells=(Belonging(6, DAY, ELSEWHERE),))
    assert row_of(MEMBER, moved, CELL, date(2026, 3, 2)) is not None
    assert row_of(MEMBER, moved, CELL, DAY) is None
    assert row_of(MEMBER, moved, ELSEWHERE, DAY) is not None


def test_the_departed_and_the_not_yet_admitted_have_no_row() -> None:
    assert row_of(MEMBER, past(spell(MemberStatus.DEPARTED)), CELL, DAY) is None
    assert row_of(MEMBER, past(), CELL, date(2019, 12, 31)) is None


def test_both_days_of_a_spell_count_and_afterwards_the_earlier_one_holds_again() -> None:
    exempt = past(spell(MemberStatus.EXEMPT, since=DAY, until=DAY))
    expected = [row_of(MEMBER, exempt, CELL, day) for day in (date(2026, 3, 2), DAY, date(2026, 3, 4))]
    assert [row.expected if row else None for row in expected] == [True, False, True]


@pytest.mark.parametrize("since", [date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1)])
def test_of_two_spells_that_cover_a_day_the_one_learned_last_counts(since: date) -> None:
    later = spell(MemberStatus.EXEMPT, since=since, position=9)
    corrected = past(later, spell(MemberStatus.SUSPENDED, position=5))
    row = row_of(MEMBER, corrected, CELL, DAY)
    assert row is not None
    assert row.exclusion is MemberStatus.EXEMPT


@given(st.permutations([MEMBER, OTHER]), st.permutations([spell(MemberStatus.SUSPENDED), spell(MemberStatus.ACTIVE)]))
def test_the_order_in_which_facts_are_read_changes_nothing(members: list[UUID], spells: list[Spell]) -> None:
    pasts = {member: past(*spells) for member in members}
    rows = draw(pasts, CELL, DAY)
    assert [row.member_id for row in rows] == [MEMBER, OTHER]
