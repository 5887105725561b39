"""The score of a meeting: the cell's own (tự chấm), its vote, the committee's official rating (HD 42-HD/BTCTW)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import assert_never
from uuid import UUID

from services.evaluation.domain import errors
from services.evaluation.domain.choices import Choice, scored_items
from services.evaluation.domain.facts import MeetingFacts
from shared.contracts import evaluation as events
from shared.contracts.evaluation import CriteriaSetPublished
from shared.contracts.event import Event
from shared.decider import Decider


@dataclass(frozen=True, slots=True)
class ScoreMeeting:
    """`facts`: what the local tables know now. `choices`: for the items that they do not decide."""

    meeting_id: UUID
    unit_id: UUID
    period: str
    criteria: CriteriaSetPublished
    choices: tuple[Choice, ...]
    facts: MeetingFacts


@dataclass(frozen=True, slots=True)
class VoteOnScore:
    meeting_id: UUID
    ayes: int
    base: int


@dataclass(frozen=True, slots=True)
class DecideRating:
    """`criteria`: the set that the self-score used. Who decides is checked where access is."""

    meeting_id: UUID
    unit_id: UUID
    period: str
    decided_by: UUID
    criteria: CriteriaSetPublished
    rating: str
    total: Decimal | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class WithdrawScore:
    meeting_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class WithdrawVote:
    meeting_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class WithdrawRating:
    meeting_id: UUID
    reason: str


Command = ScoreMeeting | VoteOnScore | DecideRating | WithdrawScore | WithdrawVote | WithdrawRating


@dataclass(frozen=True, slots=True)
class Score:
    scored: events.EvaluationScored | None = None
    voted: events.SelfScoreVoted | None = None
    decided: events.RatingDecided | None = None


def decide(command: Command, state: Score) -> Sequence[Event]:
    match command:
        case ScoreMeeting():
            return score(command, state)
        case VoteOnScore():
            return vote(command, state)
        case DecideRating():
            return decide_rating(command, state)
        case WithdrawScore():
            return withdraw_score(command, state)
        case WithdrawVote():
            return withdraw_vote(command, state)
        case WithdrawRating():
            return withdraw_rating(command, state)
        case _:
            assert_never(command)


def score(command: ScoreMeeting, state: Score) -> Sequence[Event]:
    """A second score replaces the first as long as nobody voted or decided on it."""
    items = scored_items(command.criteria, command.choices, command.facts)
    total = sum((item.points for item in items), Decimal(0))
    scored = events.EvaluationScored(
        meeting_id=command.meeting_id,
        unit_id=command.unit_id,
        period=command.period,
        criteria_set=command.criteria.criteria_set,
        revision=command.criteria.revision,
        items=items,
        total=total,
        rating=rating_of(total, command.criteria),
    )
    if scored == state.scored:
        return []
    _refuse_decided(state)
    if state.voted is not None:
        raise errors.VoteStands("Chi bộ đã biểu quyết kết quả tự chấm; hãy rút biểu quyết trước khi chấm lại.")
    return [scored]


def vote(command: VoteOnScore, state: Score) -> Sequence[Event]:
    """Recorded as it was; whether it carried follows from more than half of the base (294-QĐ/TW 9.3)."""
    scored = _scored(state)
    if command.ayes > command.base:
        raise errors.MoreAyesThanVoters(
            f"ayes: số tán thành ({command.ayes}) lớn hơn số có quyền biểu quyết ({command.base})."
        )
    voted = events.SelfScoreVoted(
        meeting_id=command.meeting_id, rating=scored.rating, ayes=command.ayes, base=command.base
    )
    if voted == state.voted:
        return []
    if state.voted is not None:
        raise errors.VoteStands("Biểu quyết đã được ghi khác; hãy rút biểu quyết đó trước.")
    return [voted]


def decide_rating(command: DecideRating, state: Score) -> Sequence[Event]:
    _scored(state)
    _check_rating(command)
    decided = events.RatingDecided(
        meeting_id=command.meeting_id,
        unit_id=command.unit_id,
        period=command.period,
        decided_by=command.decided_by,
        rating=command.rating,
        total=command.total,
        reason=command.reason,
    )
    return [] if decided == state.decided else [decided]


def withdraw_score(command: WithdrawScore, state: Score) -> Sequence[Event]:
    """The vote falls with it; an official rating has to be withdrawn first, by those who gave it."""
    _scored(state)
    _refuse_decided(state)
    return [events.ScoreWithdrawn(meeting_id=command.meeting_id, reason=command.reason)]


def withdraw_vote(command: WithdrawVote, state: Score) -> Sequence[Event]:
    if state.voted is None:
        raise errors.NothingToWithdraw("Chưa có biểu quyết nào để rút.")
    return [events.VoteWithdrawn(meeting_id=command.meeting_id, reason=command.reason)]


def withdraw_rating(command: WithdrawRating, state: Score) -> Sequence[Event]:
    if state.decided is None:
        raise errors.NothingToWithdraw("Chưa có xếp loại chính thức nào để rút.")
    return [events.RatingWithdrawn(meeting_id=command.meeting_id, reason=command.reason)]


def evolve(state: Score, event: Event) -> Score:
    match event:
        case events.EvaluationScored():
            return replace(state, scored=event)
        case events.SelfScoreVoted():
            return replace(state, voted=event)
        case events.RatingDecided():
            return replace(state, decided=event)
        case events.ScoreWithdrawn():
            return replace(state, scored=None, voted=None)
        case events.VoteWithdrawn():
            return replace(state, voted=None)
        case events.RatingWithdrawn():
            return replace(state, decided=None)
        case _:
            return state


def rating_of(total: Decimal, criteria: CriteriaSetPublished) -> str:
    """The highest band that `total` reaches."""
    return max((band for band in criteria.bands if band.at_least <= total), key=lambda band: band.at_least).rating


def _check_rating(command: DecideRating) -> None:
    known = [band.rating for band in command.criteria.bands]
    if command.rating not in known:
        raise errors.RatingWrong(f"rating: bộ tiêu chí chỉ có {', '.join(known)}.")
    if command.total is None:
        return
    if command.total > command.criteria.scale:
        raise errors.PointsOverMaximum(f"total: tối đa {command.criteria.scale} điểm.")
    if (fitting := rating_of(command.total, command.criteria)) != command.rating:
        raise errors.RatingWrong(f"rating: {command.total} điểm thuộc mức {fitting}, không phải {command.rating}.")


def _scored(state: Score) -> events.EvaluationScored:
    if state.scored is None:
        raise errors.NotScored("Chi bộ chưa tự chấm kỳ sinh hoạt này.")
    return state.scored


def _refuse_decided(state: Score) -> None:
    if state.decided is not None:
        raise errors.RatingStands("Cấp ủy đã xếp loại chính thức; cấp ủy đó phải rút xếp loại trước.")


DECIDER = Decider(initial=Score(), decide=decide, evolve=evolve)
