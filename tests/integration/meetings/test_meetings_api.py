"""A meeting through the HTTP interface on a real database."""

import hashlib
import json
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.web.body_hash import canonical
from tests.integration.commune import COMMUNE, FAR, FIRST, SECOND, as_
from tests.integration.inprocess import InProcess, bearer

SECRETARY = as_("secretary")
HELD = {"sittings": [{"started_at": "2026-03-03T18:00:00+07:00", "ended_at": "2026-03-03T19:35:00+07:00"}]}


def plan(unit: UUID = FIRST, **fields: Any) -> dict[str, Any]:
    sitting = {"starts_at": "2026-03-03T18:00:00+07:00", "place": "Nhà văn hóa thôn Đông"}
    return {"meeting_id": str(uuid4()), "unit_id": str(unit), "period": "2026-03", "sittings": [sitting], **fields}


async def scheduled(meetings: InProcess, **fields: Any) -> str:
    body = plan(**fields)
    answer = await meetings.post("/meetings", body, Authorization=SECRETARY)
    assert answer.status_code == 200, answer.text
    return str(body["meeting_id"])


async def do(meetings: InProcess, meeting: str, what: str, body: dict[str, Any], who: str = SECRETARY) -> Any:
    answer = await meetings.post(f"/meetings/{meeting}/{what}", body, Authorization=who)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_meeting_from_its_plan_to_its_resolution(meetings: InProcess) -> None:
    meeting = await scheduled(meetings)
    await do(meetings, meeting, "notice", {"follower_informed": True})
    document = {"kind": "agenda", "title": "Nội dung tháng 3", "content_sha256": "a" * 64}
    await do(meetings, meeting, "documents", document)
    await do(meetings, meeting, "held", {**HELD, "speakers": 7, "superior_attended": True})
    await do(meetings, meeting, "minutes", {"text": "Diễn biến kỳ sinh hoạt."})
    resolution = {
        "document": {"number": "3-NQ/CB", "issued_on": "2026-03-03"},
        "text": "Nghị quyết tháng 3",
        "targets": [{"due_on": "2026-03-31", "text": "Thu đủ đảng phí"}],
        "vote": {"ayes": 17, "base": 20},
    }
    answer = await do(meetings, meeting, "resolution", resolution)
    assert answer["events"] == ["ResolutionAdopted"]

    view = (await meetings.get(f"/meetings/{meeting}", Authorization=SECRETARY)).json()
    assert view["status"] == "held"
    assert view["held"]["held_on"] == "2026-03-03"
    assert view["sittings"][0]["place"] == "Nhà văn hóa thôn Đông"
    assert view["documents"][0]["title"] == "Nội dung tháng 3"
    assert view["minutes"] == "Diễn biến kỳ sinh hoạt."
    assert view["resolutions"][0]["targets"][0]["text"] == "Thu đủ đảng phí"


async def test_events_hold_no_free_text(meetings: InProcess) -> None:
    meeting = await scheduled(meetings)
    await do(meetings, meeting, "held", HELD)
    await do(meetings, meeting, "minutes", {"text": "Bí mật"})
    written = "".join(row.data for row in await meetings.runtime.log.read(after=0))
    assert "Nhà văn hóa" not in written
    assert "Bí mật" not in written


async def test_no_hash_beside_an_event_tells_a_body_that_is_guessed(meetings: InProcess) -> None:
    body = plan()
    await meetings.post("/meetings", body, Authorization=SECRETARY)
    [row] = await meetings.runtime.log.read(after=0)
    assert len(row.metadata.body_hash or "") == 64
    assert row.metadata.body_hash != hashlib.sha256(canonical(json.dumps(body).encode())).hexdigest()
    shown = await meetings.get("/ops/events/1", Authorization=SECRETARY)
    assert "body_hash" not in shown.json()["metadata"]


async def test_a_repeated_request_gives_the_first_answer_and_another_body_is_refused(meetings: InProcess) -> None:
    body = plan()
    sent = {"Authorization": SECRETARY, "Idempotency_Key": "schedule-1"}
    first, again = [await meetings.post("/meetings", body, **sent) for _ in range(2)]
    assert first.json() == again.json()
    assert first.headers["X-Log-Position"] == f"meetings:{first.json()['position']}"
    other = await meetings.post("/meetings", {**body, "period": "2026-04"}, **sent)
    assert (other.status_code, other.json()["type"].rpartition(":")[2]) == (422, "idempotency-key-reused")


