"""Services, relays and consumers under faults: nothing is lost, doubled or out of order, whatever happens when.

`seeds.csv` holds the runs of the suite; one that ever found a fault stays, with what it found. More, with fresh seeds:
`make simulate MINUTES=5`.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import structlog

from shared.messaging import memory_relay_store
from tests.simulation.run import Plan, SimulationFailed, Summary, simulate
from tests.simulation.shrink import read, shrink, story, written

with (Path(__file__).parent / "seeds.csv").open() as file:
    SEEDS = {int(row["seed"]): int(row["steps"]) for row in csv.DictReader(file)}
WHAT_HAPPENS = (
    "append", "backup", "commit without an answer", "database restored", "dry run", "gap", "late request to the broker",
    "leader's session lost", "log recovered from its topic", "log republished", "offset out of range", "poison",
    "process frozen", "process killed", "process woken", "rebalanced", "redrive", "relay refused",
    "send without an answer", "term ended: Fenced", "topic cut", "topic made anew", "zombie in the middle of a batch",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """The product logs every fault that it overcomes, and a run has hundreds."""
    with structlog.testing.capture_logs():
        yield


@cache
def run(seed: int) -> Summary:
    return simulate(Plan.of(seed, SEEDS[seed]))


@pytest.mark.parametrize("seed", SEEDS)
def test_everything_becomes_right_after_any_faults(seed: int) -> None:
    try:
        assert run(seed).events > 0
    except SimulationFailed as failed:
        pytest.fail(story(shrink(failed, tries=100)))


def test_the_suite_has_ten_thousand_steps_in_which_everything_happens() -> None:
    count = sum((run(seed).count for seed in SEEDS), Counter())
    assert sum(SEEDS.values()) >= 10_000
    assert [what for what in WHAT_HAPPENS if not count[what]] == []


def test_processes_are_killed_at_every_failpoint() -> None:
    code = "".join(path.read_text() for path in Path("shared/messaging").glob("*.py"))
    count = sum((run(seed).count for seed in SEEDS), Counter())
    names = re.findall(r'failpoint\("([a-z_.]+)"\)', code)
    assert names
    assert [name for name in names if not count[f"killed at {name}"]] == []


def test_a_seed_replays_exactly() -> None:
    assert simulate(Plan.of(17, 300)) == simulate(Plan.of(17, 300))
    assert simulate(Plan.of(17, 300)).digest != simulate(Plan.of(18, 300)).digest


def test_a_failing_run_shrinks_to_a_story_that_can_be_read_and_replayed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_relay_store._Leading, "_check", lambda _: None)  # nobody is fenced
    with pytest.raises(SimulationFailed, match="an epoch that is over") as raised:
        simulate(Plan.of(1))
    shrunk = shrink(raised.value)
    assert len(shrunk.plan.steps) < min(40, len(raised.value.plan.steps))
    told = story(shrunk)
    assert told.count("moves the checkpoint") >= 1
    assert "   1. a user writes to membership" in told
    with pytest.raises(SimulationFailed) as again:
        simulate(read(written(shrunk.plan)))
    assert again.value.trace == shrunk.trace
