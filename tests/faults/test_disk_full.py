"""The disk of PostgreSQL, then that of Kafka, is full to the last byte; later there is space again."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.faults.asking import Planner, planner
from tests.faults.rig import running_rig
from tests.faults.small_disk import Disk, small_disk
from tests.faults.workload import Load, World
from tests.fixtures.waiting import eventually

pytestmark = [pytest.mark.faults, pytest.mark.long, pytest.mark.timeout(1800)]

FULL_SECONDS = 15.0


@dataclass
class Cramped:
    world: World
    postgres: Disk
    kafka: Disk


@pytest.fixture(scope="module")
def cramped(run_folder: Path) -> Iterator[Cramped]:
    folder = run_folder / "cramped"  # never among pytest's own: a run that is killed leaves what is mounted
    with (
        small_disk(folder / "postgres", 700) as postgres,
        small_disk(folder / "kafka", 300) as kafka,
        running_rig(folder) as rig,
    ):
        yield Cramped(World(rig), postgres, kafka)


def test_without_space_for_postgresql_commands_are_refused_clearly_and_done_once_afterwards(cramped: Cramped) -> None:
    rig = cramped.world.rig

    async def fill_the_disk(load: Load) -> None:
        await load.more(20)
        cramped.postgres.fill()
        async with planner(load, 2040) as plans:
            refused = await first_refused(plans)
        assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (503, "log-unavailable")
        assert int(refused.headers["Retry-After"]) > 0
        rig.say(f"the disk is full: {refused.json()['detail']}")
        cramped.postgres.free()
        await rig.start_servers()  # it may have ended
        rig.say("there is space again")
        await load.more(10)

    cramped.world.play_through(fill_the_disk)


async def first_refused(plans: Planner) -> httpx.Response:
    """Commands go on as long as they fit into what PostgreSQL has; the first that does not."""
    async with asyncio.timeout(120):
        while (answer := await plans.plan_one()).status_code == 200:
            pass
    return answer


def test_without_space_for_kafka_commands_succeed_and_what_they_wrote_follows_afterwards(cramped: Cramped) -> None:
    rig = cramped.world.rig

    async def fill_the_disk(load: Load) -> None:
        await load.more(20)
        cramped.kafka.fill()

        async def ended() -> bool:
            return rig.system.servers.kafka_processes[0].exit_status() is not None

        async with planner(load, 2050) as plans:
            planned = await plans.plan_for(FULL_SECONDS)
        await eventually(ended, "a broker without space ends", 240)
        rig.say(f"the broker has ended; {planned} commands succeeded")
        cramped.kafka.free()
        await rig.start_servers()
        rig.say("there is space again")
        await load.more(10)

    cramped.world.play_through(fill_the_disk)
