"""What goes around a meeting: its notice, documents, minutes and resolution. Texts stay in the erasable table."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from services.meetings.api.desk import CORRECTORS, RECORDERS, AtDesk
from services.meetings.api.inputs import (
    DocumentInput,
    DocumentWithdrawalInput,
    MinutesInput,
    NoticeInput,
    ResolutionInput,
    ResolutionWithdrawalInput,
    WithdrawalInput,
)
from services.meetings.domain import commands
from services.meetings.domain.checks import live
from shared.contracts.meetings import Target
from shared.local_time import local_date
from shared.web.access import Caller, allow
from shared.web.context import CommandAccepted

router = APIRouter(prefix="/meetings", tags=["documents"])

Recorder = Annotated[Caller, allow(RECORDERS)]
Corrector = Annotated[Caller, allow(CORRECTORS)]


@router.post("/{meeting_id}/notice")
async def issue_notice(meeting_id: UUID, body: NoticeInput, caller: Recorder, desk: AtDesk) -> CommandAccepted:
    """Members, and the superior's follower, were told time, place and content (HD 42-HD/BTCTW)."""
    plan = live(await desk.known(meeting_id, caller))
    command = commands.IssueNotice(meeting_id, body.issued_at or desk.now(), body.follower_informed)
    return await desk.handle(command, plan.unit_id)


@router.post("/{meeting_id}/notice-withdrawal")
async def withdraw_notice(meeting_id: UUID, body: WithdrawalInput, caller: Corrector, desk: AtDesk) -> CommandAccepted:
    """The notice was recorded in error."""
    plan = live(await desk.known(meeting_id, caller))
    return await desk.handle(commands.WithdrawNotice(meeting_id, body.reason), plan.unit_id)


@router.post("/{meeting_id}/documents")
async def publish_document(meeting_id: UUID, body: DocumentInput, caller: Recorder, desk: AtDesk) -> CommandAccepted:
    """A document was made available; HD 42 asks for at least one day before."""
    plan = live(await desk.known(meeting_id, caller))
    title = desk.text(body.title, kind="document-title", meeting_id=meeting_id)
    command = commands.PublishDocument(
        meeting_id=meeting_id,
        document_id=body.document_id or desk.context.new_id("document"),
        kind=body.kind,
        title=title.ref,
        content_sha256=body.content_sha256,
        published_at=body.published_at or desk.now(),
    )
    return await desk.handle(command, plan.unit_id, [title])


@router.post("/{meeting_id}/document-withdrawal")
async def withdraw_document(
    meeting_id: UUID, body: DocumentWithdrawalInput, caller: Corrector, desk: AtDesk
) -> CommandAccepted:
    """The document was recorded in error."""
    plan = live(await desk.known(meeting_id, caller))
    return await desk.handle(commands.WithdrawDocument(meeting_id, body.document_id, body.reason), plan.unit_id)


@router.post("/{meeting_id}/minutes")
async def record_minutes(meeting_id: UUID, body: MinutesInput, caller: Recorder, desk: AtDesk) -> CommandAccepted:
    """The minutes (biên bản) of a held meeting; a second recording replaces the first."""
    plan = live(await desk.known(meeting_id, caller))
    minutes = desk.text(body.text, kind="minutes", meeting_id=meeting_id)
    recorded_on = body.recorded_on or local_date(desk.now())
    return await desk.handle(commands.RecordMinutes(meeting_id, minutes.ref, recorded_on), plan.unit_id, [minutes])


@router.post("/{meeting_id}/minutes-withdrawal")
async def withdraw_minutes(meeting_id: UUID, body: WithdrawalInput, caller: Corrector, desk: AtDesk) -> CommandAccepted:
    """The minutes were recorded in error."""
    plan = live(await desk.known(meeting_id, caller))
    return await desk.handle(commands.WithdrawMinutes(meeting_id, body.reason), plan.unit_id)


@router.post("/{meeting_id}/resolution")
async def adopt_resolution(meeting_id: UUID, body: ResolutionInput, caller: Recorder, desk: AtDesk) -> CommandAccepted:
    """A resolution or conclusion with its targets, carried by more than half of the voting base."""
    plan = live(await desk.known(meeting_id, caller))
    text = desk.text(body.text, kind="resolution", meeting_id=meeting_id)
    wordings = [
        desk.text(target.text, kind="target", meeting_id=meeting_id, name=str(n)) if target.text else None
        for n, target in enumerate(body.targets)
    ]
    targets = tuple(
        Target(
            target_id=target.target_id or desk.context.new_id(f"target:{n}"),
            due_on=target.due_on,
            text=wording.ref if wording else None,
        )
        for n, (target, wording) in enumerate(zip(body.targets, wordings, strict=True))
    )
    command = commands.AdoptResolution(
        meeting_id=meeting_id,
        resolution_id=body.resolution_id or desk.context.new_id("resolution"),
        document=body.document,
        text=text.ref,
        targets=targets,
        vote=body.vote,
    )
    return await desk.handle(command, plan.unit_id, [text, *(wording for wording in wordings if wording)])


@router.post("/{meeting_id}/resolution-withdrawal")
async def withdraw_resolution(
    meeting_id: UUID, body: ResolutionWithdrawalInput, caller: Corrector, desk: AtDesk
) -> CommandAccepted:
    """The resolution was recorded in error."""
    plan = live(await desk.known(meeting_id, caller))
    command = commands.WithdrawResolution(meeting_id, body.resolution_id, body.reason)
    return await desk.handle(command, plan.unit_id)
