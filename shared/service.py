"""The composition root that all services share: settings, the running parts, and what a service adds to them."""

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast
from uuid import UUID

import typer
from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from pydantic_settings import SettingsConfigDict

from shared import status
from shared.advance import Advance, unseen
from shared.contracts.catalogue import emission_of
from shared.database.migrate import SHARED_MIGRATIONS
from shared.database.pool import Pool, answering, open_pool
from shared.directory.directory import Directory
from shared.eventstore.command_handler import Aggregate, CommandHandler
from shared.eventstore.group_commit import GroupCommitLog
from shared.eventstore.log import Log
from shared.kafka_settings import KafkaSettings
from shared.messaging.handler import EventHandler, UnknownConsumer
from shared.messaging.parking import Redriven, Rehearsed, dry_run, redrive
from shared.messaging.postgres_store import PostgresStore
from shared.messaging.store import KeyOf
from shared.process import end_at_once_when_asked
from shared.web.roles import Role

C = TypeVar("C")
S = TypeVar("S")


class ClientSettings(BaseModel):
    """A registered machine or operator: its role, and the unit that the role is for (None: the whole system)."""

    model_config = ConfigDict(frozen=True)

    role: Role
    unit_id: UUID | None = None


class ServiceSettings(KafkaSettings):
    """Every service's settings, from variables with the service's name as prefix, such as ATTENDANCE_DATABASE_URL.

    `oidc_client_id`: as what browsers log in at the issuer; without it none does. They come back to `front_door`.
    `stop_seconds`: then a process that was asked to stop ends where it stands; less than whoever asks waits.
    """

    model_config = SettingsConfigDict(frozen=True)

    pool_size: int = 20
    topic_prefix: str = ""
    topic_partitions: int = 12
    topic_replication: int = 1
    topic_min_insync: int = 1
    host: str = "127.0.0.1"
    port: int = 8000
    root_path: str = ""
    oidc_issuer: str = "http://127.0.0.1:8080"
    oidc_audience: str = "sinh-hoat-chi-bo"
    oidc_jwks_url: str = "http://127.0.0.1:8080/jwks.json"
    oidc_client_id: str | None = None
    front_door: str | None = Field(default=None, pattern=r"^https?://[^/?#]+$")
    otlp_endpoint: str | None = None
    stop_seconds: float = Field(default=25, gt=0)
    log_level: str = "INFO"
    clients: dict[str, ClientSettings] = Field(default_factory=dict)
    # Of a type that has an old and a new version: which is written. Left out: the old one (docs/deploy.md, "Upgrade").
    event_versions: dict[str, int] = Field(default_factory=dict)

    @property
    def log_id(self) -> str:
        """A log is called like its service: that is how others' consumers find its topic."""
        return self.name


def _now() -> datetime:
    return datetime.now(UTC)


class StillRunning(Exception):
    """Others work on the database, where nobody may."""

    def __init__(self, service: str, sessions: int) -> None:
        super().__init__(
            f"{service} still works on its database ({sessions} sessions), nothing was changed: stop its `api`, "
            "`worker`, `all` and `pull`, wherever they run, and repeat this before they start again"
        )


