"""A roll call through the HTTP interface on a real database."""

import json
from typing import Any
from uuid import UUID, uuid4

from services.attendance.aggregates import ROLL_CALL, roll_call_stream
from shared.contracts.membership import (
    TREE_KEY,
    AssignmentGiven,
    AssignmentKind,
    MemberErased,
    OfficeAssigned,
    OfficeRole,
)
from tests.integration.attendance.conftest import MEETING, World
from tests.integration.commune import AN, BINH, CHI, COMMUNE, DUNG, FIRST, SECOND, SINCE, about, as_
from tests.integration.inprocess import bearer, record


def came(*members: UUID) -> dict[str, object]:
    return {"check_ins": [{"member_id": str(member)} for member in members]}


async def test_two_roll_calls_from_opening_to_closing(world: World) -> None:
    assert (await world.do("open", {"call": "start"}))["events"] == ["RosterDrawn", "RollCallOpened"]
    assert (await world.do("check-ins", came(AN, BINH)))["events"] == ["MemberCheckedIn"] * 2
    await world.do("close", {"call": "start"})
    await world.do("open", {"call": "end"})
    await world.do("check-ins", {**came(AN), "call": "end"})
    await world.do("departures", {"departures": [{"member_id": str(BINH)}]})
    absence = {"member_id": str(CHI), "excused": True, "reason": "sick", "note": "Nằm viện"}
    await world.do("absences", {"absences": [absence]})
    await world.do("guests", {"guests": 3})
    await world.do("guests", {"guests": 2, "reason": "miscounted"})
    await world.do("close", {"call": "end"})

    view = await world.view()
    assert view["calls"] == {"start": "closed", "end": "closed"}
    assert view["guests"] == 2
    counted = [row for row in await world.service.runtime.log.read(after=0) if row.type == "GuestsCounted"]
    assert [json.loads(row.data)["reason"] for row in counted] == [None, "miscounted"]
    assert [each["call"] for each in (await world.row(AN))["checked_in"]] == ["start", "end"]
    assert len((await world.row(BINH))["left"]) == 1
    assert (await world.row(CHI))["absence"] == {"excused": True, "reason": "sick", "note": "Nằm viện"}
    probationary = await world.row(DUNG)
    assert (probationary["row"]["expected"], probationary["row"]["votes"]) == (True, False)


async def test_a_second_check_in_is_a_success_with_nothing_new(world: World) -> None:
    await world.do("open", {})
    first = await world.do("check-ins", came(AN))
    again = await world.do("check-ins", came(AN))
    assert (again["changed"], again["version"], again["position"]) == (False, first["version"], None)


async def test_a_batch_with_a_stranger_is_refused_whole_and_names_the_row(world: World) -> None:
    await world.do("open", {})
    answer = await world.service.post(
        f"/roll-calls/{MEETING}/check-ins", came(AN, uuid4()), Authorization=as_("secretary")
    )
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (422, "not-on-roster")
    assert "check_ins[1].member_id" in answer.json()["detail"]
    assert (await world.row(AN))["checked_in"] == []


async def test_a_live_check_in_after_closing_points_to_late_entry(world: World) -> None:
    await world.do("open", {})
    await world.do("close", {})
    assert await world.refused("check-ins", came(AN)) == (409, "roll-call-closed")
    assert (await world.do("late-entry", came(AN)))["events"] == ["MemberCheckedIn"]


async def test_the_commune_enters_a_paper_roll_call_on_the_cells_behalf(world: World) -> None:
    body = {
        **came(AN, BINH),
        "absences": [{"member_id": str(CHI), "excused": False, "reason": "unknown"}],
        "guests": 1,
    }
    assert await world.refused("late-entry", body, "office") == (403, "on-behalf-of-missing")
    done = await world.do("late-entry", body, "office", On_Behalf_Of=str(FIRST))
    assert done["events"][0] == "RosterDrawn"
    assert done["events"][-1] == "RollCallClosed"
    written = await world.service.runtime.log.read(after=0)
    assert {row.metadata.on_behalf_of for row in written} == {str(FIRST)}
    assert {row.key for row in written} == {str(FIRST)}


async def test_entries_are_withdrawn_with_a_reason(world: World) -> None:
    await world.do("late-entry", {**came(AN), "absences": [{"member_id": str(CHI), "excused": True, "reason": "sick"}]})
    await world.do("check-in-withdrawals", {"member_id": str(AN), "reason": "wrong-person"})
    await world.do("absence-withdrawals", {"member_id": str(CHI), "reason": "wrong-person"})
    assert (await world.row(AN))["checked_in"] == []
    assert (await world.row(CHI))["absence"] is None


