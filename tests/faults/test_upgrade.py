"""An old consumer meets a new type and a new version of an event, until it is upgraded."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import ClassVar
from uuid import UUID, uuid4

import pytest

from deploy.local.system import SERVICES
from shared.contracts import meetings
from shared.contracts.envelope import Metadata
from shared.contracts.event import Event
from shared.contracts.meetings import Body, HeldSitting, MeetingScheduled, Part, PlannedSitting
from shared.database.pool import open_pool
from shared.eventstore.log import Append
from shared.eventstore.postgres import PostgresLog
from shared.messaging.postgres_store import PostgresStore
from shared.messaging.store import HeldKey
from tests.faults.rig import Rig
from tests.faults.workload import Load, World, recount_is_0
from tests.fixtures.waiting import eventually

pytestmark = [pytest.mark.faults, pytest.mark.long, pytest.mark.timeout(1800)]

STARTED = datetime(2071, 5, 3, 12, tzinfo=UTC)
UPGRADED = "tests.faults.upgraded"
READERS = {"reporting.facts", "attendance.meetings", "evaluation.meetings", "meetings.list"}


class MeetingStreamed(Event):
    """A type that no release so far declares."""

    meeting_id: UUID


class MeetingHeld(meetings.MeetingHeld):
    """As a later release writes it."""

    schema_version: ClassVar[int] = 2


def test_a_new_type_is_ignored_and_a_new_version_holds_its_key_until_the_upgrade(world: World) -> None:
    rig = world.rig

    async def write_as_a_later_release(load: Load) -> None:
        await load.more(10)
        cell = next(iter(load.actors.cells.values()))
        await append_new_events(rig, cell.unit_id)

        async def held_everywhere() -> bool:
            return {consumer for _, consumer, _ in await held(rig)} >= READERS

        await eventually(held_everywhere, "every reader has parked the new version", 240)
        assert {key.of.key for _, _, key in await held(rig)} == {str(cell.unit_id)}
        rig.say("one cell is held, as its event has a new version; the new type is ignored")
        await load.more(20)
        assert (await load.report())["incomplete"] == [str(cell.unit_id)]
        await recount_is_0(rig)
        # What reads the tables of another is held again, and says so, as long as that one is held.
        for service, consumer, key in sorted(await held(rig), key=lambda each: each[1] not in READERS):
            await redrive(rig, service, consumer, key)
        rig.say("upgraded and redriven")

    world.play_through(write_as_a_later_release, code=UPGRADED)
    world.sound = False  # for code of this release, which the next test will count again with


async def append_new_events(rig: Rig, cell: UUID) -> None:
    meeting, sitting = uuid4(), uuid4()
    plan = {"meeting_id": meeting, "unit_id": cell, "body": Body.CELL, "period": "2071-05", "parts": (Part.REGULAR,)}
    scheduled = MeetingScheduled(**plan, sittings=(PlannedSitting(sitting_id=sitting, starts_at=STARTED),))
    lasted = HeldSitting(sitting_id=sitting, started_at=STARTED, ended_at=STARTED.replace(hour=14))
    took_place = MeetingHeld(**plan, held_on=date(2071, 5, 3), sittings=(lasted,))
    events = (scheduled, MeetingStreamed(meeting_id=meeting), took_place)
    pool = await open_pool(rig.system.databases["meetings"])
    try:
        log = PostgresLog(pool, "meetings")
        await log.append(
            Append(f"meeting-{meeting}", 0, str(cell), uuid4(), events, Metadata(uuid4(), "client:later-release"))
        )
    finally:
        await pool.close()


async def held(rig: Rig) -> Sequence[tuple[str, str, HeldKey]]:
    """Service, consumer and key of all that is held anywhere."""
    found = []
    for service in SERVICES:
        pool = await open_pool(rig.owner_of(service))
        try:
            found += [(service, consumer, key) for consumer, key in await PostgresStore(pool).held_keys()]
        finally:
            await pool.close()
    return found


async def redrive(rig: Rig, service: str, consumer: str, key: HeldKey) -> None:
    for command in ("dry-run", "redrive"):
        place = (consumer, key.of.log_id, key.of.key)
        status, said = await rig.operate(service, "parked", command, *place, code=UPGRADED)
        assert status == 0, said
