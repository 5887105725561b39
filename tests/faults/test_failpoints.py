"""A service ends as by kill -9 at each named step while the month is entered, and comes back."""

import re
from pathlib import Path

import pytest

from tests.faults.workload import Load, World

ROOT = Path(__file__).parents[2]

TRIED = {
    "relay.sent": "meetings",
    "relay.checkpointed": "meetings",
    "log.before_commit": "meetings",
    "relay.elected": "evaluation",
    "relay.told": "membership",
    "log.after_commit": "meetings",
    "consumer.before_commit": "reporting",
    "consumer.after_commit": "evaluation",
}
# No month comes by it: by the test that does.
ELSEWHERE = {"webhook.sent": ROOT / "tests/integration/operations/webhooks/test_whole_way.py"}


def test_every_failpoint_of_the_code_is_tried() -> None:
    sources = [path for folder in ("shared", "services") for path in (ROOT / folder).rglob("*.py")]
    named = (re.findall(r'^ +failpoint\("(.+)"\)', path.read_text(), re.MULTILINE) for path in sources)
    assert {name for names in named for name in names} == TRIED.keys() | ELSEWHERE.keys()
    assert [name for name, test in ELSEWHERE.items() if f'FAILPOINT="{name}"' not in test.read_text()] == []


@pytest.mark.faults
@pytest.mark.long
@pytest.mark.timeout(1800)
def test_a_service_killed_at_any_step_leaves_nothing_half_done(world: World) -> None:
    async def kill_at_each(load: Load) -> None:
        for failpoint, service in TRIED.items():
            armed = await load.rig.restart(service, FAILPOINT=failpoint)
            await load.rig.replaced(service, armed)
            load.rig.say(f"{service} was killed at {failpoint}")

    world.play_through(kill_at_each)
