"""The official rating, by the committee that decides: the nearest one above the cell whose kind decides ratings."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from services.evaluation import queries
from services.evaluation.aggregates import SCORE, score_stream
from services.evaluation.api.desk import AtDesk, Desk
from services.evaluation.api.inputs import RatingInput, WithdrawalInput
from services.evaluation.domain import errors, score
from services.evaluation.queries import KnownMeeting
from shared.contracts.evaluation import CriteriaSetPublished
from shared.web.access import Caller, Reach, Role, allow
from shared.web.context import CommandAccepted

router = APIRouter(prefix="/scores", tags=["ratings"])

# Offices of committees; which of them decides about this cell is asked of the directory.
Rater = Annotated[Caller, allow({Role.APPRAISER: Reach.SUBTREE, Role.PROVINCE_BOARD: Reach.SUBTREE})]


@router.post("/{meeting_id}/rating")
async def decide_rating(meeting_id: UUID, body: RatingInput, caller: Rater, desk: AtDesk) -> CommandAccepted:
    """The official rating of a self-scored meeting; a second one replaces the first."""
    meeting, committee = await _decided_by(meeting_id, caller, desk)
    command = score.DecideRating(
        meeting_id=meeting_id,
        unit_id=meeting.unit_id,
        period=meeting.period,
        decided_by=committee,
        criteria=await _criteria_of_score(meeting_id, desk),
        rating=body.rating,
        total=body.total,
        reason=body.reason,
    )
    return await desk.handle(command, meeting)


@router.post("/{meeting_id}/rating-withdrawal")
async def withdraw_rating(meeting_id: UUID, body: WithdrawalInput, caller: Rater, desk: AtDesk) -> CommandAccepted:
    """The rating was recorded in error; the meeting awaits one again."""
    meeting, _ = await _decided_by(meeting_id, caller, desk)
    return await desk.handle(score.WithdrawRating(meeting_id, body.reason), meeting)


async def _decided_by(meeting_id: UUID, caller: Caller, desk: Desk) -> tuple[KnownMeeting, UUID]:
    meeting = await desk.own_meeting(meeting_id, caller)
    committee = await desk.runtime.directory.deciding_committee(meeting.unit_id, caller.on)
    if committee is None or committee not in {grant.unit_id for grant in caller.grants}:
        raise errors.NotTheDecidingCommittee(
            f"Xếp loại chính thức do cấp ủy cấp trên trực tiếp quyết định (tổ chức {committee})."
        )
    return meeting, committee


async def _criteria_of_score(meeting_id: UUID, desk: Desk) -> CriteriaSetPublished:
    """The set that the self-score used: official and self rating are of one scale."""
    state, _ = await desk.runtime.handler(SCORE).state(score_stream(meeting_id))
    if state.scored is None:
        raise errors.NotScored("Chi bộ chưa tự chấm kỳ sinh hoạt này.")
    used = state.scored.criteria_set, state.scored.revision
    found = await queries.criteria_revision(desk.runtime.pool, *used)
    if found is None:
        raise errors.CriteriaNotYetLearned("Chưa nhận được bộ tiêu chí đã dùng để tự chấm; hãy thử lại sau giây lát.")
    return found
