"""What a meeting's past says: the state that decisions are made from, and how each event changes it."""

from dataclasses import dataclass, field, replace
from datetime import date
from enum import Enum, auto
from uuid import UUID

from immutables import Map

from services.meetings.domain.commands import Plan
from shared.contracts import meetings as events
from shared.contracts.event import Event
from shared.contracts.meetings import HeldSitting, PlannedSitting


class Status(Enum):
    UNKNOWN = auto()
    OPEN = auto()
    HELD = auto()
    NOT_HELD = auto()
    WITHDRAWN = auto()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the meeting was held: the facts that `MeetingHeld` and its corrections give."""

    held_on: date
    sittings: tuple[HeldSitting, ...]
    speakers: int | None
    superior_attended: bool | None


@dataclass(frozen=True, slots=True)
class Meeting:
    status: Status = Status.UNKNOWN
    plan: Plan | None = None
    sittings: tuple[PlannedSitting, ...] = ()
    notice: events.NoticeIssued | None = None
    documents: Map[UUID, events.DocumentPublished] = field(default_factory=Map)
    outcome: Outcome | None = None
    not_held_reason: str | None = None
    minutes: events.MinutesRecorded | None = None
    resolutions: Map[UUID, events.ResolutionAdopted] = field(default_factory=Map)


def evolve(state: Meeting, event: Event) -> Meeting:  # noqa: C901, PLR0912 - one arm per event
    match event:
        case events.MeetingScheduled():
            return replace(state, status=Status.OPEN, plan=_plan(event), sittings=event.sittings)
        case events.MeetingRescheduled():
            return replace(state, sittings=event.sittings)
        case events.NoticeIssued():
            return replace(state, notice=event)
        case events.NoticeWithdrawn():
            return replace(state, notice=None)
        case events.DocumentPublished():
            return replace(state, documents=state.documents.set(event.document_id, event))
        case events.DocumentWithdrawn():
            return replace(state, documents=state.documents.delete(event.document_id))
        case events.MeetingHeld():
            outcome = Outcome(event.held_on, event.sittings, event.speakers, event.superior_attended)
            return replace(state, status=Status.HELD, plan=_plan(event), outcome=outcome)
        case events.MeetingNotHeld():
            return replace(state, status=Status.NOT_HELD, plan=_plan(event), not_held_reason=event.reason)
        case events.MinutesRecorded():
            return replace(state, minutes=event)
        case events.MinutesWithdrawn():
            return replace(state, minutes=None)
        case events.ResolutionAdopted():
            return replace(state, resolutions=state.resolutions.set(event.resolution_id, event))
        case events.ResolutionWithdrawn():
            return replace(state, resolutions=state.resolutions.delete(event.resolution_id))
        case events.MeetingCorrected():
            return replace(state, plan=_corrected_plan(state.plan, event), outcome=_corrected(state.outcome, event))
        case events.OutcomeWithdrawn():
            return replace(state, status=Status.OPEN, outcome=None, not_held_reason=None, minutes=None)
        case events.MeetingWithdrawn():
            return replace(state, status=Status.WITHDRAWN)
        case _:
            return state


def _plan(event: events.MeetingScheduled | events.MeetingHeld | events.MeetingNotHeld) -> Plan:
    return Plan(unit_id=event.unit_id, body=event.body, period=event.period, parts=event.parts)


def _corrected_plan(plan: Plan | None, event: events.MeetingCorrected) -> Plan | None:
    if plan is None:
        return None
    given = {name: getattr(event, name) for name in ("unit_id", "body", "period", "parts")}
    return replace(plan, **{name: value for name, value in given.items() if value is not None})


def _corrected(outcome: Outcome | None, event: events.MeetingCorrected) -> Outcome | None:
    if outcome is None:
        return None
    given = {name: getattr(event, name) for name in ("held_on", "sittings", "speakers", "superior_attended")}
    return replace(outcome, **{name: value for name, value in given.items() if value is not None})