@dataclass
class Runtime:
    """The running parts of a service. `handlers` are known in every process, whether or not it runs consumers."""

    settings: ServiceSettings
    pool: Pool
    log: Log
    directory: Directory
    migrations: Sequence[Path] = ()
    clock: Callable[[], datetime] = _now
    handlers: Sequence[EventHandler] = ()
    watch: status.Watch = field(default_factory=status.Watch)
    troubles: status.Troubles = status.no_troubles
    _command_handlers: dict[int, Any] = field(default_factory=dict)

    @property
    def store(self) -> PostgresStore:
        """The consumers' positions, held keys and watermarks."""
        return PostgresStore(self.pool)

    def handler(self, aggregate: Aggregate[C, S]) -> CommandHandler[C, S]:
        """The one command handler of `aggregate` in this process: it holds queues and cached states."""
        if id(aggregate) not in self._command_handlers:
            self._command_handlers[id(aggregate)] = CommandHandler(self.log, aggregate)
        return cast("CommandHandler[C, S]", self._command_handlers[id(aggregate)])

    def handler_named(self, consumer: str) -> EventHandler:
        """Raises `UnknownConsumer`."""
        for handler in self.handlers:
            if handler.name == consumer:
                return handler
        known = ", ".join(handler.name for handler in self.handlers)
        raise UnknownConsumer(f"{self.settings.name} has no consumer {consumer!r}, but: {known}")

    async def applied(self, source: str) -> int:
        """Up to which position of `source` every consumer here has applied everything (held keys excepted).

        The own log, if no consumer reads it, is applied as it is written.
        """
        readers = [handler.name for handler in self.handlers if source in handler.sources]
        if not readers:
            return await self.log.head() if source == self.settings.log_id else 0
        watermarks = [await self.store.watermark(reader, source) for reader in readers]
        return min(watermark.position if watermark else 0 for watermark in watermarks)

    def hanging(self) -> Sequence[str]:
        """Consumers of this process that stand still while their dependencies answer."""
        return self.watch.hanging()

    async def degraded(self) -> Sequence[str]:
        """What is not as it should be, though the API can serve."""
        return await status.degraded(self)

    async def status(self) -> dict[str, Any]:
        """What operations needs to know."""
        return {"service": self.settings.name} | await status.service_status(self)

    async def parked(self) -> dict[str, Any]:
        """Waiting, parked and quarantined events."""
        return await status.held(self.store)

    async def dry_run(self, consumer: str, of: KeyOf, advance: Advance = unseen) -> Rehearsed:
        """What `redrive` would do. Both raise `UnknownConsumer` and `NotHeld`."""
        return await dry_run(self.store, self.handler_named(consumer), of, advance)

    async def redrive(self, consumer: str, of: KeyOf, advance: Advance = unseen) -> Redriven:
        """Applies the events of a held key in order and lets it go."""
        return await redrive(self.store, self.handler_named(consumer), of, advance)


async def runtime(request: Request) -> Runtime:
    """Dependency: `Annotated[Runtime, Depends(runtime)]`."""
    running: Runtime = request.app.state.runtime
    return running


def no_handlers(_: Runtime) -> Sequence[EventHandler]:
    """A service that takes nobody's events."""
    return ()


def no_parts(_: Runtime) -> Sequence[Coroutine[Any, Any, None]]:
    """A service that works on nothing but its log and others' events."""
    return ()


async def no_troubles(_: Runtime) -> Sequence[str]:
    """A service of which its relay and its consumers say all."""
    return ()


@dataclass(frozen=True)
class Service:
    """What a service adds: its migrations, routers, event handlers, aggregates with claims, and own commands.

    `parts`: what its worker runs beside relay and consumers, each until cancelled; `troubles`: what its status says of
    them.
    """

    name: str
    migrations: Path
    routers: Callable[[Runtime], Sequence[APIRouter]]
    handlers: Callable[[Runtime], Sequence[EventHandler]] = no_handlers
    parts: Callable[[Runtime], Sequence[Coroutine[Any, Any, None]]] = no_parts
    troubles: Callable[[Runtime], Awaitable[Sequence[str]]] = no_troubles
    has_log: bool = True
    commands: typer.Typer | None = None
    aggregates: Sequence[Aggregate[Any, Any]] = ()


def migrations_of(service: Service) -> Sequence[Path]:
    """The folders of migrations that the service's database needs."""
    return (*SHARED_MIGRATIONS, service.migrations)


@asynccontextmanager
async def open_runtime(service: Service, settings: ServiceSettings) -> AsyncIterator[Runtime]:
    """Connects to the database and starts the log; closes both at the end.

    Raises `VersionNotWritable`, `DatabaseAway`, and what asyncpg raises.
    """
    emission = emission_of(settings.log_id, settings.event_versions)
    with answering():
        pool = await open_pool(settings.database_url, application_name=settings.name, max_size=settings.pool_size)
    try:
        async with GroupCommitLog(pool, settings.log_id, emission) as log:
            running = Runtime(settings, pool, log, Directory(pool), migrations_of(service))
            running.handlers = service.handlers(running)
            running.troubles = partial(service.troubles, running)
            yield running
    finally:
        await pool.close()


def main(service: Service, settings_class: type[ServiceSettings]) -> None:
    """The command line of a service: api | worker | all | migrate | provision | parked | quarantine | log | ..."""
    end_at_once_when_asked()
    from shared.command_line import command_line  # noqa: PLC0415 - it needs this module

    command_line(service, settings_class)()
