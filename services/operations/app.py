"""What the operations service is made of. It has no events and no copies of others': it asks the owners."""

from collections.abc import Sequence
from pathlib import Path

from fastapi import APIRouter

from services.operations import api, pages
from services.operations.status_command import commands
from shared.service import Runtime, Service


def routers(_: Runtime) -> Sequence[APIRouter]:
    return [api.router, pages.router]


SERVICE = Service(
    name="operations",
    migrations=Path(__file__).parent / "sql" / "migrations",
    routers=routers,
    has_log=False,
    commands=commands,
)
