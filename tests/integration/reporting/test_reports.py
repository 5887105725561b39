"""Figures over the tree: sums, the three answers, knowledge and trees of other days, drill-down, reach."""

import base64
import json
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from services.reporting.projections import FactsProjection
from shared.contracts import attendance, meetings, membership
from shared.contracts.meetings import Part
from shared.messaging.handler import Received, Rehearsable
from tests.integration.commune import BLOCK, COMMUNE, FAR, FIRST, PROVINCE, SECOND, SUB
from tests.integration.inprocess import record
from tests.integration.reporting.conftest import World


async def told(world: World) -> UUID:
    """The first cell met, the second did not, the far one is silent; the meeting of the first."""
    meeting = await world.story.hold(FIRST, superior=True)
    await world.story.publish_document(meeting, FIRST)
    await world.story.call_roll(meeting, FIRST, whole=9, part=2, excused=1, unexcused=1, unknown=1, exempt=2, guests=3)
    await world.story.score(meeting, FIRST, "91.50", "tot")
    await world.story.not_held(SECOND)
    await world.catch_up()
    return meeting


async def test_held_not_held_and_not_reported_are_three_answers(world: World) -> None:
    await told(world)
    figures = await world.figures(PROVINCE)
    assert (figures["cells"], figures["met"], figures["not_held"], figures["not_reported"]) == (3, 1, 1, 1)


async def test_expected_is_the_sum_of_what_became_of_everybody(world: World) -> None:
    await told(world)
    figures = await world.figures(COMMUNE)
    parts = [figures[name] for name in ("attended", "partly", "excused", "unexcused", "unknown")]
    assert (figures["expected"], parts) == (14, [11, 0, 1, 1, 1])
    assert (figures["guests"], figures["superior_attended"], figures["with_documents"]) == (3, 1, 1)


async def test_exempt_members_who_come_are_counted_apart_and_never_in_the_ratio(world: World) -> None:
    meeting = await world.story.hold(FIRST)
    await world.story.call_roll(meeting, FIRST, whole=3, unknown=1, exempt=2, exempt_present=1)
    await world.catch_up()
    figures = await world.figures(COMMUNE)
    assert (figures["expected"], figures["attended"], figures["exempt_present"]) == (4, 3, 1)
    assert figures["attendance_percent"] == 75.0


async def test_where_both_calls_are_needed_missing_one_is_partly(world: World) -> None:
    await told(world)
    rule = attendance.PresenceRuleDecided(
        unit_id=COMMUNE, both_calls_needed=True, valid_from=date(2026, 3, 1), source="05-DA/TU"
    )
    await record(world.story.attendance, rule, stream=f"presence-rule-{COMMUNE}", key=str(COMMUNE))
    await world.catch_up()
    figures = await world.figures(PROVINCE)
    assert (figures["attended"], figures["partly"]) == (9, 2)
    assert (await world.figures(PROVINCE, "2026-02"))["partly"] == 0


async def test_a_withdrawn_presence_rule_leaves_figures_as_if_it_had_never_been(world: World) -> None:
    await told(world)
    log, day = world.story.attendance, date(2026, 3, 1)

    async def decide(unit: UUID, *, both: bool, since: date = day) -> int:
        rule = attendance.PresenceRuleDecided(unit_id=unit, both_calls_needed=both, valid_from=since, source="05-DA/TU")
        await record(log, rule, stream=f"presence-rule-{unit}", key=str(unit))
        await world.catch_up()
        return await log.head()

    async def withdraw(unit: UUID) -> None:
        event = attendance.PresenceRuleWithdrawn(unit_id=unit, valid_from=day, reason="wrong-unit")
        await record(log, event, stream=f"presence-rule-{unit}", key=str(unit))
        await world.catch_up()

    async def partly(**asked: str) -> int:
        return int((await world.figures(PROVINCE, **asked))["partly"])

    await decide(COMMUNE, both=True)
    await withdraw(COMMUNE)
    assert await partly() == 0
    before = await decide(PROVINCE, both=True, since=date(2026, 1, 1))
    wrong = await decide(COMMUNE, both=False)
    assert await partly() == 0
    await withdraw(COMMUNE)
    assert await partly() == 2
    assert [await partly(known_as_of=f"attendance:{position}") for position in (before, wrong)] == [2, 0]
    await decide(COMMUNE, both=False)
    assert await partly() == 0


