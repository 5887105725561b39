"""The kept JSON Schemas are those of the code, and a published one never changes under its readers."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared.contracts import export
from shared.contracts.compatibility import breaking_changes
from shared.contracts.event import Event
from shared.contracts.fields import Code, Count, TextRef, Value

Schema = dict[str, Any]
PUBLIC = "meetings/MeetingHeld.v1.json"
INTERNAL = "membership/PersonCorrected.v1.json"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of what the code says now, to change."""
    export.write(tmp_path, export.current())
    return tmp_path


def change(file: Path, edit: Callable[[Schema], object]) -> None:
    schema = json.loads(file.read_text())
    edit(schema)
    file.write_text(json.dumps(schema))


def test_the_kept_schemas_are_those_of_the_code(capsys: pytest.CaptureFixture[str]) -> None:
    status = export.main(["--check"])
    assert (status, capsys.readouterr().err) == (0, "")


def test_a_schema_that_differs_from_the_code_fails_the_check(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(folder / PUBLIC, lambda schema: schema.update(description="something else"))
    assert export.main(["--check"], folder) == 1
    assert f"{PUBLIC}: differs from the code" in capsys.readouterr().err
    assert export.main([], folder) == 0
    assert export.main(["--check"], folder) == 0


def test_a_missing_schema_fails_the_check_and_is_exported(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / PUBLIC).unlink()
    assert export.main(["--check"], folder) == 1
    assert f"{PUBLIC}: not exported" in capsys.readouterr().err
    assert export.main([], folder) == 0
    assert (folder / PUBLIC).exists()


def test_a_breaking_change_of_a_public_event_is_not_exported(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(folder / PUBLIC, lambda schema: schema["properties"].update(room={"type": "integer"}))
    before = (folder / PUBLIC).read_text()
    for arguments in ([], ["--check"]):
        assert export.main(arguments, folder) == 1
        assert f"{PUBLIC}: event.room: removed" in capsys.readouterr().err
    assert (folder / PUBLIC).read_text() == before


def test_a_breaking_change_of_an_internal_event_is_exported(folder: Path) -> None:
    change(folder / INTERNAL, lambda schema: schema["properties"].update(room={"type": "integer"}))
    assert export.main(["--check"], folder) == 1
    assert export.main([], folder) == 0


@pytest.mark.parametrize("name", ["MeetingHeld.v2", "MeetingCelebrated.v1"])
def test_a_public_event_does_not_disappear(folder: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / PUBLIC).with_name(f"{name}.json").write_text((folder / PUBLIC).read_text())
    assert export.main([], folder) == 1
    assert f"{name}.json: removed" in capsys.readouterr().err


def test_a_public_event_does_not_become_internal(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(folder / INTERNAL, lambda schema: schema.update({"x-visibility": "public"}))
    assert export.main([], folder) == 1
    assert f"{INTERNAL}: no longer public" in capsys.readouterr().err


class Line(Value):
    code: Code
    amount: Count | None = None


class Billed(Event):
    title: Code
    lines: tuple[Line, ...]
    note: TextRef | None = None


KEPT = export.schema_of(Billed)


def test_the_same_schema_breaks_nothing() -> None:
    assert breaking_changes(KEPT, copy.deepcopy(KEPT)) == []


def test_an_optional_field_and_other_words_break_nothing() -> None:
    class Billed(Event):
        """Now with words, and with one field more at each level."""

        class Line(Value):
            code: Code
            amount: Count | None = None
            unit: Code | None = None

        title: Code
        lines: tuple[Line, ...]
        note: TextRef | None = None
        currency: Code = "vnd"

    assert breaking_changes(KEPT, export.schema_of(Billed)) == []


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda new: new["properties"].pop("note"), "event.note: removed"),
        (lambda new: new["required"].append("note"), "event.note: became required"),
        (lambda new: new["required"].remove("title"), "event.title: became optional"),
        (lambda new: new["properties"]["title"].update(pattern="^x$"), "event.title (pattern)"),
        (lambda new: new["properties"]["title"].update(type="integer"), "event.title (type)"),
        (lambda new: new["$defs"]["Line"]["properties"].pop("code"), "event.lines (items).code: removed"),
        (lambda new: new["$defs"]["Line"]["required"].append("amount"), "event.lines (items).amount: became required"),
        (lambda new: new["properties"]["note"].update(default=1), "event.note (default)"),
    ],
)
def test_every_other_change_breaks_and_the_field_is_named(edit: Callable[[Schema], object], said: str) -> None:
    new = copy.deepcopy(KEPT)
    edit(new)
    [change] = breaking_changes(KEPT, new)
    assert change.startswith(said)


def test_a_new_value_of_an_enum_breaks_older_readers() -> None:
    kept = {"properties": {"way": {"enum": ["live", "paper"]}}}
    assert breaking_changes(kept, {"properties": {"way": {"enum": ["live", "paper", "qr"]}}})
