"""The attendance service, with the small commune and a planned meeting of its first cell known to it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from services.attendance.app import SERVICE
from shared.contracts.event import Event
from shared.contracts.meetings import Body, MeetingScheduled, Part, PlannedSitting
from shared.eventstore.memory import MemoryLog
from tests.integration import commune
from tests.integration.inprocess import InProcess, record, running

MEETING, SITTING = UUID(int=0x400), UUID(int=0x401)
STARTS_AT = datetime(2026, 3, 3, 11, 0, tzinfo=UTC)


@dataclass
class World:
    """Attendance and the logs of the services that it hears from."""

    service: InProcess
    membership: MemoryLog
    meetings: MemoryLog

    async def catch_up(self) -> None:
        """Everything that was published arrives, and what attendance itself publishes on it."""
        await self.service.deliver(self.membership, self.meetings)
        await self.service.deliver(self.membership, self.meetings)

    async def publish(self, event: Event) -> None:
        """An event of the meeting."""
        await record(self.meetings, event, stream=f"meeting-{MEETING}", key=str(commune.FIRST))

    async def do(self, what: str, body: dict[str, Any], who: str = "secretary", **headers: str) -> Any:
        answer = await self.service.post(
            f"/roll-calls/{MEETING}/{what}", body, Authorization=commune.as_(who), **headers
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def refused(self, what: str, body: dict[str, Any], who: str = "secretary") -> tuple[int, str]:
        """Status and problem type of a command that must not succeed."""
        answer = await self.service.post(f"/roll-calls/{MEETING}/{what}", body, Authorization=commune.as_(who))
        assert answer.status_code >= 400, answer.text
        return answer.status_code, answer.json()["type"].rpartition(":")[2]

    async def view(self, who: str = "secretary") -> Any:
        answer = await self.service.get(f"/roll-calls/{MEETING}", Authorization=commune.as_(who))
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def row(self, member_id: UUID) -> Any:
        return next(row for row in (await self.view())["rows"] if row["member_id"] == str(member_id))


@pytest.fixture
async def world(service_database: Callable[[str], Awaitable[str]]) -> AsyncIterator[World]:
    async with running(SERVICE, await service_database("attendance")) as service:
        world = World(service, await commune.membership(), MemoryLog("meetings"))
        await world.publish(
            MeetingScheduled(
                meeting_id=MEETING,
                unit_id=commune.FIRST,
                body=Body.CELL,
                period="2026-03",
                parts=(Part.REGULAR,),
                sittings=(PlannedSitting(sitting_id=SITTING, starts_at=STARTS_AT),),
            )
        )
        await world.catch_up()
        yield world
