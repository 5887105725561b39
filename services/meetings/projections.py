"""This service's own events into the list of meetings. Emits nothing and rejects nothing."""

from collections.abc import Sequence
from typing import Any

from services.meetings.queries import SQL
from shared.contracts import meetings as events
from shared.contracts.event import Event, EventTypes
from shared.messaging.handler import Received, Tx

TYPES = EventTypes(
    [
        events.MeetingScheduled,
        events.MeetingRescheduled,
        events.MeetingHeld,
        events.MeetingNotHeld,
        events.MeetingCorrected,
        events.OutcomeWithdrawn,
        events.MeetingWithdrawn,
    ]
)


class MeetingList:
    """The consumer "meetings.list"."""

    name = "meetings.list"
    sources: tuple[str, ...] = ("meetings",)
    types = TYPES

    async def apply(self, tx: Tx, batch: Sequence[Received]) -> None:
        for received in batch:
            statement, values = change(received.event)
            await getattr(SQL, statement)(tx, **values)


def change(event: Event) -> tuple[str, dict[str, Any]]:  # noqa: PLR0911 - one arm per event
    """The statement of `sql/queries.sql` that an event asks for, and its values."""
    match event:
        case events.MeetingScheduled(sittings=sittings):
            starts_at = min(sitting.starts_at for sitting in sittings)
            return "upsert_meeting", _plan(event) | {"status": "open", "starts_at": starts_at}
        case events.MeetingRescheduled(meeting_id=meeting_id, sittings=sittings):
            starts_at = min(sitting.starts_at for sitting in sittings)
            return "reschedule_meeting", {"meeting_id": meeting_id, "starts_at": starts_at}
        case events.MeetingHeld(held_on=held_on):
            return "upsert_meeting", _plan(event) | {"status": "held", "held_on": held_on}
        case events.MeetingNotHeld(reason=reason):
            return "upsert_meeting", _plan(event) | {"status": "not_held", "reason": reason}
        case events.MeetingCorrected():
            fields = {"meeting_id", "unit_id", "body", "period", "parts", "held_on"}
            return "correct_meeting", event.model_dump(include=fields)
        case events.OutcomeWithdrawn(meeting_id=meeting_id):
            return "set_status", {"meeting_id": meeting_id, "status": "open"}
        case events.MeetingWithdrawn(meeting_id=meeting_id):
            return "set_status", {"meeting_id": meeting_id, "status": "withdrawn"}
        case _:
            raise TypeError(f"{type(event).__name__} is not among the declared types")


def _plan(event: events.MeetingScheduled | events.MeetingHeld | events.MeetingNotHeld) -> dict[str, Any]:
    unsaid = {"starts_at": None, "held_on": None, "reason": None}
    return unsaid | event.model_dump(include={"meeting_id", "unit_id", "body", "period", "parts"})
