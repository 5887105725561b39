"""A running system whose services send their spans to a real collector."""

from collections.abc import Iterator

import pytest

from deploy.local.system import SERVICES
from tests.e2e.conftest import Played, played
from tests.fixtures.go_modules import Missing
from tests.tracing.jaeger import Jaeger, running_jaeger

__all__ = ["played"]


@pytest.fixture(scope="session")
def jaeger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jaeger]:
    try:
        with running_jaeger(tmp_path_factory.mktemp("jaeger")) as running, pytest.MonkeyPatch.context() as environment:
            for service in SERVICES:
                environment.setenv(f"{service.upper()}_OTLP_ENDPOINT", running.otlp)
            yield running
    except Missing as lack:
        pytest.exit(f"make test-tracing: {lack}", returncode=1)


@pytest.fixture(scope="package")
def collected(jaeger: Jaeger, played: Played) -> Played:  # noqa: ARG001 - the services find it, so it is there first
    return played
