"""Events of `meetings`: a meeting from its notice to its minutes, held or not, and its corrections.

Key: the id of the body (cell or committee) at scheduling, for the meeting's life, also after the meeting is moved.
"""

from datetime import date
from enum import StrEnum
from uuid import UUID

from pydantic import AwareDatetime

from shared.contracts.event import Event
from shared.contracts.fields import Citation, Code, Count, Period, Sha256, TextRef, Value


class Body(StrEnum):
    """Who meets: the cell itself, or its committee (chi ủy) a day before (report 004)."""

    CELL = "cell"
    COMMITTEE = "committee"


class Part(StrEnum):
    """Regular (thường kỳ, monthly) and thematic (chuyên đề, quarterly): a thematic part never replaces a regular one.

    HD 42-HD/BTCTW (28/10/2025).
    """

    REGULAR = "regular"
    THEMATIC = "thematic"


class Mode(StrEnum):
    """Online and mixed meetings: HD 03-HD/TW (27/12/2022), kept as a pilot by 294-QĐ/TW (26/5/2025) 21.4."""

    IN_PERSON = "in_person"
    ONLINE = "online"
    MIXED = "mixed"


class PlannedSitting(Value):
    """One sitting of a meeting; several when a large cell meets by groups (theo tổ)."""

    sitting_id: UUID
    starts_at: AwareDatetime
    mode: Mode = Mode.IN_PERSON
    group: Code | None = None
    place: TextRef | None = None


class HeldSitting(Value):
    """When a sitting really began and ended. Duration is what HD 42 asks for: 90 minutes, 120 with a thematic part."""

    sitting_id: UUID
    started_at: AwareDatetime
    ended_at: AwareDatetime


class Target(Value):
    """A target (chỉ tiêu) of a resolution, with its deadline; its wording is an erasable text."""

    target_id: UUID
    due_on: date | None = None
    text: TextRef | None = None


class Vote(Value):
    """Ayes of a voting base: convened official members, not those present (294-QĐ/TW (26/5/2025) 9.3)."""

    ayes: Count
    base: Count


class MeetingScheduled(Event):
    """A body plans a meeting for a period, with parts and sittings."""

    meeting_id: UUID
    unit_id: UUID
    body: Body
    period: Period
    parts: tuple[Part, ...]
    sittings: tuple[PlannedSitting, ...]


class MeetingRescheduled(Event):
    """The plan changed before the meeting was held: new sittings, replacing all earlier ones."""

    meeting_id: UUID
    sittings: tuple[PlannedSitting, ...]


class NoticeIssued(Event):
    """Time, place and content were announced to members and to the superior's follower (HD 42-HD/BTCTW)."""

    meeting_id: UUID
    issued_at: AwareDatetime
    follower_informed: bool


class NoticeWithdrawn(Event):
    """The notice was recorded in error."""

    meeting_id: UUID
    reason: Code


class DocumentPublished(Event):
    """A document was made available to members; HD 42-HD/BTCTW asks for at least one day before."""

    meeting_id: UUID
    document_id: UUID
    kind: Code
    title: TextRef
    content_sha256: Sha256
    published_at: AwareDatetime


class DocumentWithdrawn(Event):
    """The document was recorded in error."""

    meeting_id: UUID
    document_id: UUID
    reason: Code


class MeetingHeld(Event):
    """The meeting took place. `held_on` is the day of the first sitting, in Asia/Ho_Chi_Minh."""

    meeting_id: UUID
    unit_id: UUID
    body: Body
    period: Period
    parts: tuple[Part, ...]
    held_on: date
    sittings: tuple[HeldSitting, ...]
    speakers: Count | None = None
    superior_attended: bool | None = None


class MeetingNotHeld(Event):
    """The body reports that no meeting took place for the period, and why. May be a meeting's only event."""

    meeting_id: UUID
    unit_id: UUID
    body: Body
    period: Period
    parts: tuple[Part, ...]
    reason: Code


class MinutesRecorded(Event):
    """The minutes book entry (biên bản) was written."""

    meeting_id: UUID
    minutes: TextRef
    recorded_on: date


class MinutesWithdrawn(Event):
    """The minutes were recorded in error, such as those of another meeting."""

    meeting_id: UUID
    reason: Code


class ResolutionAdopted(Event):
    """A resolution or conclusion with its targets and vote; more than half of the base carries it (294-QĐ/TW 9.3)."""

    meeting_id: UUID
    resolution_id: UUID
    document: Citation
    text: TextRef
    targets: tuple[Target, ...]
    vote: Vote


class ResolutionWithdrawn(Event):
    """The resolution was recorded in error."""

    meeting_id: UUID
    resolution_id: UUID
    reason: Code


class MeetingCorrected(Event):
    """Recorded facts were wrong: every field that is given replaces the earlier value, the others stay.

    When one of `unit_id`, `body`, `period`, `parts` changes all four are given, so that a reader (and the claim on the
    cell's period) needs nothing else. Moving to another unit takes the lowest committee above both; the
    roster is drawn anew, the Kafka key stays.
    """

    meeting_id: UUID
    reason: Code
    unit_id: UUID | None = None
    body: Body | None = None
    period: Period | None = None
    parts: tuple[Part, ...] | None = None
    held_on: date | None = None
    sittings: tuple[HeldSitting, ...] | None = None
    speakers: Count | None = None
    superior_attended: bool | None = None


class OutcomeWithdrawn(Event):
    """That the meeting was held, or not held, was recorded in error; the meeting is open again."""

    meeting_id: UUID
    reason: Code


class MeetingWithdrawn(Event):
    """The meeting itself was recorded in error (a duplicate, a wrong cell): it counts nowhere."""

    meeting_id: UUID
    reason: Code
