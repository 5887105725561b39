"""An API server for the manifests: only `make test-kubernetes` runs these tests, and says what the machine lacks."""

from collections.abc import Iterator

import pytest

from tests.fixtures.go_modules import Missing
from tests.kubernetes.cluster import Cluster, running_cluster


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    try:
        with running_cluster(tmp_path_factory.mktemp("kubernetes")) as running:
            yield running
    except Missing as lack:
        pytest.exit(f"make test-kubernetes: {lack}", returncode=1)
