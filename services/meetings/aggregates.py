"""A meeting's stream: its decider, the events it may hold, and the claim that keeps regular meetings apart.

A cell has one live regular meeting per period, from scheduling until that meeting is withdrawn or moved to another
cell or period. One reported not held keeps the claim, because it is the cell's answer for the period; if the cell does
meet after all, the report is withdrawn and the same meeting held.
"""

from collections.abc import Iterable
from uuid import UUID

from services.meetings.domain.meeting import DECIDER
from shared.contracts import meetings as events
from shared.contracts.event import Event, EventTypes, declared_in
from shared.contracts.meetings import Body, Part
from shared.eventstore.claims import Claim, ClaimChange, Release
from shared.eventstore.command_handler import Aggregate

REGULAR_MEETING = "regular-meeting"

PlanGiven = events.MeetingScheduled | events.MeetingHeld | events.MeetingNotHeld | events.MeetingCorrected


def claims(event: Event) -> Iterable[ClaimChange]:
    """What an event takes or lets go. A correction gives the whole plan when any of it changes."""
    match event:
        case events.MeetingScheduled() | events.MeetingHeld() | events.MeetingNotHeld():
            yield from _claim(event)
        case events.MeetingCorrected(period=str()):
            yield from _claim(event)
        case events.MeetingWithdrawn():
            yield Release(REGULAR_MEETING, str(event.meeting_id))


def _claim(event: PlanGiven) -> Iterable[ClaimChange]:
    holder = str(event.meeting_id)
    yield Release(REGULAR_MEETING, holder)
    if event.body is Body.CELL and Part.REGULAR in (event.parts or ()):
        yield Claim(REGULAR_MEETING, f"{event.unit_id}:{event.period}", holder)


def stream(meeting_id: UUID) -> str:
    return f"meeting-{meeting_id}"


MEETING = Aggregate(decider=DECIDER, types=EventTypes(declared_in(events)), claims=claims)
