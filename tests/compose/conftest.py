"""Deployments in containers: only `make test-compose` runs these tests, and says what the machine lacks for them."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from tests.compose.deployment import Deployment
from tests.compose.images import images, missing

Make = Callable[..., Deployment]
Deployed = Callable[..., AbstractContextManager[Deployment]]


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
