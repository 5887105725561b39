"""From any one id the timeline of a meeting across services: what is known with its time, what is not is said."""

from typing import Any
from uuid import UUID, uuid4

from services.operations.projections import TraceIndex
from tests.integration import commune
from tests.integration.operations.conftest import Desk

MEETING = UUID(int=0x777)
SECRETARY = f"office:{commune.OFFICES['secretary'][0]}"


def consumer(position: int, **changes: Any) -> dict[str, Any]:
    """A consumer that has read the one partition of meetings and attendance up to `position`."""
    sources = [
        {"log_id": log_id, "watermark": 0, "partitions": [{"partition": 0, "position": position}]}
        for log_id in ("meetings", "attendance")
    ]
    return {"name": "facts", "types": ["ItHappened"], "sources": sources} | changes


def status(*consumers: dict[str, Any]) -> dict[str, Any]:
    return {"consumers": list(consumers), "degraded": []}


async def told(desk: Desk) -> dict[str, str]:
    """A meeting in three logs and something else; ids by what they are."""
    [held] = await desk.record("meetings", f"meeting-{MEETING}", key=commune.FIRST, actor=SECRETARY)
    [drawn] = await desk.record(
        "attendance", f"roll-call-{MEETING}", key=commune.FIRST, actor="service:attendance.redrawing", cause=held
    )
    await desk.record("evaluation", f"score-{MEETING}", key=commune.FIRST, actor=SECRETARY, events=2)
    await desk.record("meetings", f"meeting-{uuid4()}", key=commune.SECOND, actor="client:import")
    await desk.catch_up()
    return {
        "meeting": str(MEETING),
        "event": str(drawn.event_id),
        "command": str(held.command_id),
        "correlation": str(held.metadata.correlation_id),
    }


async def test_every_id_of_a_meeting_leads_to_the_whole_of_it(desk: Desk) -> None:
    for kind, named in (await told(desk)).items():
        page = (await desk.get("/trace", id=f" {named.upper()} ")).text
        for place in ("meetings/ops/events/1", "attendance/ops/events/1", "evaluation/ops/events/2"):
            assert place in page, (kind, place)
        assert "meetings/ops/events/2" not in page, kind


async def test_requests_reactions_and_roles_are_told_apart(desk: Desk) -> None:
    await told(desk)
    page = (await desk.get("/trace", id=MEETING)).text
    assert page.count("Yêu cầu HTTP") == 2
    assert page.count("Phản ứng của") == 1
    assert page.count("Bí thư, phó bí thư chi bộ") == 2
    assert "Dịch vụ (phản ứng)" in page


async def test_what_each_consumer_made_of_an_event_is_told_without_a_time(desk: Desk) -> None:
    ids = await told(desk)
    held = {"consumer": "parks", "log_id": "meetings", "key": str(commune.FIRST), "state": "parked", "events": 1}
    desk.answers["meetings/ops/status"] = status(
        consumer(1, name="applies"),
        consumer(0, name="is.behind"),
        consumer(1, name="parks"),
        consumer(1, name="parked.later"),
        consumer(1, name="ignores", types=[]),
    )
    why = {"since": "2026-03-03T11:00:00+00:00", "reason": "ValueError: broken"}
    later = held | why | {"consumer": "parked.later", "first_position": 2}
    desk.answers["meetings/ops/parked"] = {"keys": [held | why | {"first_position": 1}, later]}
    page = (await desk.get("/trace", id=ids["meeting"], lang="en")).text
    first = page.split("ItHappened")[1]
    assert "applied (time not kept): applies, parked.later" in first
    assert '<span class="bad">not yet read</span>: is.behind' in first
    assert '<span class="bad">parked</span>: parks, since' in first
    assert "ValueError: broken" in first
    assert "ignores" not in page
    assert "Gave no answer, so nothing is said of: reporting" in page
    assert "time not kept" in first


async def test_the_figure_says_where_the_meeting_counts_and_which_events_are_in_it(desk: Desk) -> None:
    ids = await told(desk)
    assert "Không rõ số liệu: reporting does not answer" in (await desk.get("/trace", id=MEETING)).text
    facts = [{"log_id": "meetings", "position": 1}]
    desk.answers[f"reporting/ops/meetings/{MEETING}"] = {
        "meeting_id": ids["meeting"],
        "unit_id": str(commune.FIRST),
        "period": "2026-03",
        "outcome": "held",
        "events": 1,
        "input_digest": "abc123",
        "facts": facts,
    }
    page = (await desk.get("/trace", id=MEETING)).text
    assert "03/2026" in page
    assert "abc123" in page
    assert page.count("đã vào số liệu") == 1


async def test_an_id_that_nothing_has_and_what_is_no_id_are_told_apart(desk: Desk) -> None:
    assert "Không có sự kiện nào mang mã này" in (await desk.get("/trace", id=uuid4())).text
    assert "không phải mã định danh" in (await desk.get("/trace", id="x")).text
    assert "role=" not in (await desk.get("/trace")).text


async def test_the_index_keeps_no_body_and_a_repeated_event_once(desk: Desk) -> None:
    await told(desk)
    pool = desk.service.runtime.pool
    before = [str(dict(row)) for row in await pool.fetch("SELECT * FROM trace_event")]
    assert not [row for row in before if "nobody may keep" in row]
    desk.service.positions.clear()
    await desk.catch_up()
    assert [str(dict(row)) for row in await pool.fetch("SELECT * FROM trace_event")] == before


async def test_an_event_of_any_type_version_and_body_has_its_place() -> None:
    assert "Whatever" in TraceIndex.types
    TraceIndex.types.decode("Whatever", 99, "not json")
