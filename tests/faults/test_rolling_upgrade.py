"""Version 0.1.0 on the schema of this one, beside it, and replaced by it, service by service, while a month goes on."""

import json
from pathlib import Path

import pytest

from deploy.local.system import ROOT, SERVICES, migrations
from samples.demo.door import Door
from samples.demo.job import AS_OF, CRITERIA
from samples.demo.people import INTEGRATOR
from samples.province.files import IMPORTS
from shared.database.migrate import migrate
from tests.faults.rig import Rig, running_rig
from tests.faults.workload import Load, World, plan_of
from tests.fixtures.release import VERSION_0_1_0, checked_out

pytestmark = [pytest.mark.faults, pytest.mark.long, pytest.mark.timeout(1800)]

CONSUMERS_FIRST = tuple(reversed(SERVICES))
UNUSED = "upgrade-2099"


def test_a_month_goes_on_while_version_0_1_0_is_replaced_service_by_service(tmp_path: Path) -> None:
    with running_rig(tmp_path / "system", code=checked_out(VERSION_0_1_0, tmp_path / "0.1.0")) as rig:

        async def upgrade(load: Load) -> None:
            await load.more(30)
            for service in CONSUMERS_FIRST:
                await migrate(rig.owner_of(service), *migrations(service))
            rig.say("every database has the new schema, every service is version 0.1.0")
            await import_a_file(load)
            await publish_criteria(load)
            await load.more(30)
            upgraded = {service: await replace(load, service) for service in CONSUMERS_FIRST}
            rig.say("every service is the new version")
            await withdraw_criteria(load)
            await load.more(30)
            serving = {service: rig.process(service) for service in SERVICES}
            assert serving == upgraded, "one has ended, and was started again as version 0.1.0"

        World(rig).play_through(upgrade)


async def replace(load: Load, service: str) -> object:
    """The new version beside the old one for a while, then alone: the process that serves from then on."""
    rig = load.rig
    beside = await rig.add_beside(service, PYTHONPATH=str(ROOT))
    if service == "meetings":
        await plan_through(load, rig, beside)
    await load.more(10)
    upgraded = await rig.restart(service, PYTHONPATH=str(ROOT))
    await load.more(10)
    await rig.suspend(beside)
    return upgraded


async def plan_through(load: Load, rig: Rig, name: str) -> None:
    """A cell plans with the new version while others plan with the old one."""
    door = Door(f"http://127.0.0.1:{rig.programs[name].port}")
    cell = next(iter(load.actors.cells.values()))
    try:
        await door.command("/meetings", plan_of(cell, "2098-01"), cell.secretary)
    finally:
        await door.close()


async def import_a_file(load: Load) -> None:
    """It changes nothing, but is kept with its preview."""
    mapping, name = IMPORTS[0]
    content = (load.rig.folder / "files" / name).read_bytes()
    token = load.rig.issuer.for_client(INTEGRATOR)
    preview = await load.upload("/membership/imports", token, content, name, mapping=mapping, as_of=AS_OF.isoformat())
    await load.command(f"/membership/imports/{preview['import_id']}/apply", {}, token)


async def publish_criteria(load: Load) -> None:
    """Of a year that nobody scores."""
    criteria = json.loads(CRITERIA.read_text(encoding="utf-8"))
    unused = {"criteria_set": UNUSED, "valid_from": "2099-01-01", "unit_id": str(load.actors.province)}
    await load.command("/evaluation/criteria-sets", {**criteria, **unused}, load.actors.board)


async def withdraw_criteria(load: Load) -> None:
    """An event of a type that version 0.1.0 does not have."""
    path = f"/evaluation/criteria-sets/{UNUSED}/revisions/1/withdrawal"
    await load.command(path, {"reason": "wrong_entry"}, load.actors.board)
