"""The order in which a cluster is brought to a new version: schemas, then consumers before producers."""

import os
import subprocess
from pathlib import Path

from deploy.local.system import ROOT, SERVICES

KUBECTL = '#!/bin/sh\necho "$*" >> "$SAID"\ncase "$*" in $REFUSED) exit 1 ;; esac\n'


def rolled(folder: Path, refused: str = "") -> tuple[int, list[str]]:
    """Exit status of roll.sh, and what it told kubectl, which refuses what matches `refused`."""
    (folder / "kubectl").write_text(KUBECTL)
    (folder / "kubectl").chmod(0o755)
    said = folder / "said"
    env = {"PATH": f"{folder}:{os.environ['PATH']}", "SAID": str(said), "REFUSED": refused}
    done = subprocess.run(
        ["/bin/sh", str(ROOT / "deploy" / "kubernetes" / "roll.sh"), "overlay"],
        env=env,
        capture_output=True,
        check=False,
    )
    return done.returncode, said.read_text().splitlines()


def test_consumers_are_replaced_before_producers_and_each_serves_before_the_next(tmp_path: Path) -> None:
    status, said = rolled(tmp_path)
    assert status == 0
    steps = [line for line in said if "app.kubernetes.io/name=" in line]
    order = [(line.split()[0], line.partition("name=")[2].split(",")[0].split()[0]) for line in steps]
    assert order == [(step, service) for service in reversed(SERVICES) for step in ("apply", "rollout")]


def test_no_service_is_replaced_before_every_schema_is_there(tmp_path: Path) -> None:
    status, said = rolled(tmp_path, refused="wait*condition=Complete*")
    assert status != 0
    assert not [line for line in said if "app.kubernetes.io/name=" in line]
