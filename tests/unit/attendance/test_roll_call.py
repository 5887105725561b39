"""The rules of a roll call: per command the right events, the refusal, the silence."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.attendance.domain import commands, errors
from services.attendance.domain.commands import Absence, Departure, Presence
from services.attendance.domain.roll_call import DECIDER, commutes
from services.attendance.domain.roster import Roster
from shared.contracts import attendance as events
from shared.contracts.attendance import Call, RosterRow, Way
from shared.contracts.event import Event
from shared.contracts.fields import TextRef

MEETING, CELL, SITTING = UUID(int=1), UUID(int=10), UUID(int=20)
AN, BINH, CHI, STRANGER = UUID(int=101), UUID(int=102), UUID(int=103), UUID(int=199)
START = datetime(2026, 3, 3, 11, 0, tzinfo=UTC)
END = START + timedelta(minutes=100)

ROWS = tuple(RosterRow(member_id=member, expected=True, votes=True) for member in (AN, BINH, CHI))
ROSTER = Roster(CELL, "2026-03", date(2026, 3, 3), 40, ROWS)
DRAWN = events.RosterDrawn(
    meeting_id=MEETING, unit_id=CELL, period="2026-03", held_on=date(2026, 3, 3), membership_position=40, rows=ROWS
)


def opened(call: Call, at: datetime = START) -> events.RollCallOpened:
    return events.RollCallOpened(meeting_id=MEETING, unit_id=CELL, call=call, opened_at=at)


def closed(call: Call, at: datetime = END) -> events.RollCallClosed:
    return events.RollCallClosed(meeting_id=MEETING, call=call, closed_at=at)


def came(member: UUID, call: Call = Call.START, way: Way = Way.LIVE) -> events.MemberCheckedIn:
    return events.MemberCheckedIn(
        meeting_id=MEETING, member_id=member, sitting_id=SITTING, call=call, at=START, way=way
    )


NOTE = TextRef(text_id=UUID(int=9), sha256="0" * 64)


def absent(member: UUID, *, excused: bool = True) -> events.AbsenceExplained:
    return events.AbsenceExplained(meeting_id=MEETING, member_id=member, excused=excused, note=NOTE)


def check_in(*members: UUID, call: Call = Call.START) -> commands.CheckIn:
    return commands.CheckIn(MEETING, call, tuple(Presence(member, SITTING, START) for member in members))


def late(*members: UUID, call: Call = Call.START, **parts: Any) -> commands.EnterLate:
    presences = tuple(Presence(member, SITTING, START, Way.PAPER) for member in members)
    return replace(commands.EnterLate(MEETING, call, END, ROSTER, presences), **parts)


OPEN = (DRAWN, opened(Call.START))
DONE = (*OPEN, came(AN), closed(Call.START))


def decide(command: commands.Command, *past: Event) -> Sequence[Event]:
    return DECIDER.decide(command, DECIDER.fold(past))


def test_opening_the_start_call_draws_the_roster() -> None:
    command = commands.OpenCall(MEETING, Call.START, START, ROSTER)
    assert decide(command) == [DRAWN, opened(Call.START)]
    assert decide(command, *OPEN) == []


def test_the_end_call_keeps_the_roster_and_needs_the_start_call() -> None:
    command = commands.OpenCall(MEETING, Call.END, END, ROSTER)
    assert decide(command, *DONE) == [opened(Call.END, END)]
    with pytest.raises(errors.CallNotOpen):
        decide(command)


def test_a_closed_call_is_not_opened_again() -> None:
    with pytest.raises(errors.CallClosed):
        decide(commands.OpenCall(MEETING, Call.START, START, ROSTER), *DONE)


def test_checks_in_one_or_a_whole_batch() -> None:
    assert decide(check_in(AN), *OPEN) == [came(AN)]
    assert decide(check_in(AN, BINH), *OPEN) == [came(AN), came(BINH)]


def test_a_second_check_in_is_a_success_with_nothing_new() -> None:
    assert decide(check_in(AN), *OPEN, came(AN)) == []
    assert decide(check_in(AN, AN, BINH), *OPEN, came(BINH)) == [came(AN)]


def test_refuses_a_check_in_of_someone_not_on_the_roster_and_names_the_row() -> None:
    with pytest.raises(errors.NotOnRoster, match=r"check_ins\[1\].member_id"):
        decide(check_in(AN, STRANGER), *OPEN)


def test_refuses_a_check_in_before_the_roll_call_opened() -> None:
    with pytest.raises(errors.CallNotOpen):
        decide(check_in(AN, call=Call.END), *OPEN)


def test_refuses_a_check_in_after_the_roll_call_closed_and_points_to_late_entry() -> None:
    with pytest.raises(errors.CallClosed, match="late-entry"):
        decide(check_in(BINH), *DONE)


def test_check_ins_commute_and_closing_does_not() -> None:
    assert commutes(check_in(AN))
    assert not commutes(commands.CloseCall(MEETING, Call.START, END))


def test_withdraws_a_check_in_that_was_recorded() -> None:
    command = commands.WithdrawCheckIn(MEETING, Call.START, AN, SITTING, "wrong-person")
    withdrawn = events.CheckInWithdrawn(
        meeting_id=MEETING, member_id=AN, sitting_id=SITTING, call=Call.START, reason="wrong-person"
    )
    assert decide(command, *DONE) == [withdrawn]
    with pytest.raises(errors.CheckInUnknown):
        decide(command, *DONE, withdrawn)


def test_one_who_came_may_leave_once() -> None:
    command = commands.RecordDepartures(MEETING, (Departure(AN, SITTING, END),))
    left = events.MemberLeft(meeting_id=MEETING, member_id=AN, sitting_id=SITTING, at=END)
    assert decide(command, *DONE) == [left]
    assert decide(command, *DONE, left) == []
    with pytest.raises(errors.Contradiction):
        decide(command, *OPEN)
    with pytest.raises(errors.CallClosed):
        decide(command, *DONE, opened(Call.END), closed(Call.END))


def test_withdraws_a_departure_that_was_recorded() -> None:
    left = events.MemberLeft(meeting_id=MEETING, member_id=AN, sitting_id=SITTING, at=END)
    command = commands.WithdrawDeparture(MEETING, AN, SITTING, "wrong-person")
    withdrawn = events.DepartureWithdrawn(meeting_id=MEETING, member_id=AN, sitting_id=SITTING, reason="wrong-person")
    assert decide(command, *DONE, left) == [withdrawn]
    with pytest.raises(errors.DepartureUnknown):
        decide(command, *DONE, left, withdrawn)


def test_the_last_explanation_of_an_absence_counts() -> None:
    command = commands.ExplainAbsences(MEETING, (Absence(BINH, excused=True, note=NOTE),))
    assert decide(command, *DONE) == [absent(BINH)]
    before = absent(BINH, excused=False)
    assert decide(command, *DONE, before) == [absent(BINH)]
    assert DECIDER.fold([*DONE, before, absent(BINH)]).absences[BINH].excused


def test_refuses_an_absence_of_one_who_came_or_is_not_on_the_roster() -> None:
    with pytest.raises(errors.Contradiction):
        decide(commands.ExplainAbsences(MEETING, (Absence(AN, excused=True, note=NOTE),)), *DONE)
    with pytest.raises(errors.NotOnRoster):
        decide(commands.ExplainAbsences(MEETING, (Absence(STRANGER, excused=True, note=NOTE),)), *DONE)
    with pytest.raises(errors.RollCallUnknown):
        decide(commands.ExplainAbsences(MEETING, (Absence(AN, excused=True, note=NOTE),)))


def test_withdraws_an_explained_absence() -> None:
    command = commands.WithdrawAbsence(MEETING, BINH, "wrong-person")
    withdrawn = events.AbsenceWithdrawn(meeting_id=MEETING, member_id=BINH, reason="wrong-person")
    assert decide(command, *DONE, absent(BINH)) == [withdrawn]
    with pytest.raises(errors.AbsenceUnknown):
        decide(command, *DONE, absent(BINH), withdrawn)


def test_the_last_count_of_guests_holds() -> None:
    counted = events.GuestsCounted(meeting_id=MEETING, guests=2)
    assert decide(commands.CountGuests(MEETING, 2), *OPEN) == [counted]
    assert decide(commands.CountGuests(MEETING, 2), *OPEN, counted) == []
    assert decide(commands.CountGuests(MEETING, 3, "miscounted"), *OPEN, counted) == [
        events.GuestsCounted(meeting_id=MEETING, guests=3, reason="miscounted")
    ]
    with pytest.raises(errors.RollCallUnknown):
        decide(commands.CountGuests(MEETING, 2))


def test_closes_an_open_call_once() -> None:
    command = commands.CloseCall(MEETING, Call.START, END)
    assert decide(command, *OPEN) == [closed(Call.START)]
    assert decide(command, *DONE) == []
    with pytest.raises(errors.CallNotOpen):
        decide(command)


def test_a_late_entry_does_what_nobody_did_and_leaves_the_call_closed() -> None:
    command = late(AN, absences=(Absence(BINH, excused=True, note=NOTE),), guests=1)
    assert decide(command) == [
        DRAWN,
        opened(Call.START, END),
        came(AN, way=Way.PAPER),
        absent(BINH),
        events.GuestsCounted(meeting_id=MEETING, guests=1),
        closed(Call.START),
    ]


def test_a_late_entry_after_closing_adds_only_what_was_forgotten() -> None:
    assert decide(late(AN, BINH), *DONE) == [came(BINH, way=Way.PAPER)]
    assert decide(late(AN), *DONE) == []


def test_refuses_a_late_entry_that_pretends_to_be_live_or_contradicts_itself() -> None:
    with pytest.raises(errors.WayWrong):
        decide(late(presences=(Presence(AN, SITTING, START),)))
    with pytest.raises(errors.Contradiction):
        decide(late(AN, absences=(Absence(AN, excused=True, note=NOTE),)))


AN_EXEMPT = RosterRow(member_id=AN, expected=False, votes=False)


def discrepancy(member: UUID, row: RosterRow | None, position: int = 50) -> events.RosterDiscrepancyFound:
    return events.RosterDiscrepancyFound(meeting_id=MEETING, member_id=member, membership_position=position, row=row)


def compare(member: UUID, row: RosterRow | None, position: int = 50) -> commands.CompareRoster:
    return commands.CompareRoster(MEETING, {member: commands.Known(position, row)})


def test_a_later_fact_raises_a_discrepancy_once_and_never_changes_the_roster() -> None:
    found = discrepancy(AN, AN_EXEMPT)
    assert decide(compare(AN, AN_EXEMPT), *OPEN) == [found]
    assert decide(compare(AN, AN_EXEMPT), *OPEN, found) == []
    assert DECIDER.fold([*OPEN, found]).rows[AN] == ROWS[0]
    assert decide(compare(AN, AN_EXEMPT)) == []


def test_a_discrepancy_is_taken_back_when_membership_agrees_again() -> None:
    back = discrepancy(AN, ROWS[0], 51)
    assert decide(compare(AN, ROWS[0], position=51), *OPEN, discrepancy(AN, AN_EXEMPT)) == [back]
    assert not DECIDER.fold([*OPEN, discrepancy(AN, AN_EXEMPT), back]).discrepancies


def test_comparing_the_whole_roster_finds_who_is_missing_from_it_and_who_should_not_be() -> None:
    stranger = RosterRow(member_id=STRANGER, expected=True, votes=True)
    rows = {AN: (41, ROWS[0]), BINH: (42, ROWS[1]), STRANGER: (43, stranger), CHI: (44, None)}
    known = {member: commands.Known(*knowledge) for member, knowledge in rows.items()}
    assert decide(commands.CompareRoster(MEETING, known), *OPEN) == [
        discrepancy(STRANGER, stranger, 43),
        discrepancy(CHI, None, 44),
    ]


def test_who_knows_less_of_a_member_than_the_roster_has_learned_says_nothing() -> None:
    found = discrepancy(AN, AN_EXEMPT, 50)
    assert decide(compare(AN, None, position=49), *OPEN, found) == []
    taken_back = (found, discrepancy(AN, ROWS[0], 60))
    assert decide(compare(AN, AN_EXEMPT, position=50), *OPEN, *taken_back) == []
    assert decide(compare(AN, AN_EXEMPT, position=61), *OPEN, *taken_back) == [discrepancy(AN, AN_EXEMPT, 61)]


def amend(*rows: RosterRow, removed: tuple[UUID, ...] = (), position: int = 50) -> commands.AmendRoster:
    return commands.AmendRoster(MEETING, "membership-learned-later", position, rows, removed)


def test_an_amendment_settles_the_discrepancy_of_its_members() -> None:
    found = discrepancy(AN, AN_EXEMPT)
    amended = events.RosterAmended(
        meeting_id=MEETING, reason="membership-learned-later", membership_position=50, rows=(AN_EXEMPT,)
    )
    assert decide(amend(AN_EXEMPT), *OPEN, found) == [amended]
    assert not DECIDER.fold([*OPEN, found, amended]).discrepancies
    assert decide(amend(AN_EXEMPT), *OPEN, found, amended) == []


def test_a_row_kept_against_membership_is_not_raised_again_by_the_same_fact() -> None:
    kept = decide(amend(ROWS[0]), *OPEN, discrepancy(AN, AN_EXEMPT))
    assert decide(compare(AN, AN_EXEMPT), *OPEN, discrepancy(AN, AN_EXEMPT), *kept) == []
    newer = compare(AN, AN_EXEMPT, position=51)
    assert decide(newer, *OPEN, discrepancy(AN, AN_EXEMPT), *kept) == [discrepancy(AN, AN_EXEMPT, 51)]


def test_refuses_an_amendment_that_names_nobody_or_somebody_twice_or_who_came() -> None:
    with pytest.raises(errors.NotOnRoster):
        decide(amend(removed=(STRANGER,)), *OPEN)
    with pytest.raises(errors.Contradiction):
        decide(amend(AN_EXEMPT, removed=(AN,)), *OPEN)
    with pytest.raises(errors.Contradiction):
        decide(amend(removed=(AN,)), *DONE)
    with pytest.raises(errors.RollCallUnknown):
        decide(amend(AN_EXEMPT))


def test_a_corrected_cell_or_day_draws_the_roster_anew() -> None:
    other_day = replace(ROSTER, held_on=date(2026, 3, 5))
    assert decide(commands.RedrawRoster(MEETING, other_day), *DONE) == [
        DRAWN.model_copy(update={"held_on": date(2026, 3, 5)})
    ]
    assert decide(commands.RedrawRoster(MEETING, ROSTER), *DONE) == []
    assert decide(commands.RedrawRoster(MEETING, other_day)) == []


def test_an_amendment_adds_replaces_and_removes_rows() -> None:
    newcomer = RosterRow(member_id=STRANGER, expected=True, votes=False)
    (amended,) = decide(amend(newcomer, AN_EXEMPT, removed=(BINH,)), *OPEN)
    rows = DECIDER.fold([*OPEN, amended]).rows
    assert dict(rows) == {AN: AN_EXEMPT, CHI: ROWS[2], STRANGER: newcomer}
    assert decide(check_in(STRANGER), *OPEN, amended) == [came(STRANGER)]
    assert decide(amend(newcomer, AN_EXEMPT), *OPEN, amended) == []


@given(st.permutations([AN, BINH, CHI, AN, CHI]), st.lists(st.integers(1, 3), max_size=4))
def test_check_ins_give_the_same_roll_call_in_any_order_and_in_any_batches(
    members: list[UUID], sizes: list[int]
) -> None:
    past: list[Event] = [*OPEN]
    left = list(members)
    for size in [*sizes, len(members)]:
        batch, left = left[:size], left[size:]
        past += decide(check_in(*batch), *past) if batch else []
    assert DECIDER.fold(past) == DECIDER.fold([*OPEN, came(AN), came(BINH), came(CHI)])
    assert len(past) == len(OPEN) + 3