async def test_the_nearest_rule_that_holds_at_a_months_end_counts_from_wherever_it_is_asked(world: World) -> None:
    for period, day in (("2026-02", date(2026, 2, 3)), ("2026-03", date(2026, 3, 3))):
        meeting = await world.story.hold(FIRST, period=period, held_on=day)
        await world.story.call_roll(meeting, FIRST, whole=1, part=2)
    for unit, both, since in (
        (PROVINCE, True, date(2026, 1, 1)),
        (COMMUNE, False, date(2026, 3, 15)),
        (PROVINCE, True, date(2026, 3, 20)),
    ):
        rule = attendance.PresenceRuleDecided(unit_id=unit, both_calls_needed=both, valid_from=since, source="05-DA/TU")
        await record(world.story.attendance, rule, stream=f"presence-rule-{unit}", key=str(unit))
    await world.catch_up()
    for unit in (PROVINCE, COMMUNE, FIRST):
        series = await world.get(f"/reports/{unit}/2026-03/series", months=2)
        assert [item["figures"]["partly"] for item in series["items"]] == [2, 0], unit


async def test_a_rule_that_came_last_is_known_now_whatever_else_is_asked_as_known_then(world: World) -> None:
    await told(world)
    rule = attendance.PresenceRuleDecided(
        unit_id=COMMUNE, both_calls_needed=True, valid_from=date(2026, 3, 1), source="05-DA/TU"
    )
    await record(world.story.attendance, rule, stream=f"presence-rule-{COMMUNE}", key=str(COMMUNE))
    await world.catch_up()
    everything = f"meetings:{await world.story.meetings.head()}"
    assert (await world.figures(PROVINCE, known_as_of=everything))["partly"] == 2


async def test_a_parent_is_the_sum_of_its_children_digests_included(world: World) -> None:
    await told(world)
    parent = await world.figures(PROVINCE)
    children = (await world.get(f"/reports/{PROVINCE}/2026-03/children"))["items"]
    assert [child["unit_id"] for child in children] == [str(COMMUNE), str(BLOCK)]
    for name in ("cells", "met", "not_reported", "expected", "attended", "self_points"):
        assert parent[name] == sum(child["figures"][name] for child in children)
    for name in ("input", "facts"):
        digests = [int(child["figures"]["digests"][name], 16) for child in children]
        assert int(parent["digests"][name], 16) == sum(digests) > 0


async def test_self_and_official_ratings_are_apart_and_what_awaits_shows(world: World) -> None:
    meeting = await told(world)
    figures = await world.figures(COMMUNE)
    assert (figures["self_ratings"], figures["official_ratings"], figures["awaiting_rating"]) == ({"tot": 1}, {}, 1)
    assert figures["average_self_score"] == 91.5

    await world.story.rate(meeting, FIRST, "kha")
    await world.catch_up()
    figures = await world.figures(COMMUNE)
    assert (figures["official_ratings"], figures["awaiting_rating"]) == ({"kha": 1}, 0)


async def test_of_two_regular_meetings_one_counts_and_the_conflict_shows(world: World) -> None:
    await told(world)
    second = await world.story.hold(FIRST, name="entered offline")
    await world.story.call_roll(second, FIRST, whole=5)
    await world.catch_up()
    figures = await world.figures(FIRST)
    assert (figures["met"], figures["conflicts"], figures["expected"]) == (1, 1, 14)


async def test_a_thematic_meeting_of_its_own_counts_beside_the_regular_one(world: World) -> None:
    await told(world)
    await world.story.hold(FIRST, name="theme", parts=(Part.THEMATIC,))
    await world.catch_up()
    figures = await world.figures(PROVINCE)
    assert (figures["met"], figures["meetings"], figures["thematic_meetings"], figures["conflicts"]) == (1, 2, 1, 0)


