"""The application of every service, made without database or Kafka, to be read and not to be run."""

import importlib
import pkgutil
from datetime import UTC, datetime
from typing import Any, cast

from fastapi import FastAPI
from pydantic import SecretStr

import services
from services.reporting.settings import ReportingSettings
from shared.eventstore.memory import MemoryLog
from shared.service import Runtime, Service, ServiceSettings
from shared.web.app import create_app

SOME_DAY = datetime(2026, 3, 15, tzinfo=UTC)
# Where browsers log in: that adds endpoints.
WITH_LOGIN = ReportingSettings(
    database_url="postgresql://nowhere",
    oidc_client_id="web",
    oidc_client_secret=SecretStr("of this list alone"),
    front_door="https://nowhere",
)


def names() -> list[str]:
    """Every service there is, found and not listed: a new one cannot be forgotten."""
    return sorted(module.name for module in pkgutil.iter_modules(services.__path__) if module.ispkg)


def application(name: str, directory: object = None) -> FastAPI:
    """The real application of a service, with a memory log, without database."""
    service: Service = importlib.import_module(f"services.{name}.app").SERVICE
    settings = WITH_LOGIN if name == "reporting" else ServiceSettings(name=name, database_url="postgresql://nowhere")
    nothing: Any = None
    running = Runtime(settings, nothing, MemoryLog(name), cast("Any", directory), [], lambda: SOME_DAY)
    return create_app(running, service.routers(running))
