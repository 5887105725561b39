"""The documents as the front door gives them, and every example of them, sent to a running system."""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from deploy.documents.__main__ import KEPT, TOPICS
from deploy.documents.applications import names
from samples.demo.door import Door, Refused
from samples.demo.people import Cell
from samples.demo.play import KNOWS
from shared.web import examples
from shared.web.roles import Role
from tests.e2e.conftest import Played

pytestmark = pytest.mark.timeout(300)

SECRETARY, APPRAISER, BOARD, MACHINE = Role.SECRETARY, Role.APPRAISER, Role.PROVINCE_BOARD, Role.INTEGRATOR
# What becomes of an example that is valid, where what it needs is not there: a key that is held, a machine with a unit.
REFUSED = {"dry_run": "key-not-held", "redrive": "key-not-held", "add_webhook": "out-of-reach"}
# In an order in which each can be done: a month's meeting of a cell, and all of it taken back.
STORY: tuple[tuple[str, Role, tuple[str, ...]], ...] = (
    (
        "meetings",
        SECRETARY,
        ("schedule_meeting", "reschedule_meeting", "issue_notice", "publish_document"),
    ),
    (
        "attendance",
        SECRETARY,
        ("open_call", "check_in", "record_departures", "explain_absences", "count_guests", "close_call", "enter_late"),
    ),
    ("meetings", SECRETARY, ("hold_meeting", "record_minutes", "adopt_resolution", "correct_meeting")),
    ("evaluation", BOARD, ("publish_criteria",)),
    ("evaluation", SECRETARY, ("score_meeting", "record_vote")),
    ("evaluation", APPRAISER, ("decide_rating", "withdraw_rating")),
    ("evaluation", SECRETARY, ("withdraw_vote", "withdraw_score")),
    ("evaluation", BOARD, ("withdraw_criteria",)),
    ("attendance", SECRETARY, ("withdraw_check_in", "withdraw_departure", "withdraw_absence", "amend_roster")),
    ("attendance", BOARD, ("decide_presence_rule", "withdraw_presence_rule")),
    (
        "meetings",
        SECRETARY,
        (
            "withdraw_document",
            "withdraw_resolution",
            "withdraw_minutes",
            "withdraw_notice",
            "withdraw_outcome",
            "withdraw_meeting",
            "report_not_held",
        ),
    ),
    ("membership", MACHINE, ("send_file", "apply_import", "send_rows")),
    ("membership", MACHINE, ("change_status", "withdraw_member_change", "transfer_member")),
    ("membership", MACHINE, ("rename_unit", "withdraw_unit_change", "move_unit", "withdraw_unit_change")),
    ("membership", MACHINE, ("merge_units", "withdraw_unit_change", "dissolve_unit", "withdraw_unit_change")),
    ("membership", MACHINE, ("withdraw_office", "withdraw_assignment")),
    ("operations", MACHINE, ("add_webhook",)),
    *((service, Role.OPERATOR, ("dry_run", "redrive")) for service in names()),
)
# Forms of pages are for browsers, and no client has them.
PAGES = "pages"
ANOTHER_MEETING = "1c4b2f0e-8d57-4f6a-b3a1-2d9e6c5f7a06"


@dataclass(frozen=True)
class Example:
    """A body that a document shows, and where it is sent. `is_form`: with a file, as its text."""

    path: str
    body: Mapping[str, Any]
    is_form: bool


