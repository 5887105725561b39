"""A deployment by docker-compose.yml under a name and ports of its own, on the engine of this machine."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from deploy.local.ports import free_port
from deploy.local.system import PUBLISHERS

PROJECT = Path(__file__).parents[2]
FILES = ("--file", "docker-compose.yml", "--file", "tests/compose/without-grafana.yml")
# Far more than a start takes: a limit for what hangs.
UP_SECONDS = 1800


class Deployment:
    """Its containers, networks and volumes are called `name`-...; `down(volumes=True)` removes them all."""

    def __init__(self, name: str, *options: str, **variables: str) -> None:
        self.front_door = f"127.0.0.1:{free_port()}"
        self.prometheus = f"127.0.0.1:{free_port()}"
        self.name = name
        self._command = ["docker", "compose", "--project-name", name, *FILES, *options]
        published = {"FRONT_DOOR_PUBLISH": self.front_door, "PROMETHEUS_PUBLISH": self.prometheus}
        self._environment = {**os.environ, **published, **variables}

    def run(
        self, *arguments: str, check: bool = True, typed: str | None = None, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """`docker compose ARGUMENTS <TYPED`; AssertionError with its last words if it fails and `check` is asked."""
        done = subprocess.run(
            [*self._command, *arguments],
            cwd=PROJECT,
            env={**self._environment, **variables},
            input=typed,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0 or not check, f"{' '.join(arguments)}: {(done.stdout + done.stderr)[-3000:]}"
        return done

    def up(self) -> None:
        """Until every service is healthy and every job done; raises AssertionError with what containers said last."""
        started = self.run("up", "--detach", "--no-build", "--wait", "--wait-timeout", str(UP_SECONDS), check=False)
        assert started.returncode == 0, started.stderr[-500:] + self.run("logs", "--tail", "5").stdout

    def down(self, *, volumes: bool = False) -> None:
        self.run("down", *(["--volumes"] if volumes else []))

    def service(self, name: str, *arguments: str) -> str:
        """What `python -m services.NAME ARGUMENTS` says in the service's container."""
        return self.run("exec", "--no-TTY", name, "python", "-m", f"services.{name}", *arguments).stdout

    def all_agree(self) -> None:
        """Topics are full copies of their logs, and the figures are those that follow from the topics."""
        for service in PUBLISHERS:
            said = self.service(service, "log", "verify")
            assert "missing on the topic: none; only on the topic: none; different: none" in said
        assert "recount: 0 differences" in self.service("reporting", "recount")

    def containers(self) -> Sequence[Mapping[str, Any]]:
        """All that run, as the engine describes them."""
        ids = self.run("ps", "--quiet").stdout.split()
        described = subprocess.run(["docker", "inspect", *ids], capture_output=True, text=True, check=True).stdout
        found: list[Mapping[str, Any]] = json.loads(described)
        return found
