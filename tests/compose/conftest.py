"""Deployments in containers: only `make test-compose` runs these tests, and says what the machine lacks for them."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from samples.demo import job
from samples.demo.door import Door
from shared.web.issuer import DemoIssuer
from tests.compose.deployment import PROJECT, Deployment
from tests.compose.images import images, missing

Make = Callable[..., Deployment]
Deployed = Callable[..., AbstractContextManager[Deployment]]

ISSUER = "http://127.0.0.1:8080/issuer"
PATIENCE = 900.0


@pytest.fixture(scope="session")
def make() -> Make:
    """A deployment of the images that this code makes; nothing runs yet."""
    if (lack := missing()) is not None:
        pytest.skip(f"needs an engine with the base images (docs/deploy.md): {lack}")
    chosen = images()
    Deployment("sinh-hoat-chi-bo-build", "--env-file", "deploy/demo.env", **chosen).run("build")
    return lambda name, *options, **variables: Deployment(name, *options, **chosen, **variables)


@pytest.fixture(scope="session")
def deployed(make: Make) -> Deployed:
    """The same, up for a block, and at its end gone with its volumes."""

    @contextmanager
    def up(name: str, *options: str, **variables: str) -> Iterator[Deployment]:
        deployment = make(name, *options, **variables)
        deployment.down(volumes=True)  # of a run that was killed
        try:
            deployment.up()
            yield deployment
        finally:
            deployment.down(volumes=True)

    return up


@pytest.fixture(scope="session")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of secrets and certificates, made as `make secrets` makes them."""
    folder: Path = tmp_path_factory.mktemp("deployment") / "secrets"
    for script in ("deploy/secrets.sh", "deploy/certificates.sh"):
        subprocess.run(["sh", script, str(folder)], cwd=PROJECT, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def issuer(deployment: Deployment, tmp_path_factory: pytest.TempPathFactory) -> DemoIssuer:
    """Signs with the key of the deployment's own issuer, which no endpoint gives."""
    folder: Path = tmp_path_factory.mktemp("issuer") / "keys"
    deployment.run("cp", "issuer:/keys", str(folder))
    return DemoIssuer(folder, ISSUER)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that builds images beside the test is slow."""
    monkeypatch.setattr(Door, "patience", PATIENCE)
    monkeypatch.setattr(job, "STILL_SECONDS", PATIENCE)
