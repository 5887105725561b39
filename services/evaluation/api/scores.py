"""The cell's own score and its vote on it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from services.evaluation import queries
from services.evaluation.api.desk import RECORDERS, AtDesk, held_day
from services.evaluation.api.inputs import ScoreInput, VoteInput, WithdrawalInput
from services.evaluation.domain import score
from shared.web.access import Caller, allow
from shared.web.context import CommandAccepted

router = APIRouter(prefix="/scores", tags=["scores"])

Recorder = Annotated[Caller, allow(RECORDERS)]


@router.post("/{meeting_id}/score")
async def score_meeting(meeting_id: UUID, body: ScoreInput, caller: Recorder, desk: AtDesk) -> CommandAccepted:
    """The self-score of a held meeting: what can be derived is, and a choice that contradicts it is refused."""
    meeting = await desk.own_meeting(meeting_id, caller)
    held_on = held_day(meeting)
    command = score.ScoreMeeting(
        meeting_id=meeting_id,
        unit_id=meeting.unit_id,
        period=meeting.period,
        criteria=await desk.criteria(meeting, held_on, body.criteria_set),
        choices=tuple(choice.choice() for choice in body.choices),
        facts=await queries.facts(desk.runtime.pool, meeting, held_on),
    )
    return await desk.handle(command, meeting)


@router.post("/{meeting_id}/vote")
async def record_vote(meeting_id: UUID, body: VoteInput, caller: Recorder, desk: AtDesk) -> CommandAccepted:
    """The cell's vote on its self-score."""
    meeting = await desk.own_meeting(meeting_id, caller)
    return await desk.handle(score.VoteOnScore(meeting_id, body.ayes, body.base), meeting)


@router.post("/{meeting_id}/score-withdrawal")
async def withdraw_score(meeting_id: UUID, body: WithdrawalInput, caller: Recorder, desk: AtDesk) -> CommandAccepted:
    """The self-score was recorded in error; its vote falls with it."""
    meeting = await desk.own_meeting(meeting_id, caller)
    return await desk.handle(score.WithdrawScore(meeting_id, body.reason), meeting)


@router.post("/{meeting_id}/vote-withdrawal")
async def withdraw_vote(meeting_id: UUID, body: WithdrawalInput, caller: Recorder, desk: AtDesk) -> CommandAccepted:
    """The vote was recorded in error."""
    meeting = await desk.own_meeting(meeting_id, caller)
    return await desk.handle(score.WithdrawVote(meeting_id, body.reason), meeting)
