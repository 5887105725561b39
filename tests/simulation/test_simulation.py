"""Log, relays and consumers under faults: nothing is lost, doubled or out of order, whatever happens when.

More runs, with fresh seeds: `python -m tests.simulation --minutes 5`.
"""

import pytest

from tests.simulation.run import simulate


@pytest.mark.parametrize("seed", range(1, 21))
def test_everything_becomes_right_after_any_faults(seed: int) -> None:
    assert simulate(seed, steps=400).events > 0


def test_a_seed_replays_exactly() -> None:
    assert simulate(17, steps=200) == simulate(17, steps=200)
    assert simulate(17, steps=200).digest != simulate(18, steps=200).digest
