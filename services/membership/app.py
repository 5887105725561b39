"""What the membership service is made of."""

from collections.abc import Sequence
from pathlib import Path

from fastapi import APIRouter

from services.membership.api import router
from shared.directory.projection import DirectoryHandler
from shared.messaging.handler import EventHandler
from shared.service import Runtime, Service


def routers(_: Runtime) -> Sequence[APIRouter]:
    return [router]


def handlers(_: Runtime) -> Sequence[EventHandler]:
    """Its own topic too is read like any other's: access asks the same directory in every service."""
    return [DirectoryHandler()]


SERVICE = Service(
    name="membership",
    migrations=Path(__file__).parent / "sql" / "migrations",
    routers=routers,
    handlers=handlers,
)
