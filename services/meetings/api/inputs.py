"""What clients send. Ids may be left out: they are then made from the command's own id. Moments carry a zone."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from shared.contracts.fields import Citation, Code, Count, GivenDay, GivenMoment, Period, Sha256
from shared.contracts.meetings import Body, Mode, Part, Vote
from shared.web.examples import CELL, DOCUMENT, MEETING, RESOLUTION, SITTING, example
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
    model_config = example(
        meeting_id=MEETING,
        unit_id=CELL,
        period="2026-02",
        parts=["regular"],
        sittings=[{"sitting_id": SITTING, "starts_at": "2026-02-04T19:30:00+07:00", "place": "Nhà văn hóa thôn 2"}],
    )

    meeting_id: UUID | None = None
    sittings: Annotated[tuple[SittingInput, ...], Field(min_length=1, max_length=20)]


class RescheduleInput(Input):
    model_config = example(sittings=[{"sitting_id": SITTING, "starts_at": "2026-02-05T19:30:00+07:00"}])

    sittings: Annotated[tuple[SittingInput, ...], Field(min_length=1, max_length=20)]


class NoticeInput(Input):
    model_config = example(issued_at="2026-02-02T08:00:00+07:00", follower_informed=True)

    issued_at: GivenMoment | None = None
    follower_informed: bool


class DocumentInput(Input):
    """Metadata: the content itself stays where it is kept, and is known by its SHA-256."""

    model_config = example(
        document_id=DOCUMENT,
        kind="agenda",
        title="Chương trình sinh hoạt tháng 2/2026",
        content_sha256="2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
        published_at="2026-02-03T08:00:00+07:00",
    )

    document_id: UUID | None = None
    kind: Code
    title: ShortText
    content_sha256: Sha256
    published_at: GivenMoment | None = None


class DocumentWithdrawalInput(Input):
    model_config = example(document_id=DOCUMENT, reason="wrong_document")

    document_id: UUID
    reason: Code


class HeldSittingInput(Input):
    """Without `sitting_id`: the planned sitting at the same place in the list."""

    sitting_id: UUID | None = None
    started_at: GivenMoment
    ended_at: GivenMoment


class HeldInput(Input):
    """`plan` only for a meeting that nobody had scheduled."""

    model_config = example(
        sittings=[
            {
                "sitting_id": SITTING,
                "started_at": "2026-02-05T19:30:00+07:00",
                "ended_at": "2026-02-05T21:05:00+07:00",
            }
        ],
        speakers=5,
        superior_attended=True,
    )

    plan: PlanInput | None = None
    sittings: Annotated[tuple[HeldSittingInput, ...], Field(min_length=1, max_length=20)]
    speakers: Count | None = None
    superior_attended: bool | None = None


class NotHeldInput(Input):
    """`plan` only for a meeting that nobody had scheduled."""

    model_config = example(plan={"unit_id": CELL, "period": "2026-01", "parts": ["regular"]}, reason="natural_disaster")

    plan: PlanInput | None = None
    reason: Code


class MinutesInput(Input):
    model_config = example(text="Biên bản họp chi bộ thôn 2, ngày 5/2/2026.", recorded_on="2026-02-06")

    text: LongText
    recorded_on: GivenDay | None = None


class TargetInput(Input):
    target_id: UUID | None = None
    due_on: GivenDay | None = None
    text: ShortText | None = None


class ResolutionInput(Input):
    model_config = example(
        resolution_id=RESOLUTION,
        document={"number": "02-NQ/CB", "issued_on": "2026-02-05"},
        text="Nghị quyết chi bộ thôn 2, tháng 2/2026.",
        targets=[{"due_on": "2026-03-31", "text": "Vận động 5 hộ hiến đất làm đường."}],
        vote={"ayes": 3, "base": 3},
    )

    resolution_id: UUID | None = None
    document: Citation
    text: LongText
    targets: Annotated[tuple[TargetInput, ...], Field(max_length=100)] = ()
    vote: Vote


class ResolutionWithdrawalInput(Input):
    model_config = example(resolution_id=RESOLUTION, reason="wrong_document")

    resolution_id: UUID
    reason: Code


class CorrectionInput(Input):
    """What is given replaces what was recorded. `held_on` alone keeps the hours; `sittings` set day and hours."""

    model_config = example(reason="typing_error", speakers=6)

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
    model_config = example(reason="typing_error")

    reason: Code
