"""Each import contract of pyproject.toml, seen failing: a guard counts once a planted violation trips it."""

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")
STRAY = "utils.py"

# (contract, file, line that is added to it). A file that does not exist is made.
VIOLATIONS = [
    (
        "services know nothing of each other",
        "services/meetings/queries.py",
        "import services.attendance.queries",
    ),
    (
        "shared never imports a service, nor what deploys or samples it",
        "shared/decider.py",
        "import services.meetings.settings",
    ),
    (
        "shared never imports a service, nor what deploys or samples it",
        "shared/decider.py",
        "import samples.month",
    ),
    (
        "the domain knows no driver, no framework, no infrastructure",
        "services/attendance/domain/roll_call.py",
        "import fastapi",
    ),
    (
        "the domain knows no driver, no framework, no infrastructure",
        "shared/decider.py",
        "import shared.database.pool",
    ),
    (
        "the relay and the consumer are cores over ports",
        "shared/messaging/relay.py",
        "import aiokafka",
    ),
    (
        "FastStream stays in one module",
        "shared/messaging/consumer.py",
        "import faststream",
    ),
    (
        "the recount is a second path to the figures",
        "services/reporting/tally.py",
        "import services.reporting.figures",
    ),
    (
        "inside a service with aggregates: composition, ways in, reads, domain",
        "services/meetings/domain/meeting.py",
        "import services.meetings.queries",
    ),
    (
        "inside a service with aggregates: composition, ways in, reads, domain",
        f"services/attendance/{STRAY}",
        "",
    ),
    (
        "inside reporting: composition, ways in, questions, tables and fold, facts",
        "services/reporting/figures.py",
        "import services.reporting.queries",
    ),
    (
        "inside reporting: composition, ways in, questions, tables and fold, facts",
        f"services/reporting/{STRAY}",
        "",
    ),
    (
        "inside operations: composition, ways in, what is seen, words",
        "services/operations/overview.py",
        "import services.operations.api",
    ),
    (
        "inside operations: composition, ways in, what is seen, words",
        f"services/operations/{STRAY}",
        "",
    ),
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code alone, where it can be spoilt."""
    root = tmp_path_factory.mktemp("copy")
    for package in settings()["root_packages"]:
        shutil.copytree(ROOT / package, root / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", root)
    return root


@pytest.mark.parametrize(("contract", "file", "line"), VIOLATIONS, ids=[f"{v[1]}: {v[2]}" for v in VIOLATIONS])
def test_a_planted_violation_breaks_its_contract(copy: Path, contract: str, file: str, line: str) -> None:
    with planted(copy / file, line):
        status, said = lint(copy)

    assert status != 0
    assert f"{contract} BROKEN" in said, said


def test_every_contract_has_been_seen_failing() -> None:
    assert {contract for contract, _, _ in VIOLATIONS} == {contract["name"] for contract in settings()["contracts"]}


def test_every_service_has_its_layers() -> None:
    """Exhaustive contracts see every module of a service that they name; this sees every service."""
    layered = {
        container
        for contract in settings()["contracts"]
        if contract["type"] == "layers" and contract["exhaustive"]
        for container in contract["containers"]
    }
    assert layered == {f"services.{path.parent.name}" for path in ROOT.glob("services/*/__init__.py")}


def settings() -> dict[str, Any]:
    tools: dict[str, dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    return tools["importlinter"]


@contextmanager
def planted(file: Path, line: str) -> Iterator[None]:
    before = file.read_text() if file.exists() else None
    file.write_text(f"{before or ''}\n{line}\n")
    yield
    if before is None:
        file.unlink()
    else:
        file.write_text(before)


def lint(root: Path) -> tuple[int, str]:
    """The exit status of `lint-imports` there, and what it printed, on lines wide enough for a contract's name."""
    done = subprocess.run(
        [LINT_IMPORTS, "--no-logo", "--no-cache"],
        cwd=root,
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr
