"""A relay and consumers stand still (SIGSTOP) past their takeover, at the worst moment, and wake among successors."""

import asyncpg
import pytest

from tests.faults.rig import Rig
from tests.faults.workload import Load, World
from tests.fixtures.waiting import eventually

pytestmark = [pytest.mark.faults, pytest.mark.long, pytest.mark.timeout(1800)]

# After 20 s the database ends the session of a leader that says nothing.
TAKEOVER_SECONDS = 240


def test_a_leader_frozen_between_a_send_and_its_checkpoint_is_replaced_and_wakes_harmless(world: World) -> None:
    rig = world.rig
    worker = rig.add_worker("meetings")

    async def freeze_the_leader(load: Load) -> None:
        await rig.restart(worker, FAILPOINT="relay.sent:SIGSTOP")
        await rig.restart("meetings")  # whose leadership falls to the worker
        await rig.froze(worker)
        epoch = await epoch_of(rig, "meetings")

        async def replaced() -> bool:
            return await epoch_of(rig, "meetings") > epoch

        await eventually(replaced, "the service itself leads", TAKEOVER_SECONDS)
        await load.more(20)
        rig.wake(worker)
        rig.say(f"{worker} wakes")
        await load.more(20)

    world.play_through(freeze_the_leader)
    rig.supervisor.suspend(worker)


@pytest.mark.parametrize("failpoint", ["consumer.before_commit", "consumer.after_commit"])
def test_a_consumer_frozen_inside_or_after_a_transaction_holds_nobody_up_and_wakes_harmless(
    world: World, failpoint: str
) -> None:
    rig = world.rig
    worker = rig.add_worker("reporting")

    async def freeze_one_of_two(load: Load) -> None:
        await rig.restart(worker, FAILPOINT=f"{failpoint}:SIGSTOP")
        await rig.froze(worker)
        await load.more(20)
        # Locks of a frozen transaction are held until the database ends its session, a minute later.
        assert load.playing
        await load.playing
        await load.settled()
        rig.wake(worker)
        rig.say(f"{worker} wakes, the other one has gone on without it")

    world.play_through(freeze_one_of_two)
    rig.supervisor.suspend(worker)


async def epoch_of(rig: Rig, service: str) -> int:
    connection = await asyncpg.connect(rig.owner_of(service))
    try:
        return int(await connection.fetchval("SELECT epoch FROM relay_checkpoint"))
    finally:
        await connection.close()
