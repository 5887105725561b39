"""Settings of the operations service, from variables that begin with OPERATIONS_."""

import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, Field, IPvAnyNetwork, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.secret_settings import authorities
from shared.service import Runtime, ServiceSettings

# Written by the demo, for people and programs on the same machine.
STACK = Path(".run/stack.json")


class OperationsSettings(ServiceSettings):
    """`services`: the address of each service, by name.

    `webhook_hosts`: where webhooks may go, by exact name (`host`, or `host:port`), each with the inner networks in
    which its address may be; none for a public one. `webhook_http_loopback`: plain HTTP to this machine, for a demo.
    A delivery is parked after `webhook_attempts`; what went out is forgotten after `webhook_keep_days`; a subscription
    for which more than `webhook_most_waiting` wait ends.
    """

    model_config = SettingsConfigDict(env_prefix="OPERATIONS_", frozen=True)

    name: str = "operations"
    services: Mapping[str, str] = Field(default_factory=dict)
    webhook_hosts: Mapping[str, tuple[IPvAnyNetwork, ...]] = Field(default_factory=dict)
    webhook_http_loopback: bool = False
    webhook_ca_file: Path | None = None
    webhook_attempts: int = Field(default=10, ge=1)
    webhook_first_wait_seconds: float = Field(default=5.0, ge=0)
    webhook_timeout_seconds: float = Field(default=10.0, gt=0, le=60)
    webhook_keep_days: float = Field(default=7.0, gt=0)
    webhook_most_waiting: int = Field(default=100_000, ge=1)

    @field_validator("webhook_ca_file")
    @classmethod
    def _trusts_receivers(cls, path: Path | None) -> Path | None:
        if path is not None:
            authorities(path)
        return path


class AskingSettings(BaseSettings):
    """What `status` needs: addresses, and the token of an operator."""

    model_config = SettingsConfigDict(env_prefix="OPERATIONS_", frozen=True)

    services: Mapping[str, str] = Field(default_factory=dict)
    token: str = ""


class _Stack(BaseModel):
    services: Mapping[str, str]
    tokens: Mapping[str, str]


class NothingToAsk(Exception):
    """No service is named, or nobody asks. The text says what to set."""


def asking(stack: Path = STACK) -> AskingSettings:
    """From the environment, or from a running demo's `stack.json`; raises `NothingToAsk`."""
    given = AskingSettings()
    if given.services and not given.token:
        raise NothingToAsk("set OPERATIONS_TOKEN to an operator's token: services answer nobody else")
    if given.services:
        return given
    if not stack.exists():
        raise NothingToAsk(f"set OPERATIONS_SERVICES and OPERATIONS_TOKEN, or run `make demo` (no {stack} here)")
    running = _Stack.model_validate(json.loads(stack.read_text(encoding="utf-8")))
    return AskingSettings(services=running.services, token=running.tokens.get("operator", ""))


def settings_of(running: Runtime) -> OperationsSettings:
    """The service's own."""
    assert isinstance(running.settings, OperationsSettings)  # noqa: S101 - the composition root made it so
    return running.settings
