"""What the operations service is made of. It has no events, and of others' only where they are: it asks the owners."""

from collections.abc import Sequence
from pathlib import Path

from fastapi import APIRouter

from services.operations import api, documents, live, pages, trace_pages
from services.operations.projections import TraceIndex
from services.operations.status_command import commands
from shared.directory.projection import directory_handler
from shared.messaging.handler import EventHandler
from shared.service import Runtime, Service


def routers(_: Runtime) -> Sequence[APIRouter]:
    return [api.router, live.router, pages.router, trace_pages.router, documents.router]


def handlers(_: Runtime) -> Sequence[EventHandler]:
    return [directory_handler(), TraceIndex()]


SERVICE = Service(
    name="operations",
    migrations=Path(__file__).parent / "sql" / "migrations",
    routers=routers,
    handlers=handlers,
    has_log=False,
    commands=commands,
)
