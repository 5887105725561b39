"""What the reporting service is made of. It has no events of its own."""

from collections.abc import Sequence
from pathlib import Path

import typer
from fastapi import APIRouter

from services.reporting import api, pages, rebuild_command, recount_command
from services.reporting.projections import FactsProjection, RatingNames, TreePositions
from services.reporting.settings import ReportingSettings
from shared.directory.projection import DirectoryHandler
from shared.messaging.handler import EventHandler
from shared.service import Runtime, Service, ServiceSettings
from shared.web.login import Login


def routers(running: Runtime) -> Sequence[APIRouter]:
    return [api.router, pages.router, *_login(running.settings)]


def _login(settings: ServiceSettings) -> Sequence[APIRouter]:
    """Here, where the home page is, browsers log in for all services."""
    if not isinstance(settings, ReportingSettings) or settings.client is None:
        return ()
    return (Login(settings.oidc_issuer, *settings.client).router,)


def handlers(_: Runtime) -> Sequence[EventHandler]:
    return [DirectoryHandler(), FactsProjection(), TreePositions(), RatingNames()]


def _commands() -> typer.Typer:
    app = typer.Typer()
    app.add_typer(recount_command.commands)
    app.add_typer(rebuild_command.commands)
    return app


SERVICE = Service(
    name="reporting",
    migrations=Path(__file__).parent / "sql" / "migrations",
    routers=routers,
    handlers=handlers,
    has_log=False,
    commands=_commands(),
)
