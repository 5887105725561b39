"""A change that breaks a client of a service is not exported, unless the version of the document says so."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploy.documents.__main__ import current, main
from deploy.documents.compatibility import breaking_changes

Document = dict[str, Any]
Edit = Callable[[Document], object]
OPEN = "/roll-calls/{meeting_id}/open"
PERIOD = {"in": "query", "name": "period", "required": True, "schema": {"type": "string"}}


@pytest.fixture(scope="module")
def now() -> Document:
    document: Document = current()["attendance.openapi.json"]
    return document


def operation(document: Document) -> Document:
    found: Document = document["paths"][OPEN]["post"]
    return found


def schema(document: Document, name: str) -> Document:
    found: Document = document["components"]["schemas"][name]
    return found


BREAKING: dict[str, Edit] = {
    "a path is removed": lambda d: d["paths"].pop(OPEN),
    "an operation is removed": lambda d: d["paths"][OPEN].pop("post"),
    "an operation has another name": lambda d: operation(d).update(operationId="open"),
    "a parameter is removed": lambda d: operation(d)["parameters"].pop(),
    "a required parameter is added": lambda d: operation(d)["parameters"].append(PERIOD),
    "a field of the body is removed": lambda d: schema(d, "GuestsInput")["properties"].pop("reason"),
    "a field of the body becomes required": lambda d: schema(d, "GuestsInput")["required"].append("reason"),
    "less may be sent": lambda d: schema(d, "CheckInsInput")["properties"]["check_ins"].update(maxItems=10),
    "a value can no longer be sent": lambda d: schema(d, "Way")["enum"].remove("qr"),
    "an answer lacks a field": lambda d: schema(d, "CommandAccepted")["properties"].pop("events"),
    "an answer may lack a field": lambda d: schema(d, "CommandAccepted")["required"].remove("events"),
    "an answered field has another type": lambda d: schema(d, "CommandAccepted")["properties"]["version"].update(
        type="string"
    ),
    "an answered field may be null": lambda d: schema(d, "CommandAccepted")["properties"].update(
        stream={"anyOf": [{"type": "string"}, {"type": "null"}]}
    ),
    "a value is answered that was not": lambda d: schema(d, "MemberStatus")["enum"].append("lost"),
}
HARMLESS: dict[str, Edit] = {
    "words": lambda d: operation(d).update(description="Other words.", summary="Others"),
    "a path is added": lambda d: d["paths"].update({"/more": copy.deepcopy(d["paths"][OPEN])}),
    "an optional parameter is added": lambda d: operation(d)["parameters"].append(PERIOD | {"required": False}),
    "an optional field may be sent": lambda d: schema(d, "GuestsInput")["properties"].update(more={"type": "string"}),
    "a field need not be sent any more": lambda d: schema(d, "GuestsInput")["required"].remove("guests"),
    "more may be sent": lambda d: schema(d, "CheckInsInput")["properties"]["check_ins"].update(maxItems=5000),
    "more is answered": lambda d: schema(d, "CommandAccepted")["properties"].update(more={"type": "string"}),
    "a refusal is added": lambda d: operation(d)["responses"].update({"429": {"description": "Too often."}}),
}


def edited(document: Document, edit: Edit) -> Document:
    changed = copy.deepcopy(document)
    edit(changed)
    return changed


@pytest.mark.parametrize("edit", BREAKING.values(), ids=BREAKING)
def test_breaks_a_client(now: Document, edit: Edit) -> None:
    assert breaking_changes(now, edited(now, edit))


@pytest.mark.parametrize("edit", HARMLESS.values(), ids=HARMLESS)
def test_breaks_nobody(now: Document, edit: Edit) -> None:
    assert breaking_changes(now, edited(now, edit)) == []


def test_a_breaking_change_is_not_exported(tmp_path: Path, capsys: pytest.CaptureFixture[str], now: Document) -> None:
    file = tmp_path / "attendance.openapi.json"
    more = edited(now, lambda d: d["paths"].update({"/more": d["paths"][OPEN]}))
    file.write_text(json.dumps(more))
    for arguments in ([], ["--check"]):
        assert main(arguments, tmp_path) == 1
        assert "attendance.openapi.json: POST /more: removed" in capsys.readouterr().err
    assert json.loads(file.read_text()) == more


def test_a_new_first_number_of_the_version_may_break_clients(now: Document) -> None:
    broken = edited(now, lambda d: d["paths"].pop(OPEN))
    assert breaking_changes(now, edited(broken, lambda d: d["info"].update(version="1.9.0")))
    assert breaking_changes(now, edited(broken, lambda d: d["info"].update(version="2.0.0"))) == []
