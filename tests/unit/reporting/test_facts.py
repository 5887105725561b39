"""What is kept of an event, and the digest that shows a double or a loss."""

import hashlib
from dataclasses import replace

import pytest

from services.reporting.facts import MEETING_EVENTS, TYPES, digest_of, fact_of, input_digest
from shared.contracts import attendance, evaluation, meetings
from tests.properties.histories import recorded
from tests.unit.reporting.test_tally import AN, CELL, HELD, MEETING, came, roster, row


def test_every_event_about_a_meeting_is_kept() -> None:
    names = {event.__name__ for event in MEETING_EVENTS}
    assert {"MeetingHeld", "MemberCheckedIn", "RatingDecided", "MinutesRecorded", "SelfScoreVoted"} <= names
    assert not names & {"CriteriaSetPublished", "PresenceRuleDecided"}
    for module in (meetings, attendance, evaluation):
        assert any(event.__module__ == module.__name__ for event in TYPES)


def test_only_the_log_of_meetings_says_where_a_meeting_belongs() -> None:
    drawn_event = roster(row(AN))
    held = fact_of(recorded("meetings", 1, HELD), HELD)
    drawn = fact_of(recorded("attendance", 1, drawn_event), drawn_event)
    assert (held.meeting_id, held.unit_id, held.period, held.member_id) == (MEETING, CELL, "2026-03", None)
    assert (drawn.meeting_id, drawn.unit_id, drawn.period) == (MEETING, None, None)
    assert fact_of(recorded("attendance", 2, came(AN)), came(AN)).member_id == AN


def test_the_input_digest_is_120_bits_of_log_event_and_data() -> None:
    event = recorded("meetings", 1, HELD)
    text = f"meetings|{event.event_id}|{event.data}"
    assert input_digest(event) == int(hashlib.sha256(text.encode()).hexdigest()[:30], 16)
    assert digest_of("") < 2**120


@pytest.mark.parametrize("change", [{"log_id": "other"}, {"data": "{}"}, {"event_id": AN}])
def test_the_input_digest_sees_every_change(change: dict[str, object]) -> None:
    event = recorded("meetings", 1, HELD)
    assert input_digest(replace(event, **change)) != input_digest(event)  # type: ignore[arg-type]


def test_sums_of_digests_are_order_free_and_see_a_double() -> None:
    first, second = (input_digest(recorded("meetings", n, HELD)) for n in (1, 2))
    assert first + second == second + first
    assert first + second + second != first + second
