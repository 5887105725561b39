"""The suites that `make test` leaves out fit together, and a test that never ends does not keep the others from it."""

import subprocess
import sys
from pathlib import Path

LEFT_OUT = "browser or compose or kubernetes or oidc or tls or tracing or long"
ENDLESS = """
import asyncio, time

async def test_waits(): await asyncio.sleep(60)
def test_sleeps(): time.sleep(60)
def test_after(): pass
"""
KILLED = "import os\ndef test_ends_its_process(): os._exit(1)\ndef test_after(): pass\n"


def pytest(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "--quiet", *arguments]
    return subprocess.run(
        command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False, timeout=100
    )


def test_every_suite_that_is_left_out_could_be_set_up() -> None:
    done = pytest("--setup-plan", "-m", LEFT_OUT, "tests")
    assert done.returncode == 0, done.stdout[-2000:]


def in_one_process(file: Path, source: str) -> subprocess.CompletedProcess[str]:
    """Runs the tests of `source` as `make test` runs its own."""
    file.write_text(source)
    ours = ("-c", "pyproject.toml", "--rootdir", ".", "-p", "tests.conftest")
    return pytest(*ours, "-n", "1", "-o", "timeout=1", str(file))


def test_a_test_that_never_ends_fails_by_its_name_and_the_others_run(tmp_path: Path) -> None:
    done = in_one_process(tmp_path / "test_endless.py", ENDLESS)
    assert "2 failed, 1 passed" in done.stdout, done.stdout[-2000:]


def test_a_test_that_ends_its_process_ends_the_run_by_its_name(tmp_path: Path) -> None:
    done = in_one_process(tmp_path / "test_killed.py", KILLED)
    assert "crashed while running" in done.stdout, done.stdout[-2000:]
    assert done.returncode == 1
