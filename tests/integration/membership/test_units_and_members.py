"""Reading and changing the tree and members: by reach, by day, withdrawn, erased."""

from typing import Any

import pytest

from samples.province import Province
from samples.province.files import IMPORTS
from tests.integration.inprocess import bearer
from tests.integration.membership.conftest import MACHINE, Sender

SYSTEM = "hatinh-to-chuc"


@pytest.fixture
async def imported(sender: Sender) -> Sender:
    await sender.all()
    return sender


async def units(sender: Sender, query: str = "") -> dict[str, dict[str, Any]]:
    """Units by outer code."""
    answer = await sender.get(f"/units{query}")
    return {unit["codes"][SYSTEM]: unit for unit in answer.json()}


async def secretary_of(sender: Sender, unit_id: str) -> str:
    offices = (await sender.get(f"/offices?under={unit_id}")).json()
    held = [office for office in offices if office["role"] == "secretary" and office["unit_id"] == unit_id]
    return bearer(office_id=held[0]["office_id"])


async def change(sender: Sender, path: str, **body: object) -> dict[str, Any]:
    answer = await sender.service.post(path, body, Authorization=MACHINE)
    assert answer.status_code == 200, answer.text
    done: dict[str, Any] = answer.json()
    return done


async def test_the_tree_is_read_parents_first(imported: Sender, province: Province) -> None:
    found = await units(imported)
    assert set(found) == {unit.code for unit in province.units}
    seen: set[str | None] = {None}
    for unit in found.values():
        assert unit["parent_id"] in seen
        seen.add(unit["unit_id"])


async def test_a_moved_cell_stands_elsewhere_from_its_day_and_a_withdrawn_move_never_happened(imported: Sender) -> None:
    known = await units(imported)
    cell = next(unit for unit in known.values() if unit["is_cell"] and unit["cell_type"] == "residential")
    other = next(unit for unit in known.values() if unit["kind"] == "commune" and unit["unit_id"] != cell["parent_id"])
    path = f"/units/{cell['unit_id']}"
    done = await change(imported, f"{path}/moves", parent_id=other["unit_id"], effective_on="2026-03-16")
    assert done["events"] == ["UnitMoved"]

    async def parent(on: str) -> str:
        answer = await imported.get(f"{path}?on={on}")
        return str(answer.json()["parent_id"])

    assert await parent("2026-03-15") == cell["parent_id"]
    assert await parent("2026-03-16") == other["unit_id"]
    event_id = await imported.service.runtime.pool.fetchval(
        "SELECT event_id FROM events WHERE position = $1", done["position"]
    )
    await change(imported, f"{path}/withdrawals", event_id=str(event_id), reason="wrong_unit")
    assert await parent("2026-03-16") == cell["parent_id"]


async def test_who_no_longer_answers_for_a_cell_does_not_read_its_past(imported: Sender) -> None:
    """docs/adr/0031: rights follow today's tree, also when the question is about an older day."""
    known = await units(imported)
    cell = next(unit for unit in known.values() if unit["is_cell"] and unit["cell_type"] == "residential")
    left = cell["parent_id"]
    other = next(unit for unit in known.values() if unit["kind"] == "commune" and unit["unit_id"] != left)
    former = await secretary_of(imported, left)
    path = f"/units/{left}/members?on=2026-03-10"

    async def read(path: str) -> str:
        answer = await imported.service.get(path, Authorization=former)
        assert answer.status_code == 200, answer.text
        return answer.text

    assert cell["unit_id"] in await read(path)
    move = {"parent_id": other["unit_id"], "effective_on": "2026-03-16"}
    await change(imported, f"/units/{cell['unit_id']}/moves", **move)
    await imported.service.deliver()
    for asked in (path, "/units?on=2026-03-10", "/offices?on=2026-03-10", "/assignments?on=2026-03-10"):
        assert cell["unit_id"] not in await read(asked), asked
    assert cell["unit_id"] in (await imported.get("/units?on=2026-03-10")).text


async def test_a_move_below_itself_is_refused(imported: Sender) -> None:
    known = await units(imported)
    committee = next(unit for unit in known.values() if unit["kind"] == "grassroots_committee")
    above = committee["parent_id"]
    body = {"parent_id": committee["unit_id"], "effective_on": "2026-03-16"}
    answer = await imported.service.post(f"/units/{above}/moves", body, Authorization=MACHINE)
    assert (answer.status_code, answer.json()["type"].rsplit(":", 1)[1]) == (422, "cycle-in-the-tree")


async def test_an_office_and_an_assignment_recorded_in_error_hold_on_no_day(imported: Sender) -> None:
    for path, name in (("offices", "office_id"), ("assignments", "assignment_id")):
        held = (await imported.get(f"/{path}?on=2026-03-01")).json()
        wrong = next(each for each in held if each.get("role") != "secretary")
        done = await change(imported, f"/{path}/{wrong[name]}/withdrawal", reason="wrong_person")
        assert done["events"] in (["OfficeWithdrawn"], ["AssignmentWithdrawn"])
        await imported.service.deliver()
        left = (await imported.get(f"/{path}?on=2026-03-01")).json()
        assert left == [each for each in held if each != wrong]
        assert (await change(imported, f"/{path}/{wrong[name]}/withdrawal", reason="again"))["changed"] is False
    # The file that said so says nothing new.
    mapping, file = next(each for each in IMPORTS if each[0] == "offices")
    again = await imported.preview(mapping, (imported.folder / file).read_bytes())
    assert (again["new"], again["changed"], again["ended"], again["problems"]) == (0, 0, 0, [])


async def test_a_secretary_reads_the_names_of_the_own_cell_alone(imported: Sender, province: Province) -> None:
    known = await units(imported)
    first, second = [known[cell.code] for cell in province.cells()][:2]
    token = await secretary_of(imported, first["unit_id"])
    answer = await imported.service.get(f"/units/{first['unit_id']}/members?on=2026-03-01", Authorization=token)
    expected = {member.name for member in province.members_of()[first["codes"][SYSTEM]]}
    assert {member["name"] for member in answer.json()["members"]} == expected
    assert answer.json()["next"] is None
    refused = await imported.service.get(f"/units/{second['unit_id']}/members", Authorization=token)
    assert refused.status_code == 403
    machine = await imported.get(f"/units/{first['unit_id']}/members")
    assert machine.status_code == 403


async def test_nobody_unknown_waits_for_a_position(imported: Sender) -> None:
    """Waiting asks the database again and again: whoever makes the service do so is known to it."""
    answer = await imported.service.get("/units?at_least=membership:99999999")
    assert answer.status_code == 401


async def test_members_are_read_page_by_page(imported: Sender, province: Province) -> None:
    known = await units(imported)
    root = known[province.root.code]["unit_id"]
    board = next(office for office in (await imported.get("/offices")).json() if office["role"] == "province_board")
    token, after = bearer(office_id=board["office_id"]), "00000000-0000-0000-0000-000000000000"
    seen: set[str] = set()
    while after:
        page = (
            await imported.service.get(
                f"/units/{root}/members?on=2026-03-01&limit=50&after={after}", Authorization=token
            )
        ).json()
        seen.update(member["member_id"] for member in page["members"])
        after = page["next"]
    assert len(seen) == len(province.members)


