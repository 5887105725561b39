"""The suites that `make test` leaves out fit together: each test finds its fixtures, though none of them is made."""

import subprocess
import sys
from pathlib import Path

LEFT_OUT = "browser or compose or kubernetes or oidc or tls or tracing or long"


def test_every_suite_that_is_left_out_could_be_set_up() -> None:
    command = [sys.executable, "-m", "pytest", "--setup-plan", "--quiet", "-m", LEFT_OUT, "tests"]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
