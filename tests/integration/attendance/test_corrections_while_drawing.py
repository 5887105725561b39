"""A meeting is corrected while its roster is being drawn: whichever reaction comes last sets it right."""

from datetime import timedelta

from services.attendance.reactions import Discrepancies, Redrawing
from shared.contracts import meetings
from tests.integration.attendance.conftest import MEETING, SITTING, STARTS_AT, World


async def test_a_roster_drawn_for_the_old_day_after_the_correction_was_answered_is_drawn_anew(world: World) -> None:
    """The reaction to the meeting finds no roster yet; the reaction to the roster finds another day."""
    every = world.service.handlers
    world.service.handlers = []
    moved = meetings.PlannedSitting(sitting_id=SITTING, starts_at=STARTS_AT + timedelta(days=2))
    await world.do("open", {})
    await world.publish(meetings.MeetingRescheduled(meeting_id=MEETING, sittings=(moved,)))
    world.service.positions[Redrawing.name, "meetings"] = await world.meetings.head()
    world.service.handlers = [handler for handler in every if handler.name == "attendance.meetings"]
    await world.catch_up()
    assert (await world.view())["held_on"] == "2026-03-03"

    world.service.handlers = [handler for handler in every if isinstance(handler, Discrepancies)]
    await world.catch_up()
    assert (await world.view())["held_on"] == "2026-03-05"
    await world.catch_up()
    drawn = [row.type for row in await world.service.runtime.log.read(after=0)].count("RosterDrawn")
    assert drawn == 2
