"""Each service is ended by kill -9 once while the month is entered; nothing is lost, doubled or out of order."""

import pytest

from deploy.local.system import SERVICES
from tests.faults.workload import Load, World

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1800)]


def test_the_month_is_whole_after_each_process_was_killed_under_load(world: World) -> None:
    async def kill_each(load: Load) -> None:
        for victim in SERVICES:
            await load.more(25)
            await load.rig.kill(victim)

    world.play_through(kill_each)
