"""Self-score, vote and official rating: per command the right events, the refusal, the silence."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.evaluation.domain import errors, score
from services.evaluation.domain.choices import Choice
from services.evaluation.domain.facts import MeetingFacts
from services.evaluation.domain.score import DECIDER
from shared.contracts import evaluation as events
from shared.contracts.event import Event
from tests.unit.evaluation.sets import published, sample

MEETING, CELL, COMMITTEE = UUID(int=1), UUID(int=10), UUID(int=11)
WARD = published(sample("hd42-anphu-2025"))
FRAME = published(sample("hd42-khung-7nhom"))

# A regular meeting of 95 minutes; 20 expected, 19 came, one excused; 12 spoke.
FACTS = MeetingFacts(
    thematic_part=False,
    has_committee=True,
    minutes=95,
    members=22,
    expected=20,
    present=19,
    unexcused=0,
    attended=19,
    speakers=12,
    longest_excused_run=1,
)
DERIVED = {"1.1", "2.1", "2.2", "4.5"}
COMBINED = {"4.2.combined", "4.3"}


def choices(facts: MeetingFacts = FACTS, answers: Mapping[str, str] = MappingProxyType({})) -> tuple[Choice, ...]:
    """The best answer to every item that the facts do not decide."""
    left_out = DERIVED | ({"4.2.alone"} if facts.thematic_part else COMBINED)
    if not facts.has_committee:
        left_out |= {"3.3"}
    best = {
        item.code: max(item.options, key=lambda option: option.points).code
        for group in WARD.groups
        for item in group.items
        if item.code not in left_out
    }
    return tuple(Choice(item, option) for item, option in (best | dict(answers)).items())


def self_score(facts: MeetingFacts = FACTS, **fields: Any) -> score.ScoreMeeting:
    command = score.ScoreMeeting(MEETING, CELL, "2026-03", WARD, choices(facts), facts)
    return replace(command, **fields)


def decide(command: score.Command, *past: Event) -> Sequence[Event]:
    return DECIDER.decide(command, DECIDER.fold(past))


def scored(command: score.ScoreMeeting) -> events.EvaluationScored:
    (event,) = decide(command)
    assert isinstance(event, events.EvaluationScored)
    return event


def points(event: events.EvaluationScored) -> dict[str, Decimal]:
    return {item.item: item.points for item in event.items}


def test_scores_a_meeting_from_choices_and_facts() -> None:
    event = scored(self_score())
    assert (event.total, event.rating) == (Decimal(100), "good")
    assert (event.criteria_set, event.revision) == ("hd42-anphu-2025", 1)
    assert len(event.items) == 29


def test_the_total_can_reach_the_scale_with_and_without_a_thematic_part_or_a_committee() -> None:
    for thematic in (True, False):
        for committee in (True, False):
            facts = replace(FACTS, thematic_part=thematic, has_committee=committee)
            assert scored(self_score(facts)).total == 100


def test_the_regular_item_counts_15_alone_and_10_beside_a_thematic_part() -> None:
    alone, combined = scored(self_score()), scored(self_score(replace(FACTS, thematic_part=True)))
    assert (points(alone)["4.2.alone"], points(alone)["4.3"]) == (Decimal(15), Decimal(0))
    assert (points(combined)["4.2.combined"], points(combined)["4.3"]) == (Decimal(10), Decimal(5))


def test_a_cell_with_only_a_secretary_gets_full_marks_for_the_committee_meeting() -> None:
    event = scored(self_score(replace(FACTS, has_committee=False)))
    item = next(item for item in event.items if item.item == "3.3")
    assert (item.option, item.points) == (None, Decimal(2))


@pytest.mark.parametrize(
    ("facts", "item", "expected"),
    [
        ({"minutes": 90}, "1.1", 5),
        ({"minutes": 89}, "1.1", 4),
        ({"minutes": 75}, "1.1", 4),
        ({"minutes": 74}, "1.1", 3),
        ({"minutes": 60}, "1.1", 3),
        ({"minutes": 45}, "1.1", 2),
        ({"minutes": 44}, "1.1", 1),
        ({"members": 30, "minutes": 119}, "1.1", 4),
        ({"present": 18}, "2.1", 4),
        ({"present": 17}, "2.1", 3),
        ({"present": 13}, "2.1", 2),
        ({"present": 12}, "2.1", 1),
        ({"unexcused": 1}, "2.1", 1),
        ({"longest_excused_run": 3}, "2.2", 1),
        ({"longest_excused_run": 4}, "2.2", 0),
        ({"speakers": 10, "attended": 20}, "4.5", 5),
        ({"speakers": 9, "attended": 20}, "4.5", 4),
        ({"speakers": 5, "attended": 20}, "4.5", 2),
    ],
)
def test_the_option_follows_from_the_facts(facts: dict[str, Any], item: str, expected: int) -> None:
    assert points(scored(self_score(replace(FACTS, **facts))))[item] == expected


def test_refuses_a_choice_that_contradicts_the_facts_and_says_which_it_would_be() -> None:
    with pytest.raises(errors.ContradictsFacts, match=r"from-75 .* phải là from-90"):
        decide(self_score(choices=(*choices(), Choice("2.1", "from-75"))))


def test_accepts_a_choice_that_agrees_with_the_facts() -> None:
    assert scored(self_score(choices=(*choices(), Choice("2.1", "from-90")))).total == 100


def test_what_cannot_be_derived_has_to_be_chosen() -> None:
    unknown = replace(FACTS, speakers=None)
    with pytest.raises(errors.ChoiceWrong, match=r"4\.5"):
        decide(self_score(unknown))
    assert points(scored(self_score(unknown, choices=choices(answers={"4.5": "from-30"}))))["4.5"] == 3


@pytest.mark.parametrize(
    "wrong",
    [
        Choice("9.9", "full"),
        Choice("3.2", "half"),
        Choice("4.3", "full"),
        Choice("3.2", "full"),
    ],
    ids=["unknown item", "unknown option", "not scored this month", "twice"],
)
def test_refuses_a_choice_that_the_set_does_not_offer(wrong: Choice) -> None:
    others = choices() if wrong.option != "half" else tuple(each for each in choices() if each.item != wrong.item)
    with pytest.raises(errors.ChoiceWrong):
        decide(self_score(choices=(*others, wrong)))


def test_an_option_may_be_chosen_by_its_points_but_never_over_the_maximum() -> None:
    others = tuple(each for each in choices() if each.item != "3.2")
    assert scored(self_score(choices=(*others, Choice("3.2", points=Decimal(0))))).total == 98
    with pytest.raises(errors.PointsOverMaximum):
        decide(self_score(choices=(*others, Choice("3.2", points=Decimal(3)))))


def frame_choices(given: Decimal) -> tuple[Choice, ...]:
    codes = [item.code for group in FRAME.groups for item in group.items]
    return tuple(Choice(code, points=given) for code in codes)


def test_a_frame_without_options_takes_points_up_to_each_maximum() -> None:
    event = scored(self_score(criteria=FRAME, choices=frame_choices(Decimal("4.5"))))
    assert (event.total, event.rating) == (Decimal(45), "poor")
    with pytest.raises(errors.PointsOverMaximum):
        decide(self_score(criteria=FRAME, choices=frame_choices(Decimal(6))))
    with pytest.raises(errors.ChoiceWrong):
        decide(self_score(criteria=FRAME, choices=(*frame_choices(Decimal(1))[1:], Choice("1.1", "full"))))


@given(st.data())
def test_any_answers_give_a_total_within_the_scale_and_the_band_that_holds_it(data: st.DataObject) -> None:
    answers = tuple(
        Choice(choice.item, data.draw(st.sampled_from(_options(choice.item)), label=choice.item))
        for choice in choices()
    )
    event = scored(self_score(choices=answers))
    bands = {band.rating: band.at_least for band in WARD.bands}
    assert event.total == sum(points(event).values()) <= WARD.scale
    assert bands[event.rating] == max(start for start in bands.values() if start <= event.total)


def _options(code: str) -> list[str]:
    items = [item for group in WARD.groups for item in group.items]
    return [option.code for item in items if item.code == code for option in item.options]


SCORED = scored(self_score())
VOTED = events.SelfScoreVoted(meeting_id=MEETING, rating="good", ayes=17, base=20)
DECIDED = events.RatingDecided(
    meeting_id=MEETING, unit_id=CELL, period="2026-03", decided_by=COMMITTEE, rating="fair", total=Decimal(88)
)
RATE = score.DecideRating(MEETING, CELL, "2026-03", COMMITTEE, WARD, "fair", Decimal(88))


def test_a_second_score_replaces_the_first_until_somebody_relies_on_it() -> None:
    other = self_score(choices=choices(answers={"3.2": "none"}))
    assert decide(self_score(), SCORED) == []
    assert len(decide(other, SCORED)) == 1
    with pytest.raises(errors.VoteStands):
        decide(other, SCORED, VOTED)
    with pytest.raises(errors.RatingStands):
        decide(other, SCORED, DECIDED)


def test_the_cell_votes_once_on_its_score() -> None:
    assert decide(score.VoteOnScore(MEETING, 17, 20), SCORED) == [VOTED]
    assert decide(score.VoteOnScore(MEETING, 17, 20), SCORED, VOTED) == []
    with pytest.raises(errors.VoteStands):
        decide(score.VoteOnScore(MEETING, 18, 20), SCORED, VOTED)
    with pytest.raises(errors.NotScored):
        decide(score.VoteOnScore(MEETING, 17, 20))


def test_refuses_a_vote_with_more_ayes_than_voters() -> None:
    with pytest.raises(errors.MoreAyesThanVoters):
        decide(score.VoteOnScore(MEETING, 21, 20), SCORED)


def test_the_committee_decides_and_may_decide_again() -> None:
    assert decide(RATE, SCORED, VOTED) == [DECIDED]
    assert decide(RATE, SCORED, VOTED, DECIDED) == []
    (again,) = decide(replace(RATE, rating="good", total=None), SCORED, VOTED, DECIDED)
    assert isinstance(again, events.RatingDecided)
    with pytest.raises(errors.NotScored):
        decide(RATE)


@pytest.mark.parametrize(
    ("rating", "total", "refusal"),
    [
        ("excellent", None, errors.RatingWrong),
        ("good", Decimal(88), errors.RatingWrong),
        ("good", Decimal(101), errors.PointsOverMaximum),
    ],
)
def test_refuses_a_rating_that_the_set_does_not_have(
    rating: str, total: Decimal | None, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        decide(replace(RATE, rating=rating, total=total), SCORED)


def test_score_vote_and_rating_are_withdrawn_each_by_its_own_event() -> None:
    score_withdrawn = events.ScoreWithdrawn(meeting_id=MEETING, reason="wrong-set")
    vote_withdrawn = events.VoteWithdrawn(meeting_id=MEETING, reason="miscounted")
    rating_withdrawn = events.RatingWithdrawn(meeting_id=MEETING, reason="appeal")
    assert decide(score.WithdrawScore(MEETING, "wrong-set"), SCORED, VOTED) == [score_withdrawn]
    assert decide(score.WithdrawVote(MEETING, "miscounted"), SCORED, VOTED) == [vote_withdrawn]
    assert decide(score.WithdrawRating(MEETING, "appeal"), SCORED, DECIDED) == [rating_withdrawn]
    assert DECIDER.fold([SCORED, VOTED, score_withdrawn]) == DECIDER.initial
    with pytest.raises(errors.RatingStands):
        decide(score.WithdrawScore(MEETING, "wrong-set"), SCORED, DECIDED)


def test_there_must_be_something_to_withdraw() -> None:
    with pytest.raises(errors.NotScored):
        decide(score.WithdrawScore(MEETING, "wrong-set"))
    with pytest.raises(errors.NothingToWithdraw):
        decide(score.WithdrawVote(MEETING, "miscounted"), SCORED)
    with pytest.raises(errors.NothingToWithdraw):
        decide(score.WithdrawRating(MEETING, "appeal"), SCORED)