async def test_refuses_a_second_regular_meeting_of_a_cell_in_a_period(meetings: InProcess) -> None:
    first = await scheduled(meetings)
    second = await meetings.post("/meetings", plan(), Authorization=SECRETARY)
    assert second.status_code == 409
    assert second.json()["type"].endswith("second-regular-meeting")
    assert first in second.json()["detail"]

    await do(meetings, first, "withdrawal", {"reason": "duplicate"})
    await scheduled(meetings)


async def test_a_meeting_that_was_not_held_may_be_reported_without_a_plan(meetings: InProcess) -> None:
    meeting = str(uuid4())
    body = {"reason": "flood", "plan": {"unit_id": str(FIRST), "period": "2026-03"}}
    assert (await do(meetings, meeting, "not-held", body))["events"] == ["MeetingNotHeld"]
    await do(meetings, meeting, "outcome-withdrawal", {"reason": "wrong-cell"})
    assert (await do(meetings, meeting, "held", HELD))["events"] == ["MeetingHeld"]


async def test_only_a_cell_holds_meetings_of_a_cell(meetings: InProcess) -> None:
    """A committee's would count as met where nothing was owed."""
    plan = {"unit_id": str(COMMUNE), "period": "2026-03", "body": "cell"}
    sitting = {"starts_at": "2026-03-03T18:00:00+07:00"}
    for path, body in (
        ("/meetings", {**plan, "sittings": [sitting]}),
        (f"/meetings/{uuid4()}/not-held", {"plan": plan, "reason": "flood"}),
    ):
        answer = await meetings.post(path, body, Authorization=as_("appraiser"))
        assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (422, "not-a-cell"), path
    own = {**plan, "body": "committee", "sittings": [sitting]}
    meeting = (await meetings.post("/meetings", own, Authorization=as_("appraiser"))).json()["stream"]
    path = f"/meetings/{meeting.removeprefix('meeting-')}/correction"
    answer = await meetings.post(path, {"reason": "x", "body": "cell"}, Authorization=as_("appraiser"))
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (422, "not-a-cell")


async def test_the_list_of_a_cells_meetings_follows_their_events(meetings: InProcess) -> None:
    meeting = await scheduled(meetings)
    await do(meetings, meeting, "held", HELD)
    await do(meetings, meeting, "correction", {"reason": "typing-error", "period": "2026-02"})
    await meetings.deliver()
    (listed,) = (await meetings.get(f"/cells/{FIRST}/meetings", Authorization=SECRETARY)).json()
    assert (listed["meeting_id"], listed["status"], listed["period"]) == (meeting, "held", "2026-02")
    assert (await meetings.get(f"/cells/{FIRST}/meetings?period=2026-03", Authorization=SECRETARY)).json() == []

    await do(meetings, meeting, "withdrawal", {"reason": "duplicate"})
    await meetings.deliver()
    (listed,) = (await meetings.get(f"/cells/{FIRST}/meetings", Authorization=SECRETARY)).json()
    assert (listed["status"], listed["held_on"]) == ("withdrawn", None)


async def test_the_commune_enters_late_only_on_the_cells_behalf(meetings: InProcess) -> None:
    body = plan()
    plain = await meetings.post("/meetings", body, Authorization=as_("office"))
    assert (plain.status_code, plain.json()["type"].rpartition(":")[2]) == (403, "on-behalf-of-missing")
    sent = await meetings.post("/meetings", body, Authorization=as_("office"), On_Behalf_Of=str(FIRST))
    assert sent.status_code == 200
    (row,) = await meetings.runtime.log.read(after=0)
    assert row.metadata.on_behalf_of == str(FIRST)


@pytest.mark.parametrize("who", ["second_secretary", "board"])
async def test_nobody_writes_for_a_cell_that_is_not_theirs(meetings: InProcess, who: str) -> None:
    answer = await meetings.post("/meetings", plan(), Authorization=as_(who))
    assert answer.status_code == 403
    assert await meetings.runtime.log.head() == 0


async def test_moving_a_meeting_takes_the_lowest_committee_above_both_cells(meetings: InProcess) -> None:
    meeting = await scheduled(meetings)
    to_second = {"reason": "wrong-cell", "unit_id": str(SECOND)}
    for who in ("secretary", "second_secretary", "board"):
        refused = await meetings.post(f"/meetings/{meeting}/correction", to_second, Authorization=as_(who))
        assert refused.status_code == 403, who
        assert refused.json()["type"].endswith("move-not-allowed")
    behalf = {"Authorization": as_("appraiser"), "On_Behalf_Of": str(FIRST)}
    refused = await meetings.post(f"/meetings/{meeting}/correction", to_second, **behalf)
    assert refused.json()["type"].endswith("on-behalf-of-refused")
    assert (await do(meetings, meeting, "correction", to_second, as_("appraiser")))["changed"]

    to_far = {"reason": "wrong-cell", "unit_id": str(FAR)}
    refused = await meetings.post(f"/meetings/{meeting}/correction", to_far, Authorization=as_("appraiser"))
    assert refused.status_code == 403
    await do(meetings, meeting, "correction", to_far, as_("board"))
    rows = await meetings.runtime.log.read(after=0)
    assert {row.key for row in rows} == {str(FIRST)}


