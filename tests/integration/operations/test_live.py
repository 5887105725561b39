"""The live view: what becomes known, once and in order, limited by unit, type and role; never a name."""

import asyncio
import json
from typing import Any

import pytest

from services.operations import live
from tests.integration import commune
from tests.integration.commune import COMMUNE, FAR, FIRST, SECOND
from tests.integration.operations.conftest import OPERATOR, Desk

MEMBER = "membership 25"  # behind the events of the tree
SECRETARY, BOARD = (f"office:{commune.OFFICES[name][0]}" for name in ("secretary", "board"))


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """One look, then the stream ends: a browser would ask again."""
    monkeypatch.setattr(live, "STREAM_SECONDS", 0.3)
    monkeypatch.setattr(live, "LOOK_EVERY_SECONDS", 0.05)


async def stream(desk: Desk, *, last: int | None = None, **query: Any) -> list[tuple[int, dict[str, Any]]]:
    """Ids and data of what the stream sends until it ends."""
    headers = OPERATOR | ({"Last-Event-ID": str(last)} if last is not None else {})
    answer = await desk.service.client.get("/live/events", params=query, headers=headers)
    assert (answer.status_code, answer.headers["Content-Type"].partition(";")[0]) == (200, "text/event-stream")
    blocks = [dict(line.split(": ", 1) for line in block.splitlines()) for block in answer.text.split("\n\n") if block]
    return [(int(block["id"]), json.loads(block["data"])) for block in blocks if "data" in block]


async def places(desk: Desk, **query: Any) -> list[str]:
    return [f"{data['log_id']} {data['position']}" for _, data in await stream(desk, after=0, **query)]


async def told(desk: Desk) -> None:
    await desk.catch_up()
    await desk.service.runtime.pool.execute("TRUNCATE trace_event")
    await desk.record("meetings", "meeting-1", key=FIRST, actor=SECRETARY)
    await desk.record("meetings", "meeting-2", key=FAR, actor=BOARD)
    [admitted] = await desk.record("membership", "member-1", key=commune.AN)
    assert f"membership {admitted.position}" == MEMBER
    await desk.record("attendance", "roll-call-1", key=SECOND, actor="service:attendance.redrawing")
    await desk.catch_up()


async def test_a_stream_ends_when_its_process_stops(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "STREAM_SECONDS", 300)
    watching = asyncio.create_task(stream(desk))
    await asyncio.wait([watching], timeout=0.3)
    assert not watching.done()
    desk.service.app.state.stopping = True
    async with asyncio.timeout(30):
        assert await watching == []


async def test_each_filter_limits_what_is_seen(desk: Desk) -> None:
    await told(desk)
    everything = {"meetings 1", "meetings 2", MEMBER, "attendance 1"}
    assert set(await places(desk)) == set(await places(desk, unit="", type="", role="")) == everything
    assert set(await places(desk, unit=COMMUNE)) == everything - {"meetings 2"}
    assert set(await places(desk, unit=FIRST)) == {"meetings 1", MEMBER}
    assert await places(desk, role="secretary") == ["meetings 1"]
    assert await places(desk, role="province_board") == ["meetings 2"]
    assert await places(desk, role="integrator", unit=FIRST) == [MEMBER]
    assert await places(desk, role="service") == ["attendance 1"]
    assert set(await places(desk, type="ItHappened")) == everything
    assert await places(desk, type="Other") == []


async def test_a_broken_connection_goes_on_where_it_was(desk: Desk) -> None:
    await told(desk)
    seen = await stream(desk, after=0)
    assert [seq for seq, _ in seen] == sorted(seq for seq, _ in seen)
    assert await stream(desk, after=0, last=seen[1][0]) == seen[2:]
    assert await stream(desk, last=seen[-1][0]) == []
    assert await stream(desk) == []


async def test_what_is_filtered_out_is_passed_and_not_looked_at_for_ever(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await told(desk)
    monkeypatch.setattr(live, "AT_ONCE", 1)
    assert await places(desk, role="service") == ["attendance 1"]


async def test_ids_and_roles_are_seen_and_nothing_of_a_body(desk: Desk) -> None:
    await told(desk)
    [(_, data)] = [one for one in await stream(desk, after=0) if one[1]["role"] == "secretary"]
    assert data.keys() == {
        "log_id", "position", "type", "key", "subject", "correlation_id", "recorded_at", "role",
    }  # fmt: skip


async def test_the_page_shows_what_is_known_and_runs_its_own_script_alone(desk: Desk) -> None:
    await told(desk)
    page = await desk.get("/live", unit=FIRST, role="secretary")
    assert page.text.count("<tr><th") == 2
    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'sha256-" in policy
    assert "default-src 'none'" in policy
    assert "connect-src 'self'" in policy
    assert "script-src" not in (await desk.get("/trace")).headers["Content-Security-Policy"]


async def test_a_unit_that_is_no_id_is_said_and_not_taken_for_all(desk: Desk) -> None:
    for path in ("/live", "/live/events"):
        answer = await desk.get(path, unit="chi bộ 1")
        assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (422, "unit-malformed")


async def test_nobody_else_looks(desk: Desk) -> None:
    for path in ("/live", "/live/events", "/trace"):
        assert (await desk.service.client.get(path)).status_code == 401
        other = await desk.service.client.get(path, headers={"Authorization": commune.as_("board")})
        assert other.status_code == 403
