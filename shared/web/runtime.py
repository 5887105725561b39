"""What the HTTP side needs of a running service. `shared.service.Runtime` is the real one."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from fastapi import Request

from shared.database.pool import Pool
from shared.directory.directory import Directory
from shared.eventstore.log import Log
from shared.messaging.parking import Redriven, Rehearsed
from shared.messaging.store import KeyOf
from shared.web.roles import Role


class RegisteredClient(Protocol):
    """A machine or operator that may call: its role, and a unit if the role is bound to one."""

    @property
    def role(self) -> Role: ...
    @property
    def unit_id(self) -> UUID | None: ...


class WebSettings(Protocol):
    """Settings that the HTTP side reads."""

    @property
    def name(self) -> str: ...
    @property
    def log_id(self) -> str: ...
    @property
    def root_path(self) -> str: ...
    @property
    def oidc_issuer(self) -> str: ...
    @property
    def oidc_audience(self) -> str: ...
    @property
    def oidc_jwks_url(self) -> str: ...
    @property
    def oidc_client_id(self) -> str | None: ...
    @property
    def clients(self) -> Mapping[str, RegisteredClient]: ...


class ServiceRuntime(Protocol):
    """A running service, as its routes see it."""

    @property
    def settings(self) -> WebSettings: ...
    @property
    def pool(self) -> Pool: ...
    @property
    def log(self) -> Log | None: ...
    @property
    def directory(self) -> Directory: ...
    @property
    def clock(self) -> Callable[[], datetime]: ...
    @property
    def migrations(self) -> Sequence[Path]: ...

    async def applied(self, source: str) -> int:
        """Up to which position of `source` everything is applied here."""

    def hanging(self) -> Iterable[str]:
        """Names of consumers that stand still while their dependencies answer."""

    async def degraded(self) -> Iterable[str]:
        """What is not as it should be, though the API can serve."""

    async def status(self) -> dict[str, Any]:
        """Relay position and head, consumers, watermarks."""

    async def parked(self) -> dict[str, Any]:
        """Waiting, parked and quarantined events."""

    async def dry_run(self, consumer: str, of: KeyOf) -> Rehearsed:
        """What `redrive` would do. Both raise `UnknownConsumer` and `NotHeld`."""

    async def redrive(self, consumer: str, of: KeyOf) -> Redriven:
        """Applies the events of a held key in order and lets it go."""


async def service_runtime(request: Request) -> ServiceRuntime:
    """The running service, for shared routes; a service's own routes take `shared.service.runtime`."""
    runtime: ServiceRuntime = request.app.state.runtime
    return runtime
