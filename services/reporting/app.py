"""What the reporting service is made of. It has no events of its own yet: approvals come later."""

from collections.abc import Sequence
from pathlib import Path

from fastapi import APIRouter

from services.reporting import api, pages
from services.reporting.projections import FactsProjection, RatingNames, TreePositions
from services.reporting.recount_command import commands
from shared.directory.projection import directory_handler
from shared.messaging.handler import EventHandler
from shared.service import Runtime, Service


def routers(_: Runtime) -> Sequence[APIRouter]:
    return [api.router, pages.router]


def handlers(_: Runtime) -> Sequence[EventHandler]:
    return [directory_handler(), FactsProjection(), TreePositions(), RatingNames()]


SERVICE = Service(
    name="reporting",
    migrations=Path(__file__).parent / "sql" / "migrations",
    routers=routers,
    handlers=handlers,
    has_log=False,
    commands=commands,
)
