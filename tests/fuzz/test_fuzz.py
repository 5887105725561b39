"""A small share of the inputs, always the same ones. Many more, with fresh seeds: `make fuzz`."""

from collections.abc import Iterator

import pytest
import structlog
from anyio.from_thread import BlockingPortal, start_blocking_portal

from tests.fixtures.databases import Databases
from tests.fuzz import consumers, files, records, requests
from tests.fuzz.aftermath import what_is_wrong
from tests.fuzz.system import SERVICES, System, system_in_thread
from tests.fuzz.target import Target

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(autouse=True)
def _unlogged() -> Iterator[None]:
    """Each refused request and record is one line, which nobody would read."""
    with structlog.testing.capture_logs():
        yield


@pytest.fixture(scope="module")
def portal() -> Iterator[BlockingPortal]:
    with start_blocking_portal() as opened:
        yield opened


@pytest.fixture(scope="module")
def system(portal: BlockingPortal, databases: Databases) -> Iterator[System]:
    with system_in_thread(portal, databases) as running:
        yield running


@pytest.mark.parametrize("target", [*records.TARGETS, *files.TARGETS], ids=lambda target: target.name)
def test_what_is_odd_is_read_or_refused_and_nothing_else(target: Target) -> None:
    target.explore(60)


def test_consumers_go_on_whatever_arrives(portal: BlockingPortal, databases: Databases) -> None:
    with consumers.targets(portal, databases) as targets:
        for target in targets:
            target.explore(40)


@pytest.mark.parametrize("service", [service.name for service in SERVICES])
def test_every_answer_is_documented_and_nothing_is_half_done(
    portal: BlockingPortal, system: System, service: str
) -> None:
    [target] = [target for target in requests.targets(portal, system) if target.name.endswith(service)]
    target.explore(25)


def test_afterwards_logs_are_whole_and_the_recount_finds_no_difference(portal: BlockingPortal, system: System) -> None:
    assert portal.call(what_is_wrong, system) == []
