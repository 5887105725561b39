"""The evaluation service, with the small commune known to it and the ward's criteria set published by the commune."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from services.evaluation.app import SERVICE
from shared.contracts import attendance, meetings
from shared.contracts.attendance import Call, RosterRow, Way
from shared.contracts.event import Event
from shared.contracts.fields import TextRef
from shared.eventstore.memory import MemoryLog
from tests.integration import commune
from tests.integration.inprocess import InProcess, record, running

CRITERIA = Path(__file__).parents[3] / "samples" / "criteria"
SITTING = UUID(int=0x401)
NOTE = TextRef(text_id=UUID(int=9), sha256="0" * 64)
MEMBERS = (commune.AN, commune.BINH, commune.CHI, commune.DUNG)


def meeting_id(month: int) -> UUID:
    return UUID(int=0x500 + month)


MARCH = meeting_id(3)


def criteria(name: str = "hd42-anphu-2025", unit: UUID = commune.COMMUNE) -> dict[str, Any]:
    body: dict[str, Any] = json.loads((CRITERIA / f"{name}.json").read_text())
    return {**body, "unit_id": str(unit)}


def best_choices(*left_out: str) -> list[dict[str, str]]:
    """The best answer to every item of the ward's set that the facts of these tests do not decide."""
    derived = {"1.1", "2.1", "2.2", "4.5", "4.2.combined", "4.3", *left_out}
    return [
        {"item": item["code"], "option": max(item["options"], key=lambda option: option["points"])["code"]}
        for group in criteria()["groups"]
        for item in group["items"]
        if item["code"] not in derived
    ]


@dataclass
class World:
    """Evaluation and the logs of the services that it hears from."""

    service: InProcess
    membership: MemoryLog
    meetings: MemoryLog
    attendance: MemoryLog

    async def catch_up(self) -> None:
        await self.service.deliver(self.membership, self.meetings, self.attendance)

    async def held(self, month: int = 3, unit: UUID = commune.FIRST, **fields: Any) -> None:
        """A regular meeting on the third of the month, 95 minutes long, with three speakers."""
        started_at = datetime(2026, month, 3, 11, 0, tzinfo=UTC)
        sitting = meetings.HeldSitting(
            sitting_id=SITTING, started_at=started_at, ended_at=started_at + timedelta(minutes=95)
        )
        event = meetings.MeetingHeld(
            meeting_id=meeting_id(month),
            unit_id=unit,
            body=meetings.Body.CELL,
            period=f"2026-{month:02}",
            parts=(meetings.Part.REGULAR,),
            held_on=started_at.date(),
            sittings=(sitting,),
            speakers=3,
        )
        await self.about(self.meetings, event.model_copy(update=fields))

    async def roll_call(self, *present: UUID, month: int = 3, excused: bool = True, is_closed: bool = True) -> None:
        """Four are expected; who is not present has an excuse, or (`excused=False`) none."""
        meeting = meeting_id(month)
        events: list[Event] = [
            attendance.RosterDrawn(
                meeting_id=meeting,
                unit_id=commune.FIRST,
                period=f"2026-{month:02}",
                held_on=datetime(2026, month, 3, tzinfo=UTC).date(),
                membership_position=1,
                rows=tuple(RosterRow(member_id=member, expected=True, votes=True) for member in MEMBERS),
            )
        ]
        at = datetime(2026, month, 3, 11, 0, tzinfo=UTC)
        for member in MEMBERS:
            if member in present:
                events.append(_came(meeting, member, at))
            else:
                events.append(
                    attendance.AbsenceExplained(meeting_id=meeting, member_id=member, excused=excused, note=NOTE)
                )
        if is_closed:
            events.append(attendance.RollCallClosed(meeting_id=meeting, call=Call.START, closed_at=at))
        for event in events:
            await self.about(self.attendance, event)

    async def about(self, log: MemoryLog, event: Any) -> None:
        """An event of a meeting, in the log of its service."""
        await record(log, event, stream=f"{log.log_id}-{event.meeting_id}", key=str(commune.FIRST))

    async def do(self, what: str, body: dict[str, Any], who: str = "secretary", meeting: UUID = MARCH) -> Any:
        answer = await self.service.post(f"/scores/{meeting}/{what}", body, Authorization=commune.as_(who))
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def refused(
        self, what: str, body: dict[str, Any], who: str = "secretary", meeting: UUID = MARCH
    ) -> tuple[int, str, str]:
        """Status, problem type and detail of a command that must not succeed."""
        answer = await self.service.post(f"/scores/{meeting}/{what}", body, Authorization=commune.as_(who))
        assert answer.status_code >= 400, answer.text
        problem = answer.json()
        return answer.status_code, problem["type"].rpartition(":")[2], problem["detail"]

    async def score(self, meeting: UUID = MARCH) -> Any:
        answer = await self.service.get(f"/scores/{meeting}", Authorization=commune.as_("appraiser"))
        assert answer.status_code == 200, answer.text
        return answer.json()


def _came(meeting: UUID, member: UUID, at: datetime) -> attendance.MemberCheckedIn:
    return attendance.MemberCheckedIn(
        meeting_id=meeting, member_id=member, sitting_id=SITTING, call=Call.START, at=at, way=Way.LIVE
    )


@pytest.fixture
async def world(service_database: Callable[[str], Awaitable[str]]) -> AsyncIterator[World]:
    async with running(SERVICE, await service_database("evaluation")) as service:
        world = World(service, await commune.membership(), MemoryLog("meetings"), MemoryLog("attendance"))
        await world.catch_up()
        published = await service.post("/criteria-sets", criteria(), Authorization=commune.as_("appraiser"))
        assert published.status_code == 200, published.text
        await world.catch_up()
        yield world
