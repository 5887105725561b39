"""A score through the HTTP interface on a real database: derived, voted, rated by the committee that decides."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.contracts import attendance, meetings
from shared.contracts.attendance import RosterRow
from tests.integration.commune import AN, BINH, CHI, COMMUNE, DUNG, FAR, FIRST, PROVINCE, SECOND, as_
from tests.integration.evaluation.conftest import MARCH, MEMBERS, World, best_choices, criteria, meeting_id

# For a cell whose roll call nobody closed: nothing but speakers can be derived, so the cell says it all itself.
EVERYTHING_CHOSEN = [
    {"item": "1.1", "option": "met"},
    {"item": "2.1", "option": "from-90"},
    {"item": "2.2", "option": "full"},
    {"item": "4.5", "option": "over-50"},
]


async def points(world: World, item: str) -> float:
    scored = (await world.score())["scored"]
    return float(next(each["points"] for each in scored["items"] if each["item"] == item))


async def test_a_held_meeting_is_scored_voted_and_rated(world: World) -> None:
    await world.held()
    await world.roll_call(*MEMBERS)
    await world.catch_up()
    await world.do("score", {"choices": best_choices()})
    await world.do("vote", {"ayes": 3, "base": 3})
    await world.do("rating", {"rating": "fair", "total": 88, "reason": "weak-discussion"}, "appraiser")

    score = await world.score()
    assert (float(score["scored"]["total"]), score["scored"]["rating"]) == (100, "good")
    assert (score["voted"]["ayes"], score["voted"]["base"]) == (3, 3)
    assert (score["decided"]["rating"], score["decided"]["decided_by"]) == ("fair", str(COMMUNE))


async def test_facts_decide_and_a_choice_that_contradicts_them_is_refused(world: World) -> None:
    await world.held(speakers=2)
    await world.roll_call(AN, BINH, CHI, excused=False)
    await world.catch_up()
    choices = best_choices()
    status, problem, detail = await world.refused(
        "score", {"choices": [*choices, {"item": "2.1", "option": "from-75"}]}
    )
    assert (status, problem) == (422, "choice-contradicts-facts")
    assert "lowest" in detail
    await world.do("score", {"choices": choices})
    assert await points(world, "2.1") == 1
    assert await points(world, "4.5") == 5


async def test_what_is_not_recorded_has_to_be_chosen(world: World) -> None:
    await world.held()
    await world.roll_call(*MEMBERS, is_closed=False)
    await world.catch_up()
    status, problem, detail = await world.refused("score", {"choices": best_choices()})
    assert (status, problem) == (422, "choice-wrong")
    assert all(item in detail for item in ("1.1", "2.1", "2.2", "4.5"))


async def test_four_excused_absences_in_a_row_in_the_year_cost_their_point(world: World) -> None:
    for month in (1, 2, 3, 4):
        await world.held(month)
        await world.roll_call(AN, BINH, CHI, month=month)
    await world.catch_up()
    await world.do("score", {"choices": best_choices()})
    assert await points(world, "2.2") == 1

    april = meeting_id(4)
    await world.do("score", {"choices": best_choices()}, meeting=april)
    scored = (await world.score(april))["scored"]
    assert next(item["option"] for item in scored["items"] if item["item"] == "2.2") == "none"


async def test_corrections_of_meeting_and_roll_call_change_what_is_derived(world: World) -> None:
    await world.held()
    await world.roll_call(AN, BINH, CHI)
    short = meetings.HeldSitting.model_validate(
        {
            "sitting_id": str(uuid4()),
            "started_at": "2026-03-03T18:00:00+07:00",
            "ended_at": "2026-03-03T18:40:00+07:00",
        }
    )
    await world.about(
        world.meetings, meetings.MeetingCorrected(meeting_id=MARCH, reason="typing-error", sittings=(short,))
    )
    exempt = RosterRow(member_id=DUNG, expected=False, votes=False)
    await world.about(
        world.attendance,
        attendance.RosterAmended(meeting_id=MARCH, reason="exempt", membership_position=1, rows=(exempt,)),
    )
    await world.catch_up()
    await world.do("score", {"choices": best_choices()})
    assert await points(world, "1.1") == 1
    assert await points(world, "2.1") == 4


async def test_a_cell_with_only_a_secretary_has_no_committee_meeting_to_score(world: World) -> None:
    await world.held(unit=SECOND)
    await world.catch_up()
    answer = await world.do("score", {"choices": [*best_choices("3.3"), *EVERYTHING_CHOSEN]}, "second_secretary")
    assert answer["events"] == ["EvaluationScored"]
    scored = (await world.score())["scored"]
    assert next(item["option"] for item in scored["items"] if item["item"] == "3.3") is None
    assert await points(world, "3.3") == 2


@pytest.mark.parametrize("total", ["1.234", "1e-50"])
async def test_points_that_no_event_can_hold_are_refused(world: World, total: str) -> None:
    await world.held()
    await world.catch_up()
    assert (await world.refused("rating", {"rating": "poor", "total": total}, "appraiser"))[:2] == (
        422,
        "invalid-request",
    )


@pytest.mark.parametrize("who", ["sub_secretary", "board", "appraiser", "far_secretary"])
async def test_only_the_committee_that_decides_gives_the_official_rating(world: World, who: str) -> None:
    """Above the far cell stands a sub-committee, which decides nothing, and above it the block, which does."""
    published = await world.service.post(
        "/criteria-sets", criteria(unit=PROVINCE) | {"criteria_set": "province"}, Authorization=as_("board")
    )
    assert published.status_code == 200, published.text
    await world.held(unit=FAR)
    await world.catch_up()
    await world.do("score", {"choices": [*best_choices("3.3"), *EVERYTHING_CHOSEN]}, "far_secretary")

    status, _, _ = await world.refused("rating", {"rating": "good"}, who)
    assert status == 403
    await world.do("rating", {"rating": "good"}, "block_secretary")


async def test_the_nearest_committees_set_is_used_unless_another_is_named(world: World) -> None:
    frame = criteria("hd42-khung-7nhom", PROVINCE)
    published = await world.service.post("/criteria-sets", frame, Authorization=as_("board"))
    assert published.status_code == 200, published.text
    await world.held()
    await world.roll_call(*MEMBERS)
    await world.catch_up()
    listed = await world.service.get(f"/criteria-sets?unit={FIRST}&parts=regular", Authorization=as_("secretary"))
    assert [each["criteria_set"] for each in listed.json()] == ["hd42-anphu-2025", "hd42-khung-7nhom"]

    codes = [item["code"] for group in frame["groups"] for item in group["items"]]
    body = {"criteria_set": "hd42-khung-7nhom", "choices": [{"item": code, "points": 4.5} for code in codes]}
    await world.do("score", body)
    assert (await world.score())["scored"]["criteria_set"] == "hd42-khung-7nhom"
    over = {**body, "choices": [{"item": code, "points": 6} for code in codes]}
    assert (await world.refused("score", over))[:2] == (422, "points-over-maximum")


async def test_a_withdrawn_criteria_set_scores_nothing_more_and_what_it_scored_stands(world: World) -> None:
    async def withdraw(code: str, revision: int, who: str = "appraiser") -> Any:
        where = f"/criteria-sets/{code}/revisions/{revision}/withdrawal"
        return await world.service.post(where, {"reason": "wrong-date"}, Authorization=as_(who))

    await world.held()
    await world.held(4)
    await world.roll_call(*MEMBERS)
    await world.catch_up()
    await world.do("score", {"choices": best_choices()})
    assert (await withdraw("hd42-anphu-2025", 1, "board")).status_code == 403
    assert (await withdraw("hd42-anphu-2025", 2)).status_code == 404
    assert (await withdraw("unheard-of", 1)).status_code == 404
    assert (await withdraw("hd42-anphu-2025", 1)).json()["events"] == ["CriteriaSetWithdrawn"]
    assert (await withdraw("hd42-anphu-2025", 1)).json()["changed"] is False
    await world.catch_up()

    listed = await world.service.get(f"/criteria-sets?unit={FIRST}", Authorization=as_("secretary"))
    assert listed.json() == []
    refused = await world.refused("score", {"choices": best_choices()}, meeting=meeting_id(4))
    assert refused[:2] == (409, "criteria-not-yet-learned")
    await world.do("rating", {"rating": "good"}, "appraiser")
    assert (await world.score())["scored"]["criteria_set"] == "hd42-anphu-2025"


async def test_what_awaits_a_rating_is_listed_to_those_above(world: World) -> None:
    await world.held()
    await world.roll_call(*MEMBERS)
    await world.catch_up()
    await world.do("score", {"choices": best_choices()})
    await world.catch_up()

    async def awaiting(who: str, unit: UUID, period: str = "2026-03") -> Any:
        answer = await world.service.get(f"/scores/awaiting?unit={unit}&period={period}", Authorization=as_(who))
        assert answer.status_code == 200, answer.text
        return [each["meeting_id"] for each in answer.json()]

    assert await awaiting("appraiser", COMMUNE) == [str(MARCH)]
    assert await awaiting("board", PROVINCE) == [str(MARCH)]
    assert await awaiting("board", PROVINCE, "2026-04") == []
    await world.do("rating", {"rating": "good"}, "appraiser")
    await world.catch_up()
    assert await awaiting("board", PROVINCE) == []
    await world.do("rating-withdrawal", {"reason": "appeal"}, "appraiser")
    await world.catch_up()
    assert await awaiting("appraiser", COMMUNE) == [str(MARCH)]


async def test_bad_input_is_a_clear_error_and_writes_nothing(world: World) -> None:
    assert (await world.refused("vote", {"ayes": 1, "base": 1}))[:2] == (409, "meeting-not-yet-learned")
    await world.held()
    await world.roll_call(*MEMBERS)
    await world.catch_up()
    assert (await world.refused("vote", {"ayes": 1, "base": 1}))[:2] == (409, "not-scored")
    unknown = {"choices": [{"item": "9.9", "option": "full"}]}
    status, problem, detail = await world.refused("score", unknown)
    assert (status, problem) == (422, "choice-wrong")
    assert "choices[0].item" in detail
    over = {"choices": [*best_choices("3.2"), {"item": "3.2", "points": 3}]}
    assert (await world.refused("score", over))[:2] == (422, "points-over-maximum")
    await world.do("score", {"choices": best_choices()})
    assert (await world.refused("vote", {"ayes": 21, "base": 20}))[:2] == (422, "more-ayes-than-voters")
    assert (await world.score())["voted"] is None


async def test_an_inconsistent_criteria_set_is_refused_with_every_fault(world: World) -> None:
    wrong = criteria() | {"criteria_set": "wrong", "scale": 99}
    wrong["bands"][-1]["at_least"] = 1
    answer = await world.service.post("/criteria-sets", wrong, Authorization=as_("appraiser"))
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (422, "criteria-inconsistent")
    assert "scale" in answer.json()["detail"]
    assert "bands" in answer.json()["detail"]
    foreign = await world.service.post("/criteria-sets", criteria(unit=PROVINCE), Authorization=as_("appraiser"))
    assert foreign.status_code == 403


async def test_a_meeting_that_was_not_held_is_not_scored(world: World) -> None:
    await world.held()
    await world.about(world.meetings, meetings.OutcomeWithdrawn(meeting_id=MARCH, reason="wrong-day"))
    await world.catch_up()
    assert (await world.refused("score", {"choices": best_choices()}))[:2] == (409, "meeting-not-held")
