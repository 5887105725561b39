"""Members are erased, one in the middle of the month: figures and digests stay, and no topic ever knew a person."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest

from samples.demo.people import INTEGRATOR, Cell
from samples.province.model import SampleMember
from tests.faults.scan import every_record
from tests.faults.workload import PROVINCE, Load, World

pytestmark = [pytest.mark.faults, pytest.mark.long, pytest.mark.timeout(1800)]


def test_an_erased_member_leaves_figures_and_digests_as_they_were_and_no_trace_on_any_topic(world: World) -> None:
    async def erase_two(load: Load) -> None:
        first, second, *_ = load.actors.cells.values()
        await load.more(40)
        erased = [await erase_one_of(load, first)]
        assert load.playing
        await load.playing
        await load.settled()
        before = await figures(load)
        erased.append(await erase_one_of(load, second))
        await load.settled()
        assert await figures(load) == before
        await no_trace(load, erased)

    world.play_through(erase_two)


async def erase_one_of(load: Load, cell: Cell) -> SampleMember:
    """The first of the cell who has a name."""
    page = await load.read(f"/membership/units/{cell.unit_id}/members", cell.secretary)
    member = next(each for each in page["members"] if each["name"])
    path = f"/membership/members/{member['member_id']}"
    await load.command(f"{path}/erasure", {}, load.rig.issuer.for_client(INTEGRATOR))
    seen = await load.read(path, cell.secretary)
    assert (seen["name"], seen["born_on"]) == (None, None)
    load.rig.say(f"member {member['member_id']} is erased")
    who = cell.code, member["name"], member["born_on"]  # a day as the office wrote it
    [person] = [each for each in PROVINCE.members if (each.cell, each.name, f"{each.born_on:%d/%m/%Y}") == who]
    return person


async def figures(load: Load) -> Mapping[UUID, Any]:
    """Of the province and of every cell, digests among them."""
    units = [load.actors.province, *(cell.unit_id for cell in load.actors.cells.values())]
    reports = [await load.read(f"/reporting/reports/{unit}/{load.period}", load.actors.board) for unit in units]
    assert all("digests" in report["unit"]["figures"] for report in reports)
    return {unit: report["unit"]["figures"] for unit, report in zip(units, reports, strict=True)}


async def no_trace(load: Load, erased: list[SampleMember]) -> None:
    written = [
        b"|".join([record.key or b"", record.value or b"", *(value for _, value in record.headers)])
        for record in await every_record(load.rig.system.kafka)
    ]
    days = [f"{member.born_on:{form}}" for member in erased for form in ("%d/%m/%Y", "%Y-%m-%d")]
    traces = [*days, *(trace for member in erased for trace in (member.name, member.code))]
    for trace in traces:
        assert not [record for record in written if trace.encode() in record], f"a topic knows {trace}"
    load.rig.say(f"none of {len(written)} records holds {', '.join(traces)}")
