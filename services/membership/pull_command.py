"""`pull`: asks a source of members for what is new, for ever or once, and waits while it is away."""

import asyncio
import json
from typing import Annotated

import httpx
import structlog
import typer

from services.membership.app import SERVICE
from services.membership.imports.mapping import FileKind, load_mapping
from services.membership.imports.pull import Pull, Source, pull
from services.membership.imports.registry import Registry
from services.membership.imports.source import SourceAway, client
from services.membership.settings import MembershipSettings
from shared.command import read_settings, run, say
from shared.decider import DomainError
from shared.expected_errors import EXPECTED, SettingsWrong
from shared.messaging.going_on import raise_if_asked_to_end
from shared.process import run_until_stopped
from shared.service import open_runtime

commands = typer.Typer()
log = structlog.get_logger(__name__)


@commands.command("pull")
def pull_members(
    *, once: Annotated[bool, typer.Option("--once", help="End when nothing is new, or the source is away.")] = False
) -> None:
    """Takes members from the HTTP source of MEMBERSHIP_PULL_URL, page by page, as if they were pushed."""
    run(SERVICE.name, _pull(once=once))


async def _pull(*, once: bool) -> None:
    settings = read_settings(MembershipSettings)
    if settings.pull_url is None:
        raise SettingsWrong("MEMBERSHIP_PULL_URL names no source")
    try:
        source = Source(settings.pull_url, load_mapping(settings.mappings, settings.pull_mapping))
    except DomainError as error:
        raise SettingsWrong(f"MEMBERSHIP_PULL_MAPPING: {error}") from error
    if source.mapping.kind is not FileKind.MEMBERS:
        raise SettingsWrong(f"MEMBERSHIP_PULL_MAPPING: {settings.pull_mapping} is not a mapping of members")
    async with open_runtime(SERVICE, settings) as running, client(settings) as http:
        registry = Registry(running, settings)
        if once:
            try:
                await _round(source, http, registry)
            except DomainError as error:
                raise SourceAway(str(error)) from error
        else:
            rounds = _rounds(source, http, registry, settings.pull_every_seconds)
            await run_until_stopped(rounds, stop_seconds=settings.stop_seconds)


async def _rounds(source: Source, http: httpx.AsyncClient, registry: Registry, every_seconds: float) -> None:
    """For ever. Ended at any step, it goes on there when it begins again."""
    while True:
        try:
            # A task of its own: a task group inside it, one part of which fails, leaves Python 3.11 in the belief that
            # the task was asked to end.
            await asyncio.create_task(_round(source, http, registry))
        except (DomainError, *EXPECTED) as error:
            log.warning("pull waits", reason=str(error))
        raise_if_asked_to_end(None)  # a command may have failed in the midst of it
        await asyncio.sleep(every_seconds)


async def _round(source: Source, http: httpx.AsyncClient, registry: Registry) -> None:
    """What is new, page by page."""
    more = True
    while more and (done := await pull(source, http, registry)) is not None:
        say(told(done))
        more = done.more


def told(done: Pull) -> str:
    """One line about a page."""
    shown = json.loads(done.file.preview)
    counts = ", ".join(f"{shown[name]} {name}" for name in ("new", "changed", "ended", "unchanged"))
    held = "held until it is confirmed" if done.held else f"{done.set_aside} set aside"
    return f"import {done.file.import_id}: {counts}, {held}"
