"""What one meeting contributes, fact by fact. The same cases hold for the SQL function: tests/properties."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from services.reporting.recount import Recount
from services.reporting.tally import Contribution
from shared.contracts import attendance, meetings
from shared.contracts.attendance import Call, RosterRow, Way
from shared.contracts.event import Event
from shared.contracts.fields import TextRef
from shared.contracts.meetings import Body, HeldSitting, MeetingHeld, Part
from tests.properties.histories import recorded

MEETING, CELL, SITTING, AN, BINH = (UUID(int=n) for n in range(1, 6))
START = datetime(2026, 3, 3, 11, 0, tzinfo=UTC)
HELD = MeetingHeld(
    meeting_id=MEETING,
    unit_id=CELL,
    body=Body.CELL,
    period="2026-03",
    parts=(Part.REGULAR,),
    held_on=date(2026, 3, 3),
    sittings=(HeldSitting(sitting_id=SITTING, started_at=START, ended_at=START + timedelta(minutes=95, seconds=59)),),
)


def roster(*rows: RosterRow) -> attendance.RosterDrawn:
    return attendance.RosterDrawn(
        meeting_id=MEETING,
        unit_id=CELL,
        period="2026-03",
        held_on=date(2026, 3, 3),
        membership_position=1,
        rows=rows,
    )


def row(member: UUID, *, expected: bool = True) -> RosterRow:
    return RosterRow(member_id=member, expected=expected, votes=True)


def came(member: UUID, call: Call = Call.START, minutes: int = 0) -> attendance.MemberCheckedIn:
    return attendance.MemberCheckedIn(
        meeting_id=MEETING,
        member_id=member,
        sitting_id=SITTING,
        call=call,
        at=START + timedelta(minutes=minutes),
        way=Way.PAPER,
    )


def left(member: UUID, minutes: int) -> attendance.MemberLeft:
    return attendance.MemberLeft(
        meeting_id=MEETING, member_id=member, sitting_id=SITTING, at=START + timedelta(minutes=minutes)
    )


def contribution(*roll_call: Event, meeting: tuple[Event, ...] = (HELD,)) -> Contribution:
    recount = Recount()
    for log_id, events in (("meetings", meeting), ("attendance", roll_call)):
        for position, event in enumerate(events, start=1):
            recount.add(recorded(log_id, position, event))
    return recount.meetings()[str(MEETING)]


def presence(*roll_call: Event) -> tuple[int, int]:
    counted = contribution(*roll_call)
    return counted["present_full"], counted["present_part"]


def test_where_one_call_was_taken_it_is_all_that_is_needed() -> None:
    assert presence(roster(row(AN)), came(AN)) == (1, 0)


def test_who_misses_a_call_that_was_taken_was_partly_there() -> None:
    assert presence(roster(row(AN), row(BINH)), came(AN), came(BINH), came(BINH, Call.END, 90)) == (1, 1)


def test_who_left_was_partly_there_and_who_came_back_was_not() -> None:
    assert presence(roster(row(AN)), came(AN), left(AN, 30)) == (0, 1)
    assert presence(roster(row(AN)), came(AN), left(AN, 30), came(AN, Call.END, 90)) == (1, 0)


def test_a_departure_that_was_withdrawn_counts_no_longer() -> None:
    withdrawn = attendance.DepartureWithdrawn(
        meeting_id=MEETING, member_id=AN, sitting_id=SITTING, reason="wrong-person"
    )
    assert presence(roster(row(AN)), came(AN), left(AN, 30)) == (0, 1)
    assert presence(roster(row(AN)), came(AN), left(AN, 30), withdrawn) == (1, 0)


def test_a_meeting_has_documents_as_long_as_one_was_not_withdrawn() -> None:
    document = UUID(int=60)
    published = meetings.DocumentPublished(
        meeting_id=MEETING,
        document_id=document,
        kind="agenda",
        title=TextRef(text_id=UUID(int=61), sha256="0" * 64),
        content_sha256="0" * 64,
        published_at=START,
    )
    withdrawn = meetings.DocumentWithdrawn(meeting_id=MEETING, document_id=document, reason="wrong-file")
    kept = [
        contribution(meeting=(HELD, *papers))["with_documents"] for papers in ((published,), (published, withdrawn))
    ]
    assert kept == [1, 0]


def test_who_came_but_is_not_expected_is_counted_apart() -> None:
    counted = contribution(roster(row(AN), row(BINH, expected=False)), came(AN), came(BINH))
    assert (counted["expected"], counted["exempt_present"], counted["unlisted_present"]) == (1, 1, 0)
    counted = contribution(roster(row(AN)), came(BINH))
    assert (counted["expected"], counted["exempt_present"], counted["unlisted_present"]) == (1, 0, 1)


def test_an_absence_counts_only_for_who_did_not_come() -> None:
    note = TextRef(text_id=UUID(int=9), sha256="0" * 64)
    explained = attendance.AbsenceExplained(meeting_id=MEETING, member_id=AN, excused=True, note=note)
    counted = contribution(roster(row(AN), row(BINH)), explained)
    assert (counted["excused"], counted["unknown"]) == (1, 1)
    counted = contribution(roster(row(AN), row(BINH)), explained, came(AN))
    assert (counted["excused"], counted["present_full"], counted["unknown"]) == (0, 1, 1)


def test_a_discrepancy_stands_until_a_person_settles_it() -> None:
    found = attendance.RosterDiscrepancyFound(
        meeting_id=MEETING, member_id=AN, membership_position=2, row=row(AN, expected=False)
    )
    settled = attendance.RosterAmended(meeting_id=MEETING, reason="checked", membership_position=2, rows=(row(AN),))
    assert contribution(roster(row(AN)), found)["discrepancies"] == 1
    assert contribution(roster(row(AN)), found, settled)["discrepancies"] == 0


def test_minutes_are_whole_minutes() -> None:
    assert contribution()["minutes"] == 95


def test_a_withdrawn_meeting_contributes_nothing_but_its_events() -> None:
    withdrawn = meetings.MeetingWithdrawn(meeting_id=MEETING, reason="duplicate")
    counted = contribution(roster(row(AN)), came(AN), meeting=(HELD, withdrawn))
    assert (counted["outcome"], counted["expected"], counted["minutes"], counted["events"]) == ("withdrawn", 0, 0, 4)


def test_the_way_of_entry_and_the_order_of_events_leave_the_facts_digest_alone() -> None:
    first = contribution(roster(row(AN), row(BINH)), came(AN), came(BINH))
    second = contribution(
        roster(row(AN), row(BINH)), came(BINH, minutes=5), came(AN).model_copy(update={"way": Way.QR})
    )
    assert first["facts_digest"] == second["facts_digest"]
    assert first["input_digest"] != second["input_digest"]


@pytest.mark.parametrize("field", ["superior_attended", "speakers"])
def test_a_correction_replaces_only_what_it_gives(field: str) -> None:
    corrected = meetings.MeetingCorrected(meeting_id=MEETING, reason="typo", **{field: 1})
    before, after = contribution(), contribution(meeting=(HELD, corrected))
    changed = {name for name in before if before[name] != after[name]} - {"events", "input_digest", "facts_digest"}
    assert changed <= {field, "speakers_known"}
    assert after[field] == 1
