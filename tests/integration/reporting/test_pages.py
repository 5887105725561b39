"""Pages: Vietnamese first, nothing from another host, every figure leads down to its events."""

import re
from decimal import Decimal
from uuid import UUID, uuid4

import httpx

from shared.contracts.evaluation import CATALOGUE_KEY, Band, CriteriaSetPublished, CriteriaSetWithdrawn, Group, Item
from shared.contracts.fields import Citation
from shared.contracts.membership import TREE_KEY, AssignmentGiven, AssignmentKind
from tests.integration import commune
from tests.integration.commune import AN, COMMUNE, FAR, FIRST, PROVINCE, SECOND
from tests.integration.inprocess import bearer, record
from tests.integration.reporting.conftest import World


async def page(world: World, path: str, *, who: str = "board", **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = await world.service.client.get(path, headers={"Authorization": commune.as_(who), **named})
    assert answer.status_code == 200, answer.text
    return answer


async def told(world: World) -> UUID:
    meeting = await world.story.hold(FIRST)
    await world.story.call_roll(meeting, FIRST, whole=9, unexcused=1)
    await world.story.not_held(SECOND)
    await world.catch_up()
    return meeting


async def test_a_page_is_vietnamese_unless_english_is_asked_for(world: World) -> None:
    await told(world)
    path = f"/pages/{COMMUNE}/2026-03"
    assert '<html lang="vi">' in (await page(world, path)).text
    assert "Chưa báo cáo" in (await page(world, path)).text
    assert "Not reported" in (await page(world, f"{path}?lang=en")).text
    assert "Not reported" in (await page(world, path, Accept_Language="en-GB")).text


async def test_nothing_is_loaded_from_another_place_and_no_script_runs(world: World) -> None:
    meeting = await told(world)
    unit = f"/pages/{FIRST}/2026-03"
    for path in ("/", f"/pages/{PROVINCE}/2026-03", unit, f"{unit}/series", f"/pages/meetings/{meeting}"):
        answer = await page(world, path)
        assert not re.search(r"<script|<link|<img|@import|url\(|\son\w+=", answer.text)
        hosts = set(re.findall(r"https?://[^\"'\s<]+", answer.text))
        assert hosts <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


async def test_figures_lead_down_from_the_province_to_the_events(world: World) -> None:
    meeting = await told(world)
    seen = (await page(world, "/")).text
    for step in (f"/pages/{PROVINCE}/2026-03", f"/pages/{COMMUNE}/2026-03", f"/pages/{FIRST}/2026-03"):
        assert f'href="{step}?lang=vi"' in seen
        seen = (await page(world, step)).text
        assert "<svg" in seen
    assert f'href="/pages/meetings/{meeting}?lang=vi"' in seen
    seen = (await page(world, f"/pages/meetings/{meeting}")).text
    assert seen.count("MemberCheckedIn") == 18
    assert seen.count("Điểm danh có mặt") == 18
    # The owner shows the whole event, with its actor, to who may read it.
    assert 'href="/attendance/ops/events/1"' in seen
    for unit in (PROVINCE, COMMUNE, FIRST):
        assert f'href="/pages/{unit}/2026-03?lang=vi"' in seen


async def test_a_unit_leads_to_its_months_and_these_back_to_each(world: World) -> None:
    await told(world)
    path = f"/pages/{COMMUNE}/2026-03"
    assert f'href="{path}/series?lang=vi"' in (await page(world, path)).text
    seen = (await page(world, f"{path}/series?months=3")).text
    assert "Diễn biến các tháng" in seen
    assert "<svg" in seen
    for period in ("2026-01", "2026-02", "2026-03"):
        assert f'href="/pages/{COMMUNE}/{period}?months=3&amp;lang=vi"' in seen
    assert f'href="/pages/{COMMUNE}/2025-12/series?months=3&amp;lang=vi"' in seen
    before_it_was_founded = (await page(world, f"/pages/{COMMUNE}/2025-06/series?months=1")).text
    assert "Chưa thành lập hoặc đã giải thể" in before_it_was_founded


async def test_who_follows_a_cell_finds_it_beside_the_own_one(world: World) -> None:
    given = AssignmentGiven(
        assignment_id=uuid4(), kind=AssignmentKind.FOLLOWER, member_id=AN, unit_id=FAR, valid_from=commune.SINCE
    )
    await record(world.membership, given, stream="assignment", key=TREE_KEY)
    await told(world)
    seen = await world.service.get("/", Authorization=bearer(member_id=AN), Accept="text/html")
    for unit in (FIRST, FAR):
        assert f'href="/pages/{unit}/2026-03?lang=vi"' in seen.text


async def test_an_operator_who_signs_in_finds_the_way_on(world: World) -> None:
    await told(world)
    seen = await world.service.get("/", Authorization=bearer(client_id="watch"), Accept="text/html")
    assert seen.status_code == 200
    assert 'href="/operations/?lang=vi"' in seen.text
    assert "/pages/" not in seen.text


async def test_a_reason_is_said_in_words_where_there_are_some(world: World) -> None:
    await world.story.not_held(FIRST, reason="natural_disaster")
    await world.story.not_held(SECOND, reason="flood")
    await world.catch_up()
    assert "thiên tai" in (await page(world, f"/pages/{FIRST}/2026-03")).text
    assert ": flood" in (await page(world, f"/pages/{SECOND}/2026-03")).text


async def test_links_go_through_the_front_door(world: World) -> None:
    await told(world)
    seen = (await page(world, f"/pages/{COMMUNE}/2026-03", X_Forwarded_Prefix="/reporting")).text
    assert f'href="/reporting/pages/{FIRST}/2026-03?lang=vi"' in seen
    assert 'href="/pages' not in seen


async def test_an_older_tree_is_kept_from_page_to_page(world: World) -> None:
    await told(world)
    seen = (await page(world, f"/pages/{COMMUNE}/2026-03?hierarchy_as_of=2026-03-15")).text
    assert "15/03/2026" in seen
    assert f"/pages/{FIRST}/2026-03?hierarchy_as_of=2026-03-15&amp;lang=vi" in seen


async def test_names_are_shown_as_text(world: World) -> None:
    """A unit's official name is data from outside."""
    await world.catch_up()
    await world.service.runtime.pool.execute("UPDATE unit_version SET name = '<b>&\"' WHERE unit_id = $1", FIRST)
    seen = (await page(world, f"/pages/{COMMUNE}/2026-03")).text
    assert "<b>&" not in seen
    assert "&lt;b&gt;&amp;&#34;" in seen


async def test_a_withdrawn_criteria_set_names_only_ratings_that_stand_and_have_no_other_name(world: World) -> None:
    meeting = await told(world)
    right, wrong = criteria("right", kha="Khá"), criteria("wrong", kha="Khá (nhầm)", la="Mức lạ")
    withdrawn = CriteriaSetWithdrawn(criteria_set="wrong", revision=1, reason="wrong-items")
    for event in (right, wrong):
        await record(world.story.evaluation, event, stream=f"criteria-{event.criteria_set}", key=CATALOGUE_KEY)
    await world.story.score(meeting, FIRST, "80", "la")
    await world.story.rate(meeting, FIRST, "kha")
    await world.catch_up()
    assert "Khá (nhầm)" in (await page(world, f"/pages/{FIRST}/2026-03")).text

    await record(world.story.evaluation, withdrawn, stream="criteria-wrong", key=CATALOGUE_KEY)
    await world.catch_up()
    seen = (await page(world, f"/pages/{FIRST}/2026-03")).text
    assert "Khá (nhầm)" not in seen
    assert "Khá" in seen
    assert "Mức lạ" in seen


def criteria(code: str, **names: str) -> CriteriaSetPublished:
    item = Item(code="1", name="Mục", points=Decimal(100), options=())
    return CriteriaSetPublished(
        criteria_set=code,
        revision=1,
        name="Bộ tiêu chí",
        unit_id=COMMUNE,
        valid_from=commune.SINCE,
        scale=Decimal(100),
        source=Citation(number="1-QD/TU", issued_on=commune.SINCE),
        groups=(Group(code="1", name="Nhóm", points=Decimal(100), items=(item,)),),
        bands=tuple(
            Band(rating=rating, name=name, at_least=Decimal(n)) for n, (rating, name) in enumerate(names.items())
        ),
    )


async def test_an_operator_sees_where_a_meeting_counts_and_by_which_events_but_no_count(world: World) -> None:
    meeting = await told(world)
    operator = {"Authorization": bearer(client_id="watch")}
    answer = await world.service.client.get(f"/ops/meetings/{meeting}", headers=operator)
    assert answer.status_code == 200, answer.text
    seen = answer.json()
    assert (seen["unit_id"], seen["period"], seen["outcome"]) == (str(FIRST), "2026-03", "held")
    assert len(seen["facts"]) == seen["events"] > 5
    shown = await world.get(f"/meetings/{meeting}/events")
    assert seen["facts"] == [{"log_id": fact["log_id"], "position": fact["position"]} for fact in shown["items"]]
    assert seen["input_digest"] == shown["meeting"]["input_digest"]
    assert "expected" not in answer.text
    assert (await world.service.client.get(f"/ops/meetings/{uuid4()}", headers=operator)).status_code == 404
    assert (await world.refused(f"/ops/meetings/{meeting}"))[0] == 403
