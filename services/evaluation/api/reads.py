"""Reading scores: one from its stream, those that await a rating from the projection."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from services.evaluation import queries
from services.evaluation.aggregates import SCORE, score_stream
from services.evaluation.domain.errors import MeetingNotYetLearned
from services.evaluation.queries import AwaitingScore
from shared.contracts.evaluation import EvaluationScored, RatingDecided, SelfScoreVoted
from shared.contracts.fields import Period
from shared.service import Runtime, runtime
from shared.web.access import READ, Caller

router = APIRouter(prefix="/scores", tags=["reads"])

Running = Annotated[Runtime, Depends(runtime)]
Reader = Annotated[Caller, READ]


class ScoreView(BaseModel):
    """What is recorded now: self-score, vote and official rating, each null when there is none."""

    meeting_id: UUID
    version: int
    unit_id: UUID
    scored: EvaluationScored | None
    voted: SelfScoreVoted | None
    decided: RatingDecided | None


# Before "/{meeting_id}", which would take the word for an id.
@router.get("/awaiting")
async def awaiting(
    caller: Reader,
    running: Running,
    unit: Annotated[UUID, Query()],
    period: Annotated[Period | None, Query()] = None,
) -> list[AwaitingScore]:
    """Self-scores in the unit's subtree that have no official rating yet."""
    await caller.require(unit)
    return await queries.awaiting(running.pool, unit, period, caller.on)


@router.get("/{meeting_id}")
async def meeting_score(meeting_id: UUID, caller: Reader, running: Running) -> ScoreView:
    """The score of one meeting."""
    meeting = await queries.meeting(running.pool, meeting_id)
    if meeting is None:
        raise MeetingNotYetLearned(status=404)
    await caller.require(meeting.unit_id)
    state, version = await running.handler(SCORE).state(score_stream(meeting_id))
    return ScoreView(
        meeting_id=meeting_id,
        version=version,
        unit_id=meeting.unit_id,
        scored=state.scored,
        voted=state.voted,
        decided=state.decided,
    )
