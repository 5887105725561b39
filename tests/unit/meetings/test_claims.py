"""A cell has one live regular meeting per period, whatever happens to that meeting."""

from uuid import UUID

import pytest

from services.meetings.aggregates import claims
from shared.contracts.event import Event
from shared.contracts.meetings import Body, MeetingCorrected, MeetingNotHeld, MeetingScheduled, MeetingWithdrawn, Part
from shared.eventstore.claims import Claim, Claims, ClaimTaken

MEETING, OTHER_MEETING, CELL = UUID(int=1), UUID(int=2), UUID(int=10)
SCHEDULED = MeetingScheduled(
    meeting_id=MEETING, unit_id=CELL, body=Body.CELL, period="2026-03", parts=(Part.REGULAR,), sittings=()
)
NOT_HELD = MeetingNotHeld(
    meeting_id=MEETING, unit_id=CELL, body=Body.CELL, period="2026-03", parts=(Part.REGULAR,), reason="flood"
)
MOVED = MeetingCorrected(
    meeting_id=MEETING, reason="typing-error", unit_id=CELL, body=Body.CELL, period="2026-02", parts=(Part.REGULAR,)
)
WITHDRAWN = MeetingWithdrawn(meeting_id=MEETING, reason="duplicate")


def apply(held: Claims, *past: Event) -> None:
    for event in past:
        held.apply(tuple(claims(event)))


@pytest.mark.parametrize("past", [(SCHEDULED,), (SCHEDULED, NOT_HELD)], ids=["planned", "reported not held"])
def test_a_second_regular_meeting_of_the_period_is_refused(past: tuple[Event, ...]) -> None:
    held = Claims()
    apply(held, *past)
    with pytest.raises(ClaimTaken):
        apply(held, SCHEDULED.model_copy(update={"meeting_id": OTHER_MEETING}))


def test_a_thematic_meeting_and_a_committees_meeting_claim_nothing() -> None:
    held = Claims()
    apply(held, SCHEDULED.model_copy(update={"parts": (Part.THEMATIC,)}))
    apply(held, SCHEDULED.model_copy(update={"body": Body.COMMITTEE}))
    assert held.held() == frozenset()


def test_a_moved_meeting_frees_its_period_and_takes_the_new_one() -> None:
    held = Claims()
    apply(held, SCHEDULED, MOVED)
    assert held.held() == {Claim("regular-meeting", f"{CELL}:2026-02", str(MEETING))}


def test_a_correction_of_other_facts_keeps_the_period() -> None:
    held = Claims()
    apply(held, SCHEDULED, MeetingCorrected(meeting_id=MEETING, reason="typing-error", speakers=3))
    assert held.held() == {Claim("regular-meeting", f"{CELL}:2026-03", str(MEETING))}


def test_a_withdrawn_meeting_frees_its_period() -> None:
    held = Claims()
    apply(held, SCHEDULED, WITHDRAWN)
    assert held.held() == frozenset()
