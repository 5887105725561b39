"""The examples of docs/integration.md, sent as they stand: a guide that does not run is worse than none."""

import json
import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from samples.province.files import IMPORTS, MEMBERS
from services.membership.app import SERVICE
from services.membership.settings import MembershipSettings
from shared.service import ClientSettings
from shared.web.roles import Role
from tests.integration.inprocess import running
from tests.integration.membership.conftest import MACHINE, Sender

GUIDE = Path("docs/integration.md").read_text(encoding="utf-8")
PATHS = re.compile(r"/membership/(?P<of>units|members)/\{id\}/(?P<last>[a-z |]+)`")


def example(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)
    assert found, f"docs/integration.md has no {language} example"
    return found[1]


def answers() -> list[dict[str, Any]]:
    """What the guide says that the preview, then the apply, answer."""
    starts = [found.end() for found in re.finditer(r"^ +200 ", GUIDE, re.MULTILINE)]
    return [json.JSONDecoder().raw_decode(GUIDE, start)[0] for start in starts]


@pytest.fixture
async def sender(
    service_database: Callable[[str], Awaitable[str]], folder: Path, tmp_path: Path
) -> AsyncIterator[Sender]:
    """A province with its units and members, and the guide's own mapping beside the sample's."""
    mappings = shutil.copytree("samples/mapping", tmp_path / "mapping")
    (mappings / "guide.toml").write_text(example("toml"), encoding="utf-8")
    url = await service_database("membership")
    settings = MembershipSettings(
        database_url=url,
        identity_secret="only for this test",
        mappings=mappings,
        clients={"hr-system": ClientSettings(role=Role.INTEGRATOR)},
    )
    async with running(SERVICE, url, settings) as service:
        sender = Sender(service, folder)
        for mapping, name in IMPORTS[: [name for _, name in IMPORTS].index(MEMBERS) + 1]:
            await sender.applied(mapping, (folder / name).read_bytes())
        yield sender


async def test_the_mapping_and_the_file_of_the_guide_fit_each_other_and_the_sample(sender: Sender) -> None:
    preview = await sender.preview("guide", example("csv").encode())
    assert (preview["unchanged"], preview["changes"], preview["problems"]) == (1, [], [])


async def test_the_mapping_of_the_guide_keeps_the_end_of_a_status_that_it_cannot_say(sender: Sender) -> None:
    title, headings, row = example("csv").splitlines()
    exempt = row.replace("Đang sinh hoạt", "Miễn sinh hoạt")
    whole = f"{title}\n{headings},Từ ngày,Đến ngày,Mã chi bộ sinh hoạt tạm thời\n{exempt},05/03/2026,30/06/2026,"
    assert (await sender.applied("members", whole.encode()))["changed"] == 1
    file = "\n".join([title, headings, row.replace("Đang sinh hoạt", "exempt")]).encode()
    assert (await sender.preview("guide", file, "2026-04-01"))["unchanged"] == 1
    assert (await sender.preview("guide", file, "2026-07-01"))["changed"] == 1


async def test_the_preview_and_the_apply_answer_what_the_guide_shows(sender: Sender) -> None:
    shown, applied = answers()
    title, headings, row = example("csv").splitlines()
    moved = row.replace("HT-905432", "X-1").replace("42.001.001.000.001", "42.999.000.000.001")
    undated = row.replace("HT-905432", "X-2").replace("01/07/2025", "31/02/2026")
    file = "\n".join([title, headings, row.replace("Đang sinh hoạt", "Đình chỉ sinh hoạt"), moved, undated])

    preview = await sender.preview("guide", file.encode())
    done = await sender.apply(preview["import_id"], leave_out=[4, 5])

    said = {"changes", "unknown_parents", "problems", "new", "changed", "ended", "state"}
    assert {name: preview[name] for name in said} == {name: shown[name] for name in said}
    assert shown.keys() <= preview.keys()
    assert (done.json().keys(), done.json()["rows"]) == (applied.keys(), applied["rows"])


async def test_rows_of_the_guide_are_pushed_as_they_stand_in_its_file(sender: Sender) -> None:
    _, headings, row = example("csv").splitlines()
    record = dict(zip(headings.split(","), row.split(","), strict=True))
    assert f'"{headings.split(",")[0]}": "{row.split(",")[0]}"' in GUIDE
    body = {"mapping": "guide", "as_of": "2026-03-01", "rows": [record]}
    done = (await sender.service.post("/imports/rows", body, Authorization=MACHINE)).json()
    assert (done["state"], done["unchanged"], done["problems"]) == ("applied", 1, [])


def test_the_paths_of_the_guide_exist() -> None:
    matrix = Path("tests/contracts/access_matrix.csv").read_text(encoding="utf-8")
    named = [
        f"membership,POST,/{found['of']}/{{{found['of'][:-1]}_id}}/{last}"
        for found in PATHS.finditer(GUIDE)
        for last in found["last"].split(" | ")
    ]
    assert len(named) > 5
    assert [path for path in named if f"{path}," not in matrix] == []
