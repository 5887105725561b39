"""Resolutions and conclusions of a held meeting (nghị quyết, kết luận), with their targets and vote."""

from collections.abc import Sequence
from uuid import UUID

from services.meetings.domain import checks, errors
from services.meetings.domain.commands import AdoptResolution, WithdrawResolution
from services.meetings.domain.state import Meeting
from shared.contracts import meetings as events
from shared.contracts.event import Event


def adopt(command: AdoptResolution, state: Meeting) -> Sequence[Event]:
    checks.held(state)
    _check_vote(command.vote)
    known = state.resolutions.get(command.resolution_id)
    if known is not None:
        if _content(known) == _content(command):
            return []
        raise errors.ResolutionExists("Nghị quyết đã được ghi khác; hãy rút nghị quyết đó rồi ghi lại.")
    return [
        events.ResolutionAdopted(
            meeting_id=command.meeting_id,
            resolution_id=command.resolution_id,
            document=command.document,
            text=command.text,
            targets=command.targets,
            vote=command.vote,
        )
    ]


def withdraw(command: WithdrawResolution, state: Meeting) -> Sequence[Event]:
    checks.live(state)
    if command.resolution_id not in state.resolutions:
        raise errors.ResolutionUnknown("Kỳ sinh hoạt không có nghị quyết này, hoặc nghị quyết đã được rút.")
    return [
        events.ResolutionWithdrawn(
            meeting_id=command.meeting_id, resolution_id=command.resolution_id, reason=command.reason
        )
    ]


def _check_vote(vote: events.Vote) -> None:
    """More than half of the voting base carries it, not of those present: 294-QĐ/TW (26/5/2025) 9.3."""
    if vote.ayes > vote.base:
        raise errors.MoreAyesThanVoters(
            f"vote.ayes: số tán thành ({vote.ayes}) lớn hơn số có quyền biểu quyết ({vote.base})."
        )
    if 2 * vote.ayes <= vote.base:
        raise errors.NotCarried(f"vote.ayes: {vote.ayes}/{vote.base} chưa quá một nửa số có quyền biểu quyết.")


def _content(resolution: AdoptResolution | events.ResolutionAdopted) -> tuple[object, ...]:
    """What makes two recordings the same: not the texts' references, whose salt differs each time."""
    targets: tuple[tuple[UUID, object], ...] = tuple((each.target_id, each.due_on) for each in resolution.targets)
    return (resolution.document, resolution.vote, targets)
