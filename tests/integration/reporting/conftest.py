"""The reporting service, with the small commune known to it, and what the other services publish."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from services.reporting.app import SERVICE
from services.reporting.settings import ReportingSettings
from shared.eventstore.memory import MemoryLog
from shared.service import ClientSettings
from shared.web.roles import Role
from tests.integration import commune
from tests.integration.inprocess import InProcess, running
from tests.integration.reporting.story import Story


@dataclass
class World:
    """Reporting and the logs that it reads."""

    service: InProcess
    membership: MemoryLog
    story: Story

    async def catch_up(self) -> None:
        await self.service.deliver(self.membership, *self.story.logs)

    async def report(self, unit: UUID, period: str = "2026-03", *, who: str = "board", **asked: str | int) -> Any:
        return await self.get(f"/reports/{unit}/{period}", who=who, **asked)

    async def figures(self, unit: UUID, period: str = "2026-03", *, who: str = "board", **asked: str | int) -> Any:
        return (await self.report(unit, period, who=who, **asked))["unit"]["figures"]

    async def get(self, path: str, *, who: str = "board", **asked: str | int) -> Any:
        answer = await self.service.client.get(
            path,
            params=asked,
            headers={"Authorization": commune.as_(who)},
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def refused(self, path: str, *, who: str = "board", **asked: str | int) -> tuple[int, str]:
        """Status and problem type."""
        answer = await self.service.client.get(
            path,
            params=asked,
            headers={"Authorization": commune.as_(who)},
        )
        assert answer.status_code >= 400, answer.text
        return answer.status_code, answer.json()["type"].rpartition(":")[2]


@pytest.fixture
async def world(service_database: Callable[[str], Awaitable[str]]) -> AsyncIterator[World]:
    settings = ReportingSettings(
        database_url=await service_database("reporting"), clients={"watch": ClientSettings(role=Role.OPERATOR)}
    )
    async with running(SERVICE, settings.database_url, settings) as service:
        yield World(service, await commune.membership(), Story())
