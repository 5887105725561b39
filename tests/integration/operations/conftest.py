"""The operations service with the small commune's directory, what meetings published, and owners that answer."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.operations.app import SERVICE
from services.operations.asked import client
from services.operations.settings import OperationsSettings
from shared.contracts.envelope import Metadata, RecordedEvent
from shared.contracts.event import Event
from shared.eventstore.log import Append
from shared.eventstore.memory import MemoryLog
from shared.service import ClientSettings
from shared.web.roles import Role
from tests.integration import commune
from tests.integration.inprocess import InProcess, bearer, running

OPERATOR = {"Authorization": bearer(client_id="watch")}


class ItHappened(Event):
    """An event that no contract knows; its body would show if it were read or kept."""

    secret: str = "nobody may keep this body"


@dataclass
class Desk:
    """`answers`: what owners say, by host and path; whoever is not in it does not answer."""

    service: InProcess
    logs: dict[str, MemoryLog]
    answers: dict[str, Any] = field(default_factory=dict)

    async def record(
        self,
        log_id: str,
        stream: str,
        *,
        key: UUID | str,
        actor: str = "client:import",
        cause: RecordedEvent | None = None,
        events: int = 1,
    ) -> list[RecordedEvent]:
        """A command of another service with so many events; answered `cause`, it is a reaction to it."""
        log = self.logs.setdefault(log_id, MemoryLog(log_id))
        version = len(await log.read_stream(stream))
        correlation = cause.metadata.correlation_id if cause else uuid4()
        metadata = Metadata(correlation, actor, cause.event_id if cause else None)
        happened = tuple(ItHappened() for _ in range(events))
        return list(await log.append(Append(stream, version, str(key), uuid4(), happened, metadata)))

    async def catch_up(self) -> None:
        await self.service.deliver(*self.logs.values())

    async def get(self, path: str, **query: Any) -> httpx.Response:
        return await self.service.client.get(path, params=query, headers=OPERATOR)

    def answer(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["Authorization"] == OPERATOR["Authorization"]
        body = self.answers.get(f"{request.url.host}{request.url.path}")
        if body is None:
            raise httpx.ConnectError("refused")
        return httpx.Response(200, json=body)


@pytest.fixture
async def desk(service_database: Callable[[str], Awaitable[str]]) -> AsyncIterator[Desk]:
    settings = OperationsSettings(
        database_url=await service_database("operations"),
        services={name: f"http://{name}" for name in ("meetings", "reporting")},
        clients={"watch": ClientSettings(role=Role.OPERATOR), "import": ClientSettings(role=Role.INTEGRATOR)},
    )
    async with running(SERVICE, settings.database_url, settings) as service:
        desk = Desk(service, {"membership": await commune.membership()})

        async def asked() -> AsyncIterator[httpx.AsyncClient]:
            async with httpx.AsyncClient(transport=httpx.MockTransport(desk.answer)) as http:
                yield http

        service.app.dependency_overrides[client] = asked
        yield desk