def shown(documents: Mapping[str, Any]) -> Iterator[tuple[str, str, list[Example]]]:
    """(service, operation, examples) of each operation of clients that takes a body."""
    for service, document in documents.items():
        for path, methods in document["paths"].items():
            for operation in methods.values():
                if "requestBody" in operation and PAGES not in operation["tags"]:
                    [(media, content)] = operation["requestBody"]["content"].items()
                    schema = document["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]
                    bodies = [content["example"]] if "example" in content else schema.get("examples", [])
                    is_form = media == "multipart/form-data"
                    examples = [Example(f"/{service}{path}", body, is_form) for body in bodies]
                    yield service, operation["operationId"], examples


def kept() -> dict[str, Any]:
    return {name: json.loads((KEPT / f"{name}.openapi.json").read_text(encoding="utf-8")) for name in names()}


@dataclass
class Sender:
    """Sends examples with the ids of a cell, its members and its province in the place of theirs."""

    door: Door
    tokens: Mapping[str, str]
    ids: dict[str, str]
    named: dict[str, str]
    written: dict[str, str] = field(default_factory=dict)

    async def send(self, service: str, name: str, role: Role, example: Example) -> None:
        """Raises unless it does what it says."""
        path = self._here(re.sub(r"\{(\w+)\}", lambda found: self._named(found[1], name), example.path))
        if example.is_form:
            form = dict(example.body)
            content = form.pop("file").encode()
            sent = await self.door.upload(path, self.tokens[role], content, "x.csv", **form)
            self.named["import_id"] = sent["import_id"]
            return
        learned = [at for log, at in self.written.items() if log in KNOWS.get(service, ())]
        body = json.loads(self._here(json.dumps(example.body)))
        answer = await self.door.command(path, body, self.tokens[role], at_least=learned)
        assert answer["state"] == "applied" if "state" in answer else answer["changed"], (service, name, answer)
        if answer["at"]:
            self.written[service] = answer["at"]
            event = f"/{service}/ops/events/{answer['at'].rpartition(':')[2]}"
            if name == "merge_units":  # it is withdrawn at the unit that ended
                self.named["unit_id"] = examples.OTHER_CELL
            self.ids[examples.CHANGE] = (await self.door.read(event, self.tokens[Role.OPERATOR]))["event_id"]

    def _named(self, parameter: str, operation: str) -> str:
        if operation == "report_not_held":
            return ANOTHER_MEETING
        return self.named[parameter]

    def _here(self, text: str) -> str:
        for ours, real in self.ids.items():
            text = text.replace(ours, real)
        return text


def refused(problem: str | None) -> AbstractContextManager[object]:
    return pytest.raises(Refused, match=f":problem:{problem}") if problem else nullcontext()


async def real_ids(door: Door, played: Played, cell: Cell, other: Cell) -> dict[str, str]:
    path = f"/membership/units/{cell.unit_id}/members"
    page = await door.read(path, cell.secretary, on="2026-02-05")
    present = [member["member_id"] for member in page["members"] if member["status"] == "active"]
    return {
        examples.CELL: str(cell.unit_id),
        examples.OTHER_CELL: str(other.unit_id),
        examples.PROVINCE: str(played.actors.province),
        **dict(zip((examples.COMES, examples.IS_ILL, examples.IS_LATE), present, strict=False)),
    }


async def real_names(door: Door, played: Played, used: Collection[Cell]) -> dict[str, str]:
    """What parameters of paths are called; an office and an assignment of a cell that no test looks at."""
    machine = played.actors.tokens[MACHINE]
    offices = await door.read("/membership/offices", machine)
    assignments = await door.read("/membership/assignments", machine)
    shown = played.actors.tokens[SECRETARY]
    spare = next(cell for cell in played.actors.cells.values() if cell not in used and cell.secretary != shown)
    return {
        "meeting_id": examples.MEETING,
        "criteria_set": "hai-nhom",
        "revision": "1",
        "member_id": examples.COMES,
        "unit_id": examples.CELL,
        "office_id": next(each["office_id"] for each in offices if each["unit_id"] == str(spare.unit_id)),
        "assignment_id": next(each["assignment_id"] for each in assignments if each["unit_id"] == str(spare.unit_id)),
    }


def test_every_operation_with_a_body_shows_an_example_that_the_story_sends() -> None:
    told = {(service, name) for service, _, steps in STORY for name in steps}
    assert [(service, name) for service, name, examples in shown(kept()) if not examples] == []
    assert told == {(service, name) for service, name, _ in shown(kept())}


async def test_every_example_succeeds_in_a_running_system(played: Played) -> None:
    found = {(service, name): examples for service, name, examples in shown(kept())}
    cell, other, *_ = played.actors.cells.values()
    door = Door(played.system.front_door)
    try:
        tokens = {
            **played.actors.tokens,
            SECRETARY: cell.secretary,
            APPRAISER: cell.appraiser,
            BOARD: played.actors.board,
        }
        sender = Sender(
            door, tokens, await real_ids(door, played, cell, other), await real_names(door, played, (cell, other))
        )
        for service, role, steps in STORY:
            for name in steps:
                [example] = found[service, name]
                with refused(REFUSED.get(name)):
                    await sender.send(service, name, role, example)
    finally:
        await door.close()


@pytest.mark.parametrize("name", names())
def test_a_service_serves_its_document_as_it_is_kept_to_everyone(played: Played, name: str) -> None:
    answer = httpx.get(f"{played.system.front_door}/{name}/openapi.json")
    assert answer.json() == kept()[name]


def test_a_page_leads_to_every_document(played: Played) -> None:
    page = httpx.get(f"{played.system.front_door}/operations/documents", headers={"Accept-Language": "vi"})
    assert "Tài liệu giao diện lập trình" in page.text
    links = re.findall(r'href="(/[^"?]+\.json)"', page.text)
    assert links == [*(f"/{name}/openapi.json" for name in names()), f"/operations/{TOPICS}"]
    documents = [httpx.get(played.system.front_door + link) for link in links]
    assert documents[-1].json() == json.loads((KEPT / TOPICS).read_text(encoding="utf-8"))
    assert all(document.is_success for document in documents)
