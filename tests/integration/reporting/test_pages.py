"""Pages: Vietnamese first, nothing from another host, every figure leads down to its events."""

import re
from uuid import UUID

import httpx

from tests.integration import commune
from tests.integration.commune import COMMUNE, FIRST, PROVINCE, SECOND
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
    for path in ("/", f"/pages/{PROVINCE}/2026-03", f"/pages/{FIRST}/2026-03", f"/pages/meetings/{meeting}"):
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
