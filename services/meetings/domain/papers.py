"""The papers around a meeting: its notice, documents and minutes. Their texts are erasable; here are references."""

from collections.abc import Sequence

from services.meetings.domain import checks, errors
from services.meetings.domain.commands import (
    IssueNotice,
    PublishDocument,
    RecordMinutes,
    WithdrawDocument,
    WithdrawMinutes,
    WithdrawNotice,
)
from services.meetings.domain.state import Meeting
from shared.contracts import meetings as events
from shared.contracts.event import Event


def issue_notice(command: IssueNotice, state: Meeting) -> Sequence[Event]:
    checks.live(state)
    notice = events.NoticeIssued(
        meeting_id=command.meeting_id, issued_at=command.issued_at, follower_informed=command.follower_informed
    )
    return [] if notice == state.notice else [notice]


def withdraw_notice(command: WithdrawNotice, state: Meeting) -> Sequence[Event]:
    checks.live(state)
    if state.notice is None:
        raise errors.PaperUnknown("Kỳ sinh hoạt chưa có thông báo nào để rút.")
    return [events.NoticeWithdrawn(meeting_id=command.meeting_id, reason=command.reason)]


def publish_document(command: PublishDocument, state: Meeting) -> Sequence[Event]:
    checks.live(state)
    known = state.documents.get(command.document_id)
    if known is not None:
        if (known.kind, known.content_sha256) == (command.kind, command.content_sha256):
            return []
        raise errors.DocumentExists("Mã tài liệu đã dùng cho nội dung khác; bản mới cần mã tài liệu mới.")
    return [
        events.DocumentPublished(
            meeting_id=command.meeting_id,
            document_id=command.document_id,
            kind=command.kind,
            title=command.title,
            content_sha256=command.content_sha256,
            published_at=command.published_at,
        )
    ]


def withdraw_document(command: WithdrawDocument, state: Meeting) -> Sequence[Event]:
    checks.live(state)
    if command.document_id not in state.documents:
        raise errors.PaperUnknown("Kỳ sinh hoạt không có tài liệu này, hoặc tài liệu đã được rút.")
    return [
        events.DocumentWithdrawn(meeting_id=command.meeting_id, document_id=command.document_id, reason=command.reason)
    ]


def record_minutes(command: RecordMinutes, state: Meeting) -> Sequence[Event]:
    """Minutes recorded again replace the earlier ones."""
    checks.held(state)
    minutes = events.MinutesRecorded(
        meeting_id=command.meeting_id, minutes=command.minutes, recorded_on=command.recorded_on
    )
    return [] if minutes == state.minutes else [minutes]


def withdraw_minutes(command: WithdrawMinutes, state: Meeting) -> Sequence[Event]:
    checks.live(state)
    if state.minutes is None:
        raise errors.PaperUnknown("Kỳ sinh hoạt chưa có biên bản nào để rút.")
    return [events.MinutesWithdrawn(meeting_id=command.meeting_id, reason=command.reason)]
