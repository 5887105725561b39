"""The program of docs/clients.md: cut short it is the same push again, and another export is never taken for it."""

import os
import re
import sys
from contextlib import nullcontext
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

GUIDE = Path("docs/clients.md").read_text(encoding="utf-8")
ROWS, DAY_LATER = '[{"Số thẻ đảng viên": "HT-1"}]', 86_400 * 10**9


class Imports:
    """Takes pushes as the generated client does. `pushed`: key and body of each."""

    pushed: list[tuple[str, Any]]

    def __init__(self, _client: object) -> None:
        """As the generated class has it."""

    def send_rows_with_http_info(self, key: str, body: Any) -> SimpleNamespace:
        self.pushed.append((key, body))
        return SimpleNamespace(data=SimpleNamespace(state="", new=0, changed=0, unchanged=0, problems=[]), headers={})


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The names that the program defines, on a client that only keeps what is pushed."""
    client: Any = ModuleType("membership_client")
    client.ApiException, client.PushInput, client.ImportsApi = KeyError, SimpleNamespace, Imports
    monkeypatch.setattr(Imports, "pushed", [], raising=False)
    monkeypatch.setitem(sys.modules, "membership_client", client)
    monkeypatch.setitem(sys.modules, "reporting_client", client)
    [shown, *_] = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    names: dict[str, Any] = {"__name__": "push_and_read"}
    exec(shown, names)
    names["api"] = lambda *_: nullcontext()
    return names


@pytest.fixture
def export(tmp_path: Path) -> Path:
    file = tmp_path / "rows.json"
    file.write_text(ROWS, encoding="utf-8")
    return file


def test_the_same_export_is_the_same_push(program: dict[str, Any], export: Path) -> None:
    program["push"](export)
    program["push"](export)
    first, second = Imports.pushed
    assert first == second
    assert first[1].as_of


def test_the_same_rows_exported_again_are_another_push(program: dict[str, Any], export: Path) -> None:
    program["push"](export)
    written = export.stat().st_mtime_ns
    os.utime(export, ns=(written, written + 1000))
    program["push"](export)
    os.utime(export, ns=(written, written + DAY_LATER))
    program["push"](export)
    assert len({key for key, _ in Imports.pushed}) == 3
    assert len({body.as_of for _, body in Imports.pushed}) == 2
    assert all(len(key) <= 200 for key, _ in Imports.pushed)
