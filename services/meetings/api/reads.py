"""Reading meetings: one with its texts, from its stream; a unit's list, from the projection."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from services.meetings.aggregates import MEETING, stream
from services.meetings.domain.errors import MeetingUnknown
from services.meetings.domain.state import Meeting
from services.meetings.queries import ListedMeeting, meetings_of
from shared.contracts.fields import Citation, Period, TextRef
from shared.contracts.meetings import Body, HeldSitting, Mode, Part, Vote
from shared.eventstore.texts import read_texts
from shared.service import Runtime, runtime
from shared.web.access import READ, Caller
from shared.web.consistency import at_least

router = APIRouter(tags=["reads"])

Running = Annotated[Runtime, Depends(runtime)]
Reader = Annotated[Caller, READ]


class SittingView(BaseModel):
    sitting_id: UUID
    starts_at: datetime
    mode: Mode
    group: str | None
    place: str | None


class DocumentView(BaseModel):
    document_id: UUID
    kind: str
    title: str | None
    content_sha256: str
    published_at: datetime


class TargetView(BaseModel):
    target_id: UUID
    due_on: date | None
    text: str | None


class ResolutionView(BaseModel):
    resolution_id: UUID
    document: Citation
    text: str | None
    targets: list[TargetView]
    vote: Vote


class HeldView(BaseModel):
    held_on: date
    sittings: list[HeldSitting]
    speakers: int | None
    superior_attended: bool | None


class MeetingView(BaseModel):
    """A meeting as recorded; a text that was erased is null."""

    meeting_id: UUID
    version: int
    status: str
    unit_id: UUID
    body: Body
    period: str
    parts: list[Part]
    sittings: list[SittingView]
    notice_issued_at: datetime | None
    documents: list[DocumentView]
    held: HeldView | None
    not_held_reason: str | None
    minutes: str | None
    resolutions: list[ResolutionView]


@router.get("/meetings/{meeting_id}", dependencies=[Depends(at_least)])
async def meeting(meeting_id: UUID, caller: Reader, running: Running) -> MeetingView:
    """One meeting with its texts."""
    state, version = await running.handler(MEETING).state(stream(meeting_id))
    if state.plan is None:
        raise MeetingUnknown("Chưa có kỳ sinh hoạt nào mang mã này.")
    await caller.require(state.plan.unit_id)
    texts = await read_texts(running.pool, [ref.text_id for ref in _references(state)])
    return _view(meeting_id, version, state, texts)


@router.get("/cells/{cell_id}/meetings", dependencies=[Depends(at_least)])
async def meetings(
    cell_id: UUID, caller: Reader, running: Running, period: Annotated[Period | None, Query()] = None
) -> list[ListedMeeting]:
    """The meetings of a unit, of one period or of all; the newest period first."""
    await caller.require(cell_id)
    return await meetings_of(running.pool, cell_id, period)


def _references(state: Meeting) -> list[TextRef]:
    found = [sitting.place for sitting in state.sittings]
    found += [document.title for document in state.documents.values()]
    found += [state.minutes.minutes if state.minutes else None]
    for resolution in state.resolutions.values():
        found += [resolution.text, *(target.text for target in resolution.targets)]
    return [ref for ref in found if ref is not None]


def _view(meeting_id: UUID, version: int, state: Meeting, texts: dict[UUID, str]) -> MeetingView:
    def said(ref: TextRef | None) -> str | None:
        return texts.get(ref.text_id) if ref else None

    plan = state.plan
    if plan is None:
        raise MeetingUnknown("Chưa có kỳ sinh hoạt nào mang mã này.")
    return MeetingView(
        meeting_id=meeting_id,
        version=version,
        status=state.status.name.lower(),
        unit_id=plan.unit_id,
        body=plan.body,
        period=plan.period,
        parts=list(plan.parts),
        sittings=[SittingView(**{**dict(each), "place": said(each.place)}) for each in state.sittings],
        notice_issued_at=state.notice.issued_at if state.notice else None,
        documents=[DocumentView(**{**dict(each), "title": said(each.title)}) for each in state.documents.values()],
        held=HeldView.model_validate(state.outcome, from_attributes=True) if state.outcome else None,
        not_held_reason=state.not_held_reason,
        minutes=said(state.minutes.minutes) if state.minutes else None,
        resolutions=[
            ResolutionView(
                resolution_id=each.resolution_id,
                document=each.document,
                text=said(each.text),
                targets=[TargetView(**{**dict(target), "text": said(target.text)}) for target in each.targets],
                vote=each.vote,
            )
            for each in state.resolutions.values()
        ],
    )