@pytest.mark.parametrize("who", ["appraiser", "board"])
async def test_a_committee_corrects_nothing_else_in_a_cells_meeting(meetings: InProcess, who: str) -> None:
    meeting = await scheduled(meetings)
    refused = await meetings.post(
        f"/meetings/{meeting}/correction", {"reason": "x", "period": "2026-04"}, Authorization=as_(who)
    )
    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (403, "out-of-reach")


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("held", HELD),
        ("notice", {"follower_informed": True}),
        ("reschedule", {"sittings": [{"starts_at": "2026-03-04T18:00:00+07:00"}]}),
        ("minutes", {"text": "Diễn biến"}),
        ("withdrawal", {"reason": "duplicate"}),
    ],
)
async def test_another_cells_secretary_does_not_touch_a_meeting(
    meetings: InProcess, what: str, body: dict[str, Any]
) -> None:
    meeting = await scheduled(meetings)
    refused = await meetings.post(f"/meetings/{meeting}/{what}", body, Authorization=as_("second_secretary"))
    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (403, "out-of-reach")


async def test_an_unknown_meeting_unit_field_or_date_is_a_clear_error(meetings: InProcess) -> None:
    unknown = await meetings.get(f"/meetings/{uuid4()}", Authorization=SECRETARY)
    assert (unknown.status_code, unknown.json()["type"].rpartition(":")[2]) == (404, "meeting-unknown")
    nowhere = await meetings.post("/meetings", plan(uuid4()), Authorization=SECRETARY)
    assert (nowhere.status_code, nowhere.json()["type"].rpartition(":")[2]) == (409, "unit-not-yet-learned")
    mistakes: list[dict[str, Any]] = [{"perod": "2026-03"}, {"period": "2026-13"}, {"parts": []}]
    for wrong in mistakes:
        answer = await meetings.post("/meetings", plan(**wrong), Authorization=SECRETARY)
        assert answer.status_code == 422
        assert next(iter(wrong)) in answer.json()["errors"][0]["field"]
    sitting = {"started_at": "2026-02-30T18:00:00+07:00", "ended_at": "2026-03-01T18:00:00+07:00"}
    meeting = await scheduled(meetings)
    answer = await meetings.post(f"/meetings/{meeting}/held", {"sittings": [sitting]}, Authorization=SECRETARY)
    assert "body.sittings.0.started_at" in answer.json()["errors"][0]["field"]


async def test_a_member_reads_the_own_cells_meetings_and_no_others(meetings: InProcess) -> None:
    meeting = await scheduled(meetings)
    member = bearer(member_id=UUID(int=0x200))
    assert (await meetings.get(f"/meetings/{meeting}", Authorization=member)).status_code == 200
    assert (await meetings.get(f"/cells/{SECOND}/meetings", Authorization=member)).status_code == 403
    assert (await meetings.post("/meetings", plan(), Authorization=member)).status_code == 403


@pytest.mark.parametrize(
    ("what", "body", "who"),
    [
        ("withdrawal", {"reason": "duplicate"}, "secretary"),
        ("correction", {"reason": "wrong-cell", "unit_id": str(SECOND)}, "appraiser"),
    ],
    ids=["the meeting is gone", "the meeting is out of the mover's reach"],
)
async def test_a_repeated_command_gets_its_first_answer_though_its_own_effect_would_refuse_it(
    meetings: InProcess, what: str, body: dict[str, Any], who: str
) -> None:
    meeting = await scheduled(meetings)
    key = {"Idempotency_Key": "once", "Authorization": as_(who)}
    first = await meetings.post(f"/meetings/{meeting}/{what}", body, **key)
    again = await meetings.post(f"/meetings/{meeting}/{what}", body, **key)
    assert (again.status_code, again.json()) == (200, first.json())
    assert again.headers["X-Log-Position"] == first.headers["X-Log-Position"]
    other = await meetings.post(f"/meetings/{meeting}/{what}", {**body, "reason": "other"}, **key)
    assert other.status_code in {403, 409, 422}
    assert len(await meetings.runtime.log.read(after=0)) == 2
