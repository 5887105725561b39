"""A fact: one version of something recorded about a meeting, as it is kept in `meeting_fact`.

Facts are taken as they come: the event that arrives first makes the meeting known, and what a set of facts means is
decided by `contribution` alone (sql/migrations/1002_contribution.sql). So no order of arrival matters.
"""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple, TypeGuard
from uuid import UUID

from shared.contracts import attendance, evaluation, meetings
from shared.contracts.envelope import RecordedEvent
from shared.contracts.event import Event, EventTypes, declared_in

DIGEST_BYTES = 15


def _about_a_meeting(event_type: type[Event]) -> bool:
    return "meeting_id" in event_type.model_fields


MEETING_EVENTS = tuple(filter(_about_a_meeting, declared_in(meetings, attendance, evaluation)))
PresenceRuleEvent = attendance.PresenceRuleDecided | attendance.PresenceRuleWithdrawn
RULE_EVENTS = (attendance.PresenceRuleDecided, attendance.PresenceRuleWithdrawn)
TYPES = EventTypes([*MEETING_EVENTS, *RULE_EVENTS])
SOURCES = ("meetings", "attendance", "evaluation")


class Fact(NamedTuple):
    """A row of `meeting_fact`, column by column. `unit_id` and `period`: where it puts the meeting, if it does so."""

    log_id: str
    position: int
    event_id: UUID
    recorded_at: datetime
    meeting_id: UUID
    type: str
    member_id: UUID | None
    unit_id: UUID | None
    period: str | None
    data: str
    digest: int


def is_rule(event: Event) -> TypeGuard[PresenceRuleEvent]:
    """Whether it is of RULE_EVENTS: `isinstance` would ask pydantic twice."""
    return type(event) in RULE_EVENTS


@dataclass(frozen=True, slots=True)
class PresenceRule:
    """A row of `presence_rule`: a setting of a committee, which no single meeting owns; Nones if it was withdrawn."""

    log_id: str
    position: int
    unit_id: UUID
    valid_from: date
    both_calls_needed: bool | None
    source: str | None
    recorded_at: datetime


def digest_of(*parts: str) -> int:
    """120 bits of SHA-256 of `parts` joined by "|": plain sums are order-free, and a double or a loss shows."""
    return int.from_bytes(hashlib.sha256("|".join(parts).encode()).digest()[:DIGEST_BYTES], "big")


def input_digest(recorded: RecordedEvent) -> int:
    """Of one event: log id, event id and data, byte for byte as stored."""
    return digest_of(recorded.log_id, str(recorded.event_id), recorded.data)


def fact_of(recorded: RecordedEvent, event: Event) -> Fact:
    """`event`: of MEETING_EVENTS, decoded from `recorded`."""
    said = vars(event)
    places = recorded.type in PLACING and said.get("period") is not None
    return Fact(
        recorded.log_id,
        recorded.position,
        recorded.event_id,
        recorded.recorded_at,
        said["meeting_id"],
        recorded.type,
        said.get("member_id"),
        said["unit_id"] if places else None,
        said["period"] if places else None,
        recorded.data,
        input_digest(recorded),
    )


# Only the log of meetings says where a meeting belongs; a roster or a score repeats what it knew when it was written.
PLACING = frozenset({"MeetingScheduled", "MeetingHeld", "MeetingNotHeld", "MeetingCorrected"})


def rule_of(recorded: RecordedEvent, event: PresenceRuleEvent) -> PresenceRule:
    decided = event if isinstance(event, attendance.PresenceRuleDecided) else None
    return PresenceRule(
        log_id=recorded.log_id,
        position=recorded.position,
        unit_id=event.unit_id,
        valid_from=event.valid_from,
        both_calls_needed=decided.both_calls_needed if decided else None,
        source=decided.source if decided else None,
        recorded_at=recorded.recorded_at,
    )
