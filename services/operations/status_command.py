"""`status`: the overview in a terminal. Exit status 1 if a service does not answer, is degraded, or holds events."""

import asyncio
import sys
from collections.abc import Sequence
from typing import Annotated

import httpx
import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from services.operations.overview import Overview, ServiceStatus, Webhook, look
from services.operations.settings import AskingSettings, NothingToAsk, asking

COLUMNS = ("service", "state", "sent", "behind", "seconds", "waiting", "parked", "quarantined")

commands = typer.Typer()


@commands.command()
def status() -> None:
    """What runs, how far behind it is, what waits or is parked, also for webhooks."""
    try:
        settings = asking()
    except NothingToAsk as error:
        typer.echo(f"operations: {error}", err=True)
        sys.exit(2)
    seen = asyncio.run(_look(settings))
    console = Console()
    console.print(services_table(seen))
    for service in seen.services:
        for trouble in troubles(service):
            console.print(f"{service.service}: {trouble}", soft_wrap=True, markup=False, highlight=False)
    if seen.held:
        console.print(held_table(seen))
    for hook in seen.webhooks:
        console.print(webhook_line(hook), soft_wrap=True, markup=False, highlight=False)
    sys.exit(0 if seen.well else 1)


@commands.command()
def readers(
    log: Annotated[str, typer.Argument(help="The log that has the event, such as meetings.")],
    event: Annotated[str, typer.Argument(help="Its type, such as MeetingHeld.")],
    version: Annotated[int, typer.Argument(help="The version that is to be written.")],
) -> None:
    """Who cannot read a version of an event yet. Exit status 1 if anybody cannot, or does not say."""
    try:
        seen = asyncio.run(_look(asking()))
    except NothingToAsk as error:
        typer.echo(f"operations: {error}", err=True)
        sys.exit(2)
    lacking = not_reading(seen, log, event, version)
    for line in lacking or [f"every consumer of {event} reads version {version}"]:
        Console().print(line, soft_wrap=True, markup=False, highlight=False)
    sys.exit(1 if lacking else 0)


def not_reading(seen: Overview, log: str, event: str, version: int) -> Sequence[str]:
    """One line per consumer that would hold the event's keys, and per service of which nothing is known; and one where
    nobody takes the event at all, as when it is misspelt.
    """
    silent = [f"{service.service} {service.problem}" for service in seen.services if service.problem is not None]
    read = [
        (f"{consumer.name} ({service.service})", upto)
        for service in seen.services
        for consumer in service.consumers
        if (upto := consumer.reads(log, event)) is not None
    ]
    if not read:
        return [*silent, f"no consumer takes {event} of {log}"]
    return silent + [f"{who} reads {event} up to version {upto}" for who, upto in read if upto < version]


async def _look(settings: AskingSettings) -> Overview:
    async with httpx.AsyncClient(trust_env=False) as http:
        return await look(settings.services, settings.token, http)


def services_table(seen: Overview) -> Table:
    """A row per service; fits into 80 columns."""
    table = Table(*(Column(name, no_wrap=True) for name in COLUMNS), box=None, padding=(0, 1, 0, 0))
    for service in seen.services:
        relayed = f"{service.relay.position}/{service.relay.head}" if service.relay and service.relay.head else "-"
        table.add_row(
            service.service,
            state_of(service),
            relayed,
            str(service.lag_events),
            f"{service.lag_seconds:.1f}",
            str(service.waiting),
            str(service.parked),
            str(service.quarantined),
        )
    return table


def held_table(seen: Overview) -> Table:
    """A row per key that is held, and why."""
    table = Table("service", "consumer", "log", "key", "state", "events", "reason")
    for key in seen.held:
        table.add_row(
            key.service, key.consumer, key.log_id, Text(key.key), key.state, str(key.events), Text(key.reason)
        )
    return table


def webhook_line(hook: Webhook) -> str:
    """A line and not a row: its id is whole, for the commands that want it."""
    since = f" since {hook.waits_since.isoformat(timespec='seconds')}" if hook.waits_since else ""
    return f"webhook {hook.webhook_id} ({hook.state}): {hook.waiting} wait, {hook.parked} parked{since}"


def state_of(service: ServiceStatus) -> str:
    """In one word; `troubles` says what it is."""
    if service.problem is not None:
        return "down"
    return "degraded" if service.degraded else "well"


def troubles(service: ServiceStatus) -> Sequence[str]:
    """Why a service is not well."""
    return service.degraded if service.problem is None else (service.problem,)
