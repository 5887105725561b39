"""Meetings and members' pasts into local tables. Emits nothing and rejects nothing."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.attendance.queries import SQL, about_member
from shared.contracts import meetings, membership
from shared.contracts.event import Event, EventTypes
from shared.contracts.membership import MemberStatus
from shared.eventstore.texts import erase_texts
from shared.local_time import local_date
from shared.messaging.handler import Received, Tx

Change = tuple[str, dict[str, Any]]

# Rows of one batch are written statement by statement; the position in each row decides between a member's events.
MEMBER_STATEMENTS = ("add_belonging", "add_spell", "withdraw_belonging", "withdraw_spell", "see_member")


class Meetings:
    """The consumer "attendance.meetings"."""

    name = "attendance.meetings"
    sources: tuple[str, ...] = ("meetings",)
    types = EventTypes(
        [
            meetings.MeetingScheduled,
            meetings.MeetingRescheduled,
            meetings.MeetingHeld,
            meetings.MeetingNotHeld,
            meetings.MeetingCorrected,
            meetings.OutcomeWithdrawn,
            meetings.MeetingWithdrawn,
        ]
    )

    async def apply(self, tx: Tx, batch: Sequence[Received]) -> None:
        for received in batch:
            statement, values = meeting_change(received.event)
            await getattr(SQL, statement)(tx, position=received.recorded.position, **values)

    def announces(self, received: Received) -> Iterable[str]:
        _, values = meeting_change(received.event)
        return meeting_event_name(received), meeting_name(values["meeting_id"])


class Members:
    """The consumer "attendance.members"."""

    name = "attendance.members"
    sources: tuple[str, ...] = ("membership",)
    types = EventTypes(
        [
            membership.MemberAdmitted,
            membership.MemberTransferred,
            membership.MemberStatusChanged,
            membership.MemberChangeWithdrawn,
        ]
    )

    async def apply(self, tx: Tx, batch: Sequence[Received]) -> None:
        rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for received in batch:
            for statement, values in member_changes(received):
                rows[statement].append(values)
        for statement in MEMBER_STATEMENTS:
            if rows[statement]:
                await getattr(SQL, statement)(tx, rows[statement])

    def announces(self, received: Received) -> Iterable[str]:
        yield member_name(received)


class Erasure:
    """The consumer "attendance.erasure": with a member go the notes about their absences (docs/adr/0005)."""

    name = "attendance.erasure"
    sources: tuple[str, ...] = ("membership",)
    types = EventTypes([membership.MemberErased])

    async def apply(self, tx: Tx, batch: Sequence[Received]) -> None:
        for received in batch:
            if isinstance(received.event, membership.MemberErased):
                await erase_texts(tx, about_member(received.event.member_id))


def meeting_name(meeting_id: UUID) -> str:
    """What is known once any event of a meeting is in the table."""
    return f"meeting:{meeting_id}"


def meeting_event_name(received: Received) -> str:
    """What is known once this event of a meeting is in the table: reactions to the same event wait for it."""
    return f"meeting-event:{received.recorded.event_id}"


def member_name(received: Received) -> str:
    """What is known once this event of a member is in the tables."""
    return f"member-event:{received.recorded.event_id}"


def meeting_change(event: Event) -> Change:  # noqa: PLR0911 - one arm per event
    match event:
        case meetings.MeetingScheduled(sittings=sittings):
            return "plan_meeting", _identity(event) | _when(
                [sitting.starts_at for sitting in sittings], [sitting.sitting_id for sitting in sittings]
            )
        case meetings.MeetingRescheduled(meeting_id=meeting_id, sittings=sittings):
            return "reschedule_meeting", {"meeting_id": meeting_id} | _when(
                [sitting.starts_at for sitting in sittings], [sitting.sitting_id for sitting in sittings]
            )
        case meetings.MeetingHeld(sittings=sittings, held_on=held_on):
            when = _when([sitting.started_at for sitting in sittings], [sitting.sitting_id for sitting in sittings])
            return "hold_meeting", _identity(event) | when | {"day": held_on}
        case meetings.MeetingNotHeld():
            return "miss_meeting", _identity(event)
        case meetings.MeetingCorrected():
            starts = [sitting.started_at for sitting in event.sittings or ()]
            given = event.model_dump(include={"meeting_id", "unit_id", "body", "period"})
            return "correct_meeting", given | {"day": event.held_on, "starts_at": min(starts, default=None)}
        case meetings.OutcomeWithdrawn(meeting_id=meeting_id):
            return "set_status", {"meeting_id": meeting_id, "status": "open"}
        case meetings.MeetingWithdrawn(meeting_id=meeting_id):
            return "set_status", {"meeting_id": meeting_id, "status": "withdrawn"}
        case _:
            raise TypeError(f"{type(event).__name__} is not among the declared types")


def member_changes(received: Received) -> Iterator[Change]:
    event, recorded = received.event, received.recorded
    by = {"position": recorded.position, "event_id": recorded.event_id}
    match event:
        case membership.MemberAdmitted():
            yield "add_belonging", _belonging(by, event.member_id, event.effective_on, event.cell_id)
            yield (
                "add_spell",
                by
                | {
                    "member_id": event.member_id,
                    "since": event.effective_on,
                    "until": None,
                    "standing": event.standing,
                    "status": MemberStatus.ACTIVE,
                    "host_cell_id": None,
                },
            )
        case membership.MemberTransferred():
            yield "add_belonging", _belonging(by, event.member_id, event.effective_on, event.to_cell_id)
        case membership.MemberStatusChanged():
            said = event.model_dump(include={"member_id", "standing", "status", "host_cell_id"})
            yield "add_spell", by | said | {"since": event.valid_from, "until": event.valid_until}
        case membership.MemberChangeWithdrawn():
            yield "withdraw_belonging", {"event_id": event.withdrawn_event_id}
            yield "withdraw_spell", {"event_id": event.withdrawn_event_id}
        case _:
            raise TypeError(f"{type(event).__name__} is not among the declared types")
    yield "see_member", {"member_id": event.member_id, "position": recorded.position}


def _identity(event: Event) -> dict[str, Any]:
    return event.model_dump(include={"meeting_id", "unit_id", "body", "period"})


def _when(starts: Sequence[datetime], sittings: Sequence[UUID]) -> dict[str, Any]:
    first = min(starts)
    return {"starts_at": first, "day": local_date(first), "sittings": list(sittings)}


def _belonging(by: dict[str, Any], member_id: UUID, since: date, cell_id: UUID) -> dict[str, Any]:
    return by | {"member_id": member_id, "since": since, "cell_id": cell_id}