async def test_a_status_and_a_transfer_hold_from_their_days(imported: Sender, province: Province) -> None:
    known = await units(imported)
    first, second = [known[cell.code] for cell in province.cells()][:2]
    token = await secretary_of(imported, first["unit_id"])
    listed = await imported.service.get(f"/units/{first['unit_id']}/members", Authorization=token)
    active = [member for member in listed.json()["members"] if member["status"] == "active"]
    path = f"/members/{active[0]['member_id']}"
    await change(imported, f"{path}/statuses", standing="official", status="suspended", valid_from="2026-04-05")
    await change(imported, f"{path}/transfers", to_cell_id=second["unit_id"], effective_on="2026-04-10")
    days = {}
    for on in ("2026-04-04", "2026-04-05", "2026-04-10"):
        answer = await imported.service.get(f"{path}?on={on}", Authorization=token)
        days[on] = (answer.json()["status"], answer.json()["cell_id"])
    assert days == {
        "2026-04-04": ("active", first["unit_id"]),
        "2026-04-05": ("suspended", first["unit_id"]),
        "2026-04-10": ("suspended", second["unit_id"]),
    }
    committee = next(unit for unit in known.values() if not unit["is_cell"])
    body = {"to_cell_id": committee["unit_id"], "effective_on": "2026-04-10"}
    refused = await imported.service.post(f"{path}/transfers", body, Authorization=MACHINE)
    assert refused.json()["type"].endswith("unknown-unit")


async def test_an_erased_person_leaves_the_counts_and_is_somebody_new_when_sent_again(
    imported: Sender, province: Province
) -> None:
    known = await units(imported)
    cell = known[next(province.cells()).code]
    token = await secretary_of(imported, cell["unit_id"])
    listed = (await imported.service.get(f"/units/{cell['unit_id']}/members", Authorization=token)).json()["members"]
    gone = listed[0]
    await change(imported, f"/members/{gone['member_id']}/erasure")
    shown = (await imported.service.get(f"/members/{gone['member_id']}", Authorization=token)).json()
    assert (shown["name"], shown["cell_id"]) == (None, cell["unit_id"])
    pool = imported.service.runtime.pool
    subject = f"member:{gone['member_id']}"
    assert await pool.fetchval("SELECT count(*) FROM texts WHERE subject = $1", subject) == 0
    mapping, name = IMPORTS[2]
    again = await imported.preview(mapping, (imported.folder / name).read_bytes())
    assert (again["new"], again["changed"]) == (1, 0)


async def test_an_admission_in_error_is_withdrawn_and_its_row_is_refused_until_the_person_is_erased(
    imported: Sender, province: Province
) -> None:
    known = await units(imported)
    cell = known[next(province.cells()).code]
    token = await secretary_of(imported, cell["unit_id"])

    async def listed() -> list[str]:
        answer = await imported.service.get(f"/units/{cell['unit_id']}/members", Authorization=token)
        return [each["member_id"] for each in answer.json()["members"] if each["status"] == "active"]

    async def preview() -> Any:
        mapping, name = IMPORTS[2]
        return await imported.preview(mapping, (imported.folder / name).read_bytes())

    row = await imported.service.runtime.pool.fetchrow(
        "SELECT substr(stream, 8), min(event_id::text) FILTER (WHERE type = 'MemberAdmitted') FROM events"
        " WHERE stream = ANY($1) GROUP BY 1 HAVING NOT bool_or(type IN ('MemberTransferred', 'MemberStatusChanged'))",
        [f"member-{member_id}" for member_id in await listed()],
    )
    assert row is not None
    wrong, event_id = row
    await change(imported, f"/members/{wrong}/withdrawals", event_id=event_id, reason="wrong_person")
    await imported.service.deliver()
    assert wrong not in await listed()
    again = await preview()
    assert ([problem["field"] for problem in again["problems"]], again["new"], again["changed"]) == (["member"], 0, 0)
    await change(imported, f"/members/{wrong}/erasure")
    assert (await preview())["new"] == 1


async def test_followers_may_come_from_outside_the_subtree(imported: Sender, province: Province) -> None:
    given = (await imported.get("/assignments")).json()
    assert {assignment["kind"] for assignment in given} == {"follower", "note_taker"}
    assert len(given) == len(province.assignments)
