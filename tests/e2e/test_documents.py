"""The documents as the front door gives them, and every example of them, sent to a running system."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from deploy.documents.__main__ import KEPT, TOPICS
from deploy.documents.applications import names
from samples.demo.door import Door
from samples.demo.people import Cell
from samples.demo.play import KNOWS
from shared.web import examples
from shared.web.roles import Role
from tests.e2e.conftest import Played

pytestmark = pytest.mark.timeout(300)

SECRETARY, APPRAISER, BOARD, MACHINE = Role.SECRETARY, Role.APPRAISER, Role.PROVINCE_BOARD, Role.INTEGRATOR
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
    ("attendance", SECRETARY, ("withdraw_check_in", "withdraw_departure", "withdraw_absence")),
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
    ("membership", MACHINE, ("send_rows", "change_status", "transfer_member", "rename_unit")),
)
ANOTHER_MEETING = "1c4b2f0e-8d57-4f6a-b3a1-2d9e6c5f7a06"


@dataclass(frozen=True)
class Example:
    """A body that a document shows, and where it is sent."""

    path: str
    body: Mapping[str, Any]


def shown(documents: Mapping[str, Any]) -> Iterator[tuple[str, str, Example]]:
    """(service, operation, example) of each operation that shows one."""
    for service, document in documents.items():
        for path, methods in document["paths"].items():
            for operation in methods.values():
                content = operation.get("requestBody", {}).get("content", {}).get("application/json")
                schema = content and document["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]
                for body in (schema or {}).get("examples", ()):
                    yield service, operation["operationId"], Example(f"/{service}{path}", body)


def kept() -> dict[str, Any]:
    return {name: json.loads((KEPT / f"{name}.openapi.json").read_text(encoding="utf-8")) for name in names()}


@dataclass
class Sender:
    """Sends examples with the ids of a cell, its members and its province in the place of theirs."""

    door: Door
    tokens: Mapping[str, str]
    ids: Mapping[str, str]
    written: dict[str, str] = field(default_factory=dict)

    async def send(self, service: str, name: str, role: Role, example: Example) -> Mapping[str, Any]:
        given = {
            "meeting_id": ANOTHER_MEETING if name == "report_not_held" else examples.MEETING,
            "criteria_set": "hai-nhom",
            "revision": "1",
            "member_id": examples.COMES,
            "unit_id": examples.CELL,
        }
        path = re.sub(r"\{(\w+)\}", lambda found: given[found[1]], example.path)
        learned = [at for log, at in self.written.items() if log in KNOWS.get(service, ())]
        body = json.loads(self._here(json.dumps(example.body)))
        answer = await self.door.command(self._here(path), body, self.tokens[role], at_least=learned)
        if answer["at"]:
            self.written[service] = answer["at"]
        return answer

    def _here(self, text: str) -> str:
        for ours, real in self.ids.items():
            text = text.replace(ours, real)
        return text


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


def test_every_example_is_in_the_story_and_the_story_has_an_example_for_each_step() -> None:
    told = {(service, name) for service, _, steps in STORY for name in steps}
    assert told == {(service, name) for service, name, _ in shown(kept())}


async def test_every_example_succeeds_in_a_running_system(played: Played) -> None:
    found = {(service, name): example for service, name, example in shown(kept())}
    cell, other, *_ = played.actors.cells.values()
    door = Door(played.system.front_door)
    try:
        tokens = {
            **played.actors.tokens,
            SECRETARY: cell.secretary,
            APPRAISER: cell.appraiser,
            BOARD: played.actors.board,
        }
        sender = Sender(door, tokens, await real_ids(door, played, cell, other))
        for service, role, steps in STORY:
            for name in steps:
                answer = await sender.send(service, name, role, found[service, name])
                assert answer["state"] == "applied" if "state" in answer else answer["changed"], (service, name, answer)
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
