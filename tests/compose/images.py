"""The images of a test deployment. Nothing is pulled: the engine has them, or the tests say what it lacks."""

import os
import shutil
import subprocess
from pathlib import Path

BASES = {
    "POSTGRES_IMAGE": "postgres:17",
    "KAFKA_IMAGE": "apache/kafka:4.3.1",
    "PYTHON_IMAGE": "python:3.11-slim-bookworm",
}
PROMETHEUS = "prom/prometheus:v3.5.0"
OURS = "sinh-hoat-chi-bo/test"
OF_THE_OFFICIAL_KAFKA = "/etc/kafka/docker/launch"


def missing() -> str | None:
    """What this machine lacks for a deployment; None if it has all."""
    if shutil.which("docker") is None or not _succeeds("docker", "compose", "version"):
        return "no docker command with its compose plugin"
    if not _succeeds("docker", "version"):
        return "no Docker engine answers"
    lacking = [image for image in map(_base, BASES) if not _has(image)]
    return f"the engine lacks the images {', '.join(lacking)}" if lacking else None


def images() -> dict[str, str]:
    """Variables of docker-compose.yml: the engine's images; where they are stand-ins, what these need beside them."""
    kafka, prometheus = _base("KAFKA_IMAGE"), os.environ.get("PROMETHEUS_IMAGE", PROMETHEUS)
    if not _succeeds("docker", "run", "--rm", "--entrypoint", "test", kafka, "-e", OF_THE_OFFICIAL_KAFKA):
        kafka = _made("kafka", "--build-arg", f"KAFKA_IMAGE={kafka}")
    if not _has(prometheus):
        prometheus = _made("prometheus")
    return {"KAFKA_IMAGE": kafka, "PROMETHEUS_IMAGE": prometheus}


def _base(variable: str) -> str:
    return os.environ.get(variable, BASES[variable])


def _made(name: str, *arguments: str) -> str:
    folder, tag = Path(__file__).parent, f"{OURS}-{name}"
    file = str(folder / f"{name}.Dockerfile")
    command = ["docker", "build", "--quiet", "--tag", tag, "--file", file, *arguments, str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    return tag


def _has(image: str) -> bool:
    return _succeeds("docker", "image", "inspect", image)


def _succeeds(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