async def test_a_meeting_that_moves_takes_its_figures_and_digest_along(world: World) -> None:
    meeting = await told(world)
    before = await world.figures(FIRST)
    moved = meetings.MeetingCorrected(
        meeting_id=meeting,
        reason="wrong-cell",
        unit_id=FAR,
        body=meetings.Body.CELL,
        period="2026-02",
        parts=(Part.REGULAR,),
    )
    await world.story.tell(moved, FIRST)
    await world.catch_up()
    assert (await world.figures(FIRST))["digests"] == {"events": 0, "input": "0", "facts": "0"}
    after = await world.figures(SUB, "2026-02")
    assert (after["met"], after["expected"]) == (1, before["expected"])
    assert after["digests"]["events"] == before["digests"]["events"] + 1


async def test_an_outcome_that_was_withdrawn_contributes_nothing(world: World) -> None:
    meeting = await told(world)
    before = await world.figures(FIRST)
    await world.story.tell(meetings.OutcomeWithdrawn(meeting_id=meeting, reason="typing-error"), FIRST)
    await world.catch_up()
    after = await world.figures(FIRST)
    assert (before["met"], before["expected"]) == (1, 14)
    assert (after["met"], after["expected"], after["not_reported"], after["digests"]["facts"]) == (0, 0, 1, "0")


async def test_a_meeting_counts_for_the_period_that_it_serves_whenever_it_was_held(world: World) -> None:
    await world.story.hold(FIRST, period="2025-10", held_on=date(2025, 11, 2))
    await world.catch_up()
    assert (await world.figures(FIRST, "2025-10"))["met"] == 1
    assert (await world.figures(FIRST, "2025-11"))["met"] == 0


async def test_what_a_report_was_known_by_leaves_out_no_log_that_was_empty_then(world: World) -> None:
    meeting = await world.story.hold(FIRST)
    await world.catch_up()
    then = (await world.report(PROVINCE))["known_as_of"]
    await world.story.score(meeting, FIRST, "88", "kha")
    await world.catch_up()
    assert (await world.figures(PROVINCE))["self_scored"] == 1
    vector = ",".join(f"{log_id}:{position}" for log_id, position in then.items())
    assert (await world.figures(PROVINCE, known_as_of=vector))["self_scored"] == 0


async def test_what_was_known_then_can_be_asked_for_by_position_and_by_time(world: World) -> None:
    meeting = await told(world)
    then = (await world.report(PROVINCE))["known_as_of"]
    moment = datetime.now(UTC)
    await world.story.rate(meeting, FIRST, "kha")
    await world.story.hold(FAR)
    await world.catch_up()

    assert (await world.figures(PROVINCE))["met"] == 2
    vector = ",".join(f"{log_id}:{position}" for log_id, position in then.items())
    for known_as_of in (vector, moment.isoformat()):
        figures = await world.figures(PROVINCE, known_as_of=known_as_of)
        assert (figures["met"], figures["not_reported"], figures["awaiting_rating"]) == (1, 1, 1)
    future = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    report = await world.report(PROVINCE, known_as_of=future)
    assert report["provisional"]


async def test_the_tree_of_another_day_sums_other_cells(world: World) -> None:
    await told(world)
    moved = membership.UnitMoved(unit_id=FIRST, parent_id=SUB, effective_on=date(2026, 5, 1))
    await record(world.membership, moved, stream="tree", key=membership.TREE_KEY)
    await world.catch_up()
    assert (await world.figures(COMMUNE))["met"] == 1
    assert (await world.figures(COMMUNE, hierarchy_as_of="2026-05-02"))["met"] == 0
    assert (await world.figures(SUB, hierarchy_as_of="2026-05-02"))["met"] == 1


