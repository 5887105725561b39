"""A service in this process: its real application on its real database, with other services' events handed to it.

Tokens are not verified here, only read (they have tests of their own): the bearer is the claims as JSON in base64.
"""

import base64
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
from fastapi import FastAPI

from shared.contracts.envelope import Metadata, RecordedEvent
from shared.contracts.event import Event
from shared.database.pool import open_pool
from shared.directory.directory import Directory
from shared.eventstore.group_commit import GroupCommitLog
from shared.eventstore.log import Append, Log
from shared.messaging.handler import EventHandler, Received
from shared.service import Runtime, Service, ServiceSettings
from shared.web.app import create_app
from shared.web.tokens import TokenRefused

# Well after the meetings of March 2026 that the tests enter.
NOW = datetime(2026, 4, 2, 2, 0, tzinfo=UTC)


class ReadTokens:
    """Believes every token that says something."""

    async def verify(self, token: str) -> dict[str, Any]:
        try:
            claims: dict[str, Any] = {"sub": "", **json.loads(base64.urlsafe_b64decode(token))}
        except (ValueError, TypeError) as error:
            raise TokenRefused("unreadable") from error
        return claims


@dataclass
class InProcess:
    """`positions`: how far each of the service's handlers has read each log."""

    service: Service
    runtime: Runtime
    app: FastAPI
    client: httpx.AsyncClient
    handlers: Sequence[EventHandler]
    positions: dict[tuple[str, str], int] = field(default_factory=dict)

    async def deliver(self, *logs: Log) -> None:
        """Hands every handler what it has not read yet of its sources, and again what the handlers themselves wrote."""
        for handler in self.handlers:
            for log in (self.runtime.log, *logs):
                if log.log_id in handler.sources:
                    await self._deliver(handler, log)

    async def _deliver(self, handler: EventHandler, log: Log) -> None:
        place = (handler.name, log.log_id)
        rows = await log.read(after=self.positions.get(place, 0))
        batch = [_received(row, handler) for row in rows if row.type in handler.types]
        if batch:
            async with self.runtime.pool.acquire() as tx, tx.transaction():
                await handler.apply(tx, batch)
        if rows:
            self.positions[place] = rows[-1].position

    async def post(self, path: str, body: object, **headers: str) -> httpx.Response:
        """A command with an Idempotency-Key of its own, unless one is given; `_` in header names stands for `-`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.post(path, json=body, headers={"Idempotency-Key": str(uuid4()), **named})

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.client.get(path, headers=headers)


def bearer(**claims: UUID | str) -> str:
    """The Authorization header of somebody, e.g. `bearer(office_id=...)`."""
    said = {name: str(value) for name, value in claims.items()}
    said.setdefault("sub", next(iter(said.values())))
    return "Bearer " + base64.urlsafe_b64encode(json.dumps(said).encode()).decode()


@asynccontextmanager
async def running(
    service: Service, database_url: str, settings: ServiceSettings | None = None
) -> AsyncIterator[InProcess]:
    """The service on its migrated database, until the block ends."""
    settings = settings or ServiceSettings(name=service.name, database_url=database_url)
    pool = await open_pool(database_url)
    try:
        async with GroupCommitLog(pool, service.name) as log:
            runtime = Runtime(
                settings, pool, log, Directory(pool, clock=lambda: NOW), [service.migrations], lambda: NOW
            )
            app = create_app(runtime, service.routers(runtime))
            app.state.tokens = ReadTokens()
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
                yield InProcess(service, runtime, app, client, service.handlers(runtime))
    finally:
        await pool.close()


async def record(log: Log, *events: Event, stream: str, key: str) -> Sequence[RecordedEvent]:
    """Writes events of another service, as that service would."""
    version = len(await log.read_stream(stream))
    metadata = Metadata(correlation_id=uuid4(), actor="client:test")
    return await log.append(Append(stream, version, key, uuid4(), events, metadata))


def _received(row: RecordedEvent, handler: EventHandler) -> Received:
    event = handler.types.decode(row.type, row.schema_version, row.data)
    return Received(recorded=row, event=event, partition=0, offset=row.position)
