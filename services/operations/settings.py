"""Settings of the operations service, from variables that begin with OPERATIONS_."""

import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.service import ServiceSettings

# Written by the demo, for people and programs on the same machine.
STACK = Path(".run/stack.json")


class OperationsSettings(ServiceSettings):
    """`services`: the address of each service, by name."""

    model_config = SettingsConfigDict(env_prefix="OPERATIONS_", frozen=True)

    name: str = "operations"
    services: Mapping[str, str] = Field(default_factory=dict)


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
