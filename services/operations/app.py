"""What the operations service is made of. It has no events, and of others' only where they are: it asks the owners."""

from collections.abc import Sequence
from pathlib import Path

from fastapi import APIRouter

from services.operations import api, documents, live, pages, trace_pages
from services.operations.projections import TraceIndex
from services.operations.webhooks import api as webhooks_api
from services.operations.webhooks import pages as webhook_pages
from services.operations.webhooks import worker as webhooks
from services.operations.webhooks.projections import WebhookQueue
from shared.directory.projection import DirectoryHandler
from shared.messaging.handler import EventHandler
from shared.service import Runtime, Service


def routers(_: Runtime) -> Sequence[APIRouter]:
    seen = [api.router, live.router, pages.router, trace_pages.router, documents.router]
    return [*seen, webhooks_api.router, webhook_pages.router]


def handlers(running: Runtime) -> Sequence[EventHandler]:
    return [DirectoryHandler(), TraceIndex(), WebhookQueue(lambda: running.settings.clients)]


SERVICE = Service(
    name="operations",
    migrations=Path(__file__).parent / "sql" / "migrations",
    routers=routers,
    handlers=handlers,
    parts=webhooks.parts,
    troubles=webhooks.troubles_of,
    has_log=False,
)
