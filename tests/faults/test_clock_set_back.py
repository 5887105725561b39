"""The databases' clock is set back an hour: recorded times never run backwards, and what was known stays known."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from deploy.local.system import PUBLISHERS
from samples.demo.door import Door
from tests.faults.rig import Rig
from tests.faults.workload import Load, World
from tests.fixtures.waiting import eventually

pytestmark = [pytest.mark.faults, pytest.mark.long, pytest.mark.timeout(1800)]

SET_BACK = (Path(__file__).parent / "set_back.sql").read_text()
FOUND_FIRST = 'ALTER DATABASE "{}" SET search_path = set_back, pg_catalog, public'
FOUND_NO_MORE = 'ALTER DATABASE "{}" RESET search_path'


def test_the_clock_set_back_changes_nothing_that_was_recorded_or_known_before(world: World) -> None:
    rig = world.rig

    async def set_the_clock_back(load: Load) -> None:
        await load.more(40)
        async with load.held():
            moment = datetime.now(UTC)
            known = await figures_at(load, moment)
            heads = {service: await ask(rig, service, "SELECT max(position) FROM events") for service in PUBLISHERS}
            for service in PUBLISHERS:
                await rig.execute(service, SET_BACK, FOUND_FIRST.format(service))
                await rig.restart(service)
        await load.more(60)
        assert await ask(rig, "meetings", "SELECT clock_timestamp()") < moment - timedelta(minutes=50)
        for service, head in heads.items():
            first = await ask(rig, service, "SELECT min(recorded_at) FROM events WHERE position > $1", head)
            assert first is None or first > moment, f"{service} writes at {first} what was not known at {moment}"
        assert await figures_at(load, moment) == known
        rig.say("an hour earlier, and nothing that was known has changed")
        for service in PUBLISHERS:
            await rig.execute(service, FOUND_NO_MORE.format(service), "DROP SCHEMA set_back CASCADE")
            await rig.restart(service)

    world.play_through(set_the_clock_back)


async def figures_at(load: Load, moment: datetime) -> Any:
    """The province's figures as known at `moment`, once they are final."""
    found: list[Any] = []
    door = Door(load.rig.system.front_door)  # the load's own is held
    path = f"/reporting/reports/{load.actors.province}/{load.period}"

    async def final() -> bool:
        report = await door.read(path, load.actors.board, known_as_of=moment.isoformat())
        found.append(report["unit"]["figures"])
        return report["provisional"] is False

    try:
        await eventually(final, f"what was known at {moment} is final", 240)
    finally:
        await door.close()
    return found[-1]


async def ask(rig: Rig, service: str, question: str, *arguments: object) -> Any:
    connection = await asyncpg.connect(rig.system.databases[service])
    try:
        return await connection.fetchval(question, *arguments)
    finally:
        await connection.close()
