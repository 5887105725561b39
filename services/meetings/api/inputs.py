"""What clients send. Ids may be left out: they are then made from the command's own id. Moments carry a zone."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from shared.contracts.fields import Citation, Code, Count, GivenDay, GivenMoment, Period, Sha256
from shared.contracts.meetings import Body, Mode, Part, Vote
from shared.web.inputs import FreeText, Input

ShortText = Annotated[FreeText, Field(max_length=500)]
LongText = Annotated[FreeText, Field(max_length=200_000)]


class SittingInput(Input):
    sitting_id: UUID | None = None
    starts_at: GivenMoment
    mode: Mode = Mode.IN_PERSON
    group: Code | None = None
    place: ShortText | None = None


class PlanInput(Input):
    unit_id: UUID
    body: Body = Body.CELL
    period: Period
    parts: Annotated[tuple[Part, ...], Field(min_length=1, max_length=2)] = (Part.REGULAR,)


class ScheduleInput(PlanInput):
    meeting_id: UUID | None = None
    sittings: Annotated[tuple[SittingInput, ...], Field(min_length=1, max_length=20)]


class RescheduleInput(Input):
    sittings: Annotated[tuple[SittingInput, ...], Field(min_length=1, max_length=20)]


class NoticeInput(Input):
    issued_at: GivenMoment | None = None
    follower_informed: bool


class DocumentInput(Input):
    """Metadata: the content itself stays where it is kept, and is known by its SHA-256."""

    document_id: UUID | None = None
    kind: Code
    title: ShortText
    content_sha256: Sha256
    published_at: GivenMoment | None = None


class DocumentWithdrawalInput(Input):
    document_id: UUID
    reason: Code


class HeldSittingInput(Input):
    """Without `sitting_id`: the planned sitting at the same place in the list."""

    sitting_id: UUID | None = None
    started_at: GivenMoment
    ended_at: GivenMoment


class HeldInput(Input):
    """`plan` only for a meeting that nobody had scheduled."""

    plan: PlanInput | None = None
    sittings: Annotated[tuple[HeldSittingInput, ...], Field(min_length=1, max_length=20)]
    speakers: Count | None = None
    superior_attended: bool | None = None


class NotHeldInput(Input):
    """`plan` only for a meeting that nobody had scheduled."""

    plan: PlanInput | None = None
    reason: Code


class MinutesInput(Input):
    text: LongText
    recorded_on: GivenDay | None = None


class TargetInput(Input):
    target_id: UUID | None = None
    due_on: GivenDay | None = None
    text: ShortText | None = None


class ResolutionInput(Input):
    resolution_id: UUID | None = None
    document: Citation
    text: LongText
    targets: Annotated[tuple[TargetInput, ...], Field(max_length=100)] = ()
    vote: Vote


class ResolutionWithdrawalInput(Input):
    resolution_id: UUID
    reason: Code


class CorrectionInput(Input):
    """What is given replaces what was recorded. `held_on` alone keeps the hours; `sittings` set day and hours."""

    reason: Code
    unit_id: UUID | None = None
    body: Body | None = None
    period: Period | None = None
    parts: Annotated[tuple[Part, ...], Field(min_length=1, max_length=2)] | None = None
    held_on: GivenDay | None = None
    sittings: Annotated[tuple[HeldSittingInput, ...], Field(min_length=1, max_length=20)] | None = None
    speakers: Count | None = None
    superior_attended: bool | None = None


class WithdrawalInput(Input):
    reason: Code