async def test_a_series_has_each_month_by_its_own_tree_and_by_the_same_knowledge(world: World) -> None:
    await told(world)
    moved = membership.UnitMoved(unit_id=FIRST, parent_id=SUB, effective_on=date(2026, 4, 10))
    await record(world.membership, moved, stream="tree", key=membership.TREE_KEY)
    await world.catch_up()
    series = await world.get(f"/reports/{COMMUNE}/2026-04/series", months=3)
    assert [item["period"] for item in series["items"]] == ["2026-02", "2026-03", "2026-04"]
    for item in series["items"]:
        alone = await world.report(COMMUNE, item["period"])
        assert item["figures"] == alone["unit"]["figures"]
        assert (item["hierarchy_as_of"], series["known_as_of"]) == (alone["hierarchy_as_of"], alone["known_as_of"])
    assert [item["figures"]["cells"] for item in series["items"]] == [2, 2, 1]
    today = await world.get(f"/reports/{COMMUNE}/2026-04/series", months=3, hierarchy_as_of="2026-04-30")
    assert [item["figures"]["cells"] for item in today["items"]] == [1, 1, 1]


async def test_a_series_has_no_figures_where_the_unit_did_not_exist(world: World) -> None:
    await told(world)
    series = await world.get(f"/reports/{COMMUNE}/2025-07/series", months=2)
    assert [item["figures"] and item["figures"]["cells"] for item in series["items"]] == [None, 2]


async def test_a_series_over_months_of_cells_that_are_now_elsewhere_is_refused(world: World) -> None:
    """As the report of such a month alone."""
    await told(world)
    moved = membership.UnitMoved(unit_id=FIRST, parent_id=SUB, effective_on=date(2026, 4, 1))
    await record(world.membership, moved, stream="tree", key=membership.TREE_KEY)
    await world.catch_up()
    whole, late = f"/reports/{COMMUNE}/2026-04/series", {"months": 1}
    assert await world.refused(whole, who="office", months=2) == (403, "out-of-reach")
    assert [item["figures"]["cells"] for item in (await world.get(whole, who="office", **late))["items"]] == [1]


async def test_a_series_of_a_unit_that_is_gone_needs_a_cell_in_reach_in_each_of_its_months(world: World) -> None:
    """As the report of each month alone: what nobody has any more does not come along with what somebody has."""
    await told(world)
    moves = [
        membership.UnitMoved(unit_id=FIRST, parent_id=SUB, effective_on=date(2026, 3, 10)),
        membership.UnitDissolved(unit_id=FAR, effective_on=date(2026, 3, 15)),
        membership.UnitMoved(unit_id=FIRST, parent_id=COMMUNE, effective_on=date(2026, 4, 1)),
        membership.UnitDissolved(unit_id=SUB, effective_on=date(2026, 4, 1)),
    ]
    await record(world.membership, *moves, stream="tree", key=membership.TREE_KEY)
    await world.catch_up()
    series = f"/reports/{SUB}/2026-03/series"
    alone = await world.get(series, who="office", months=1)
    assert [item["figures"]["met"] for item in alone["items"]] == [1]
    assert await world.refused(f"/reports/{SUB}/2026-02", who="office") == (403, "out-of-reach")
    assert await world.refused(series, who="office", months=2) == (403, "out-of-reach")


async def test_the_tree_may_arrive_after_the_facts(world: World) -> None:
    meeting = await world.story.hold(FIRST)
    await world.story.call_roll(meeting, FIRST, whole=3)
    await world.service.deliver(*world.story.logs)
    await world.service.deliver(world.membership)
    assert (await world.figures(PROVINCE))["attended"] == 3


