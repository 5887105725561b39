"""What usually goes wrong on a fresh machine is one line of `make env`."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "requirements" / "install.sh"


def install(folder: Path, python: str) -> str:
    """Runs the script with a stand-in for Python (a shell script); what it says in the end. It must fail."""
    interpreter = folder / "python3.11"
    interpreter.write_text(f"#!/bin/sh\n{python}\n")
    interpreter.chmod(0o755)
    environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "PYTHON": str(interpreter)}
    done = subprocess.run(
        ["/bin/sh", str(SCRIPT), "venv", "requirements.txt"],
        cwd=folder,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    return line


def test_no_python(tmp_path: Path) -> None:
    done = subprocess.run(
        ["/bin/sh", str(SCRIPT), "venv", "requirements.txt"],
        cwd=tmp_path,
        env={**os.environ, "PYTHON": "python3.11-that-is-not-there"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "is not on the PATH. Install Python 3.11" in done.stderr


def test_an_old_python(tmp_path: Path) -> None:
    assert "is older than Python 3.11" in install(tmp_path, 'case "$2" in *version_info*) exit 1;; esac')


def test_a_python_without_venv(tmp_path: Path) -> None:
    assert "lacks the venv module" in install(tmp_path, 'case "$2" in *ensurepip*) exit 1;; esac')


@pytest.mark.parametrize(
    ("pip_says", "line"),
    [
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "differs from its hash"),
        ("WARNING: Retrying: NewConnectionError('Temporary failure in name resolution')", "no network"),
        ("ERROR: Could not find a version that satisfies the requirement a==1 (from versions: none)", "no network"),
        ("ERROR: Could not find a version that satisfies the requirement a==1 (from versions: 2)", "no wheel for this"),
        ("ERROR: something that nobody foresaw", "pip failed: ERROR: something that nobody foresaw"),
    ],
)
def test_what_pip_says_is_one_line(tmp_path: Path, pip_says: str, line: str) -> None:
    (tmp_path / "pip").write_text(f'#!/bin/sh\n[ "$3" = --version ] && exit 0\necho "{pip_says}"\nexit 1\n')
    (tmp_path / "pip").chmod(0o755)
    makes_venv = 'if [ "$2" = venv ]; then mkdir -p venv/bin && cp pip venv/bin/python; fi'
    assert line in install(tmp_path, makes_venv)


def test_an_environment_that_was_cut_off_is_made_anew(tmp_path: Path) -> None:
    half = tmp_path / "venv" / "bin" / "python"
    half.parent.mkdir(parents=True)
    half.write_text("#!/bin/sh\nexit 1\n")
    half.chmod(0o755)
    assert "pip failed: made anew" in install(tmp_path, 'if [ "$2" = venv ]; then echo "made anew"; exit 1; fi')
