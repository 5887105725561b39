"""The composition root that all services share: settings, the running parts, and what a service adds to them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar, cast
from uuid import UUID

import asyncpg
import typer
from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.directory.directory import Directory
from shared.eventstore.command_handler import Aggregate, CommandHandler
from shared.eventstore.log import Log
from shared.messaging.handler import EventHandler
from shared.web.roles import Role

C = TypeVar("C")
S = TypeVar("S")


class ClientSettings(BaseModel):
    """A registered machine or operator: its role, and the unit that the role is for (None: the whole system)."""

    model_config = ConfigDict(frozen=True)

    role: Role
    unit_id: UUID | None = None


class ServiceSettings(BaseSettings):
    """Every service's settings, from variables with the service's name as prefix, such as ATTENDANCE_DATABASE_URL."""

    model_config = SettingsConfigDict(frozen=True)

    name: str
    database_url: str
    kafka_bootstrap: str = "127.0.0.1:9092"
    topic_prefix: str = ""
    host: str = "127.0.0.1"
    port: int = 8000
    root_path: str = ""
    oidc_issuer: str = "http://127.0.0.1:8080"
    oidc_audience: str = "sinh-hoat-chi-bo"
    oidc_jwks_url: str = "http://127.0.0.1:8080/jwks.json"
    otlp_endpoint: str | None = None
    log_level: str = "INFO"
    log_id: str = Field(default="", validate_default=True)
    clients: dict[str, ClientSettings] = {}

    def model_post_init(self, _: Any) -> None:
        if not self.log_id:
            object.__setattr__(self, "log_id", self.name)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Runtime:
    """The running parts of a service. `log` is None for a service without events of its own."""

    settings: ServiceSettings
    pool: asyncpg.Pool
    log: Log
    directory: Directory
    migrations: Sequence[Path] = ()
    clock: Callable[[], datetime] = _now
    _handlers: dict[int, Any] = field(default_factory=dict)

    def handler(self, aggregate: Aggregate[C, S]) -> CommandHandler[C, S]:
        """The one command handler of `aggregate` in this process: it holds queues and cached states."""
        known = self._handlers.setdefault(id(aggregate), CommandHandler(self.log, aggregate))
        return cast(CommandHandler[C, S], known)

    async def applied(self, source: str) -> int:
        """The own log is applied as it is written; others as far as their watermark."""
        return await self.log.head() if source == self.settings.log_id else 0

    def hanging(self) -> Iterable[str]:
        return ()

    def degraded(self) -> Iterable[str]:
        return ()

    async def status(self) -> dict[str, Any]:
        return {"service": self.settings.name}

    async def parked(self) -> dict[str, Any]:
        return {}


def runtime(request: Request) -> Runtime:
    """Dependency: `Annotated[Runtime, Depends(runtime)]`."""
    running: Runtime = request.app.state.runtime
    return running


def no_handlers(_: Runtime) -> Sequence[EventHandler]:
    return ()


@dataclass(frozen=True)
class Service:
    """What a service adds: its migrations, routers, event handlers, and its own commands of the command line."""

    name: str
    migrations: Path
    routers: Callable[[Runtime], Sequence[APIRouter]]
    handlers: Callable[[Runtime], Sequence[EventHandler]] = no_handlers
    has_log: bool = True
    commands: typer.Typer | None = None


def main(service: Service, settings_class: type[ServiceSettings]) -> None:
    """The command line of a service: api | worker | all | migrate | parked | log | republish | status."""
    from shared.service_cli import command_line  # noqa: PLC0415

    command_line(service, settings_class)()