async def test_a_meeting_drills_down_to_its_events_page_by_page(world: World) -> None:
    meeting = await told(world)
    listed = await world.get(f"/reports/{PROVINCE}/2026-03/meetings", size=1)
    rest = await world.get(f"/reports/{PROVINCE}/2026-03/meetings", size=5, after=listed["next"])
    assert {item["unit_id"] for item in (*listed["items"], *rest["items"])} == {str(FIRST), str(SECOND)}
    assert rest["next"] is None

    seen, after = [], ""
    while True:
        page = await world.get(f"/meetings/{meeting}/events", size=7, after=after)
        seen += [(item["log_id"], item["position"]) for item in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert len(seen) == len(set(seen)) == page["meeting"]["events"]


async def test_only_units_in_reach_are_shown(world: World) -> None:
    meeting = await told(world)
    assert await world.refused(f"/reports/{PROVINCE}/2026-03", who="office") == (403, "out-of-reach")
    assert await world.refused(f"/meetings/{meeting}/events", who="second_secretary") == (403, "out-of-reach")
    assert (await world.figures(COMMUNE, who="office"))["met"] == 1


async def test_a_report_of_another_day_needs_todays_reach_over_all_of_its_leaves(world: World) -> None:
    """docs/adr/0031: who no longer answers for a cell does not read it by asking for the tree of an older day."""
    await told(world)
    moves = [
        membership.UnitMoved(unit_id=FIRST, parent_id=BLOCK, effective_on=date(2026, 4, 1)),
        membership.UnitMoved(unit_id=FAR, parent_id=COMMUNE, effective_on=date(2026, 4, 1)),
        membership.UnitDissolved(unit_id=SUB, effective_on=date(2026, 4, 1)),
    ]
    await record(world.membership, *moves, stream="tree", key=membership.TREE_KEY)
    await world.catch_up()
    for path in ("", "/children", "/meetings"):
        asked = f"/reports/{COMMUNE}/2026-03{path}"
        assert await world.refused(asked, who="office") == (403, "out-of-reach"), path
    assert await world.refused(f"/reports/{SUB}/2026-03", who="block_secretary") == (403, "out-of-reach")
    figures = await world.figures(COMMUNE, who="office", hierarchy_as_of="2026-04-02")
    assert (figures["cells"], figures["met"]) == (2, 0)
    assert (await world.figures(COMMUNE))["met"] == 1
    # The unit is gone, all that stood below it is here.
    assert (await world.figures(SUB, who="office"))["cells"] == 1


async def test_a_question_that_makes_no_sense_says_which_part(world: World) -> None:
    meeting = await told(world)
    assert await world.refused(f"/reports/{PROVINCE}/2026-13") == (422, "invalid-request")
    asked = f"/reports/{PROVINCE}/2026-03"
    assert await world.refused(asked, known_as_of="yesterday") == (422, "known-as-of-malformed")
    assert await world.refused(asked, known_as_of="2026-03-01T00:00:00") == (422, "known-as-of-malformed")
    assert await world.refused(asked, hierarchy_as_of="2020-01-01") == (404, "unit-unknown")
    for day in ("9999-12-31", "0001-01-01"):  # the first is PostgreSQL's infinity, on which no unit stands
        assert await world.refused(asked, hierarchy_as_of=day) == (422, "invalid-request")
    assert await world.refused(f"{asked}/meetings", after="x") == (422, "cursor-malformed")
    moment = "2026-03-01T00:00:00+00:00"
    for place in (
        ("0001-01-01T00:00:00+14:00", "m", "1"),
        (moment, "m", str(10**20)),
        (moment, "\0", "1"),
        (moment, "m", "-1"),
    ):
        after = base64.urlsafe_b64encode(json.dumps(place).encode()).decode()
        assert await world.refused(f"/meetings/{meeting}/events", after=after) == (422, "cursor-malformed"), place


@pytest.mark.parametrize("path", [f"/reports/{PROVINCE}/2026-03", f"/reports/{PROVINCE}/2026-03/series"])
async def test_a_stranger_is_not_told_what_is_wrong_with_the_question(world: World, path: str) -> None:
    await told(world)
    assert await world.refused(path, known_as_of="yesterday") == (422, "known-as-of-malformed")
    answer = await world.service.client.get(path, params={"known_as_of": "yesterday"})
    assert answer.status_code == 401


async def test_a_dry_run_sees_the_figures_of_the_months_that_a_batch_is_about(world: World) -> None:
    meeting = await told(world)
    handler = FactsProjection()
    row = (await world.story.meetings.read_stream(f"meeting-{meeting}"))[0]
    batch = [Received(row, handler.types.decode(row.type, row.schema_version, row.data), 0, 0)]
    async with world.service.runtime.pool.acquire() as tx:
        figures = await handler.figures(tx, batch)
    assert isinstance(handler, Rehearsable)
    assert (figures[f"{FIRST} 2026-03 met"], figures[f"{FIRST} 2026-03 expected"]) == (1, 14)
