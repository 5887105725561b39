"""PostgreSQL is stopped at once, as by a power cut, and started again; its answers to COMMIT are lost."""

from uuid import uuid4

import pytest

from tests.faults.asking import planner
from tests.faults.workload import Load, World, plan_of
from tests.fixtures.commit_proxy import Lost, commit_proxy
from tests.fixtures.waiting import eventually

pytestmark = [pytest.mark.faults, pytest.mark.long, pytest.mark.timeout(1800)]


def test_the_month_is_whole_after_postgresql_stopped_at_once_under_load(world: World) -> None:
    async def stop_it_twice(load: Load) -> None:
        for _ in range(2):
            await load.more(30)
            await load.rig.restart_postgres()
            load.rig.say("PostgreSQL was stopped at once, and runs again")

    world.play_through(stop_it_twice)


def test_commands_whose_commit_was_not_answered_are_done_once_and_repeat_their_answer(world: World) -> None:
    rig = world.rig

    async def lose_answers(load: Load) -> None:
        address = rig.system.databases["meetings"]
        async with commit_proxy(address, Lost.AFTER, lose=lambda number: number % 3 == 0) as (proxy, url):
            await rig.restart("meetings", MEETINGS_DATABASE_URL=url)

            async def many() -> bool:
                return proxy.commits_lost >= 10

            await eventually(many, "ten COMMITs without an answer", 240)
            await repeat_a_command(load)
            rig.say(f"the answers to {proxy.commits_lost} COMMITs were lost")
            await rig.restart("meetings")

    world.play_through(lose_answers)


async def repeat_a_command(load: Load) -> None:
    cell, key = next(iter(load.actors.cells.values())), uuid4().hex
    body = plan_of(cell, "2060-01")
    async with planner(load, 2060) as plans:
        first, again = [await plans.send(cell, body, key) for _ in range(2)]
    assert (first.status_code, again.status_code) == (200, 200), (first.text, again.text)
    assert (first.json(), first.headers["X-Log-Position"]) == (again.json(), again.headers["X-Log-Position"])
