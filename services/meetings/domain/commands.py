"""What can be asked of a meeting. Moments carry a zone; `now` is when the command was received."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from shared.contracts.fields import Citation, TextRef
from shared.contracts.meetings import Body, HeldSitting, Part, PlannedSitting, Target, Vote


@dataclass(frozen=True, slots=True)
class Plan:
    """Who meets, for which period, with which parts. The period is a field, never derived from a date."""

    unit_id: UUID
    body: Body
    period: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class ScheduleMeeting:
    meeting_id: UUID
    plan: Plan
    sittings: tuple[PlannedSitting, ...]


@dataclass(frozen=True, slots=True)
class RescheduleMeeting:
    meeting_id: UUID
    sittings: tuple[PlannedSitting, ...]


@dataclass(frozen=True, slots=True)
class IssueNotice:
    meeting_id: UUID
    issued_at: datetime
    follower_informed: bool


@dataclass(frozen=True, slots=True)
class WithdrawNotice:
    meeting_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class PublishDocument:
    meeting_id: UUID
    document_id: UUID
    kind: str
    title: TextRef
    content_sha256: str
    published_at: datetime


@dataclass(frozen=True, slots=True)
class WithdrawDocument:
    meeting_id: UUID
    document_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class HoldMeeting:
    """The meeting took place. `plan` is needed when nobody had scheduled it (late entry from paper)."""

    meeting_id: UUID
    now: datetime
    sittings: tuple[HeldSitting, ...]
    plan: Plan | None = None
    speakers: int | None = None
    superior_attended: bool | None = None


@dataclass(frozen=True, slots=True)
class ReportNotHeld:
    """No meeting took place for the period. `plan` is needed when nobody had scheduled it."""

    meeting_id: UUID
    reason: str
    plan: Plan | None = None


@dataclass(frozen=True, slots=True)
class RecordMinutes:
    meeting_id: UUID
    minutes: TextRef
    recorded_on: date


@dataclass(frozen=True, slots=True)
class WithdrawMinutes:
    meeting_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class AdoptResolution:
    meeting_id: UUID
    resolution_id: UUID
    document: Citation
    text: TextRef
    targets: tuple[Target, ...]
    vote: Vote


@dataclass(frozen=True, slots=True)
class WithdrawResolution:
    meeting_id: UUID
    resolution_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class CorrectMeeting:
    """Fields that are given replace what was recorded.

    `held_on` alone keeps the hours and moves every sitting by as many days; `sittings` set day and hours.
    """

    meeting_id: UUID
    reason: str
    now: datetime
    unit_id: UUID | None = None
    body: Body | None = None
    period: str | None = None
    parts: tuple[Part, ...] | None = None
    held_on: date | None = None
    sittings: tuple[HeldSitting, ...] | None = None
    speakers: int | None = None
    superior_attended: bool | None = None


@dataclass(frozen=True, slots=True)
class WithdrawOutcome:
    meeting_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class WithdrawMeeting:
    meeting_id: UUID
    reason: str


Command = (
    ScheduleMeeting
    | RescheduleMeeting
    | IssueNotice
    | WithdrawNotice
    | PublishDocument
    | WithdrawDocument
    | HoldMeeting
    | ReportNotHeld
    | RecordMinutes
    | WithdrawMinutes
    | AdoptResolution
    | WithdrawResolution
    | CorrectMeeting
    | WithdrawOutcome
    | WithdrawMeeting
)