async def test_the_log_says_whether_an_absence_was_excused_and_never_why(world: World) -> None:
    first = {"member_id": str(CHI), "excused": False, "reason": "no-reason"}
    second = {"member_id": str(CHI), "excused": True, "reason": "sick", "note": "Nằm viện"}
    await world.do("late-entry", {"absences": [first, second]})
    assert (await world.row(CHI))["absence"] == {"excused": True, "reason": "sick", "note": "Nằm viện"}
    [written] = [row for row in await world.service.runtime.log.read(after=0) if row.type == "AbsenceExplained"]
    assert json.loads(written.data).keys() == {"meeting_id", "member_id", "excused", "note"}
    assert "sick" not in written.data


async def test_a_reason_is_seen_by_those_who_run_the_cell_and_gone_when_the_member_is_erased(world: World) -> None:
    absence = {"member_id": str(CHI), "excused": True, "reason": "sick", "note": "Nằm viện"}
    await world.do("late-entry", {"absences": [absence]})
    path = f"/roll-calls/{MEETING}"
    for header in (bearer(member_id=AN), as_("board")):
        seen = await world.service.get(path, Authorization=header)
        assert "Nằm viện" not in seen.text
        assert "sick" not in seen.text
    await about(world.membership, MemberErased(member_id=CHI), CHI)
    await world.catch_up()
    assert (await world.row(CHI))["absence"] == {"excused": True, "reason": None, "note": None}


async def test_who_takes_notes_in_another_cell_sees_no_reasons_of_the_own_one(world: World) -> None:
    """A role counts where it is held: not in the member's own cell, and not below a committee that does not run it."""
    await world.do("late-entry", {"absences": [{"member_id": str(CHI), "excused": True, "reason": "sick"}]})
    elsewhere = AssignmentGiven(
        assignment_id=uuid4(), kind=AssignmentKind.NOTE_TAKER, member_id=AN, unit_id=SECOND, valid_from=SINCE
    )
    above = OfficeAssigned(
        office_id=UUID(int=0x30F), unit_id=COMMUNE, role=OfficeRole.COMMITTEE_MEMBER, member_id=None, valid_from=SINCE
    )
    await record(world.membership, elsewhere, above, stream="offices", key=TREE_KEY)
    await world.catch_up()
    for header in (bearer(member_id=AN), bearer(office_id=above.office_id)):
        seen = await world.service.get(f"/roll-calls/{MEETING}", Authorization=header)
        assert seen.status_code == 200
        assert "sick" not in seen.text


async def test_a_meeting_or_sitting_that_is_not_known_is_a_clear_error(world: World) -> None:
    answer = await world.service.post(f"/roll-calls/{uuid4()}/open", {}, Authorization=as_("secretary"))
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (409, "meeting-not-yet-learned")
    assert answer.headers["Retry-After"] == "2"
    await world.do("open", {})
    other = {"check_ins": [{"member_id": str(AN), "sitting_id": str(uuid4())}]}
    assert await world.refused("check-ins", other) == (422, "sitting-unknown")


async def test_another_cells_secretary_and_superiors_do_not_touch_a_roll_call(world: World) -> None:
    for who in ("second_secretary", "appraiser", "board"):
        status, _ = await world.refused("open", {}, who)
        assert status == 403, who
    state, version = await world.service.runtime.handler(ROLL_CALL).state(roll_call_stream(MEETING))
    assert (state.drawn, version) == (None, 0)


async def test_a_committee_decides_its_own_presence_rule(world: World) -> None:
    rule = {"unit_id": str(COMMUNE), "both_calls_needed": True, "valid_from": "2026-01-01", "source": "05-DA/TU"}
    decided = await world.service.post("/presence-rules", rule, Authorization=as_("appraiser"))
    assert decided.json()["events"] == ["PresenceRuleDecided"]
    refused = await world.service.post("/presence-rules", rule, Authorization=as_("board"))
    assert refused.status_code == 403

    async def withdraw(day: str, who: str) -> Any:
        body = {"unit_id": str(COMMUNE), "valid_from": day, "reason": "wrong-unit"}
        return await world.service.post("/presence-rules/withdrawal", body, Authorization=as_(who))

    assert (await withdraw("2026-01-01", "board")).status_code == 403
    assert (await withdraw("2026-02-01", "appraiser")).status_code == 404
    assert (await withdraw("2026-01-01", "appraiser")).json()["events"] == ["PresenceRuleWithdrawn"]
    assert (await withdraw("2026-01-01", "appraiser")).json()["changed"] is False
