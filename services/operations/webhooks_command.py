"""`webhooks`: subscriptions and deliveries from the command line, for an operator who has the service's settings."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import typer

from services.operations.app import SERVICE
from services.operations.settings import OperationsSettings
from services.operations.webhooks.held import Held
from services.operations.webhooks.metrics import lag_seconds
from services.operations.webhooks.projections import public_types
from services.operations.webhooks.registry import Registry, Wish
from services.operations.webhooks.tables import Line, State, Subscription
from services.operations.webhooks.worker import registry_of
from shared.command import NOT_WELL, read_settings, run, say
from shared.decider import DomainError
from shared.directory.directory import Directory, UnitUnknown
from shared.expected_errors import SettingsWrong
from shared.service import open_runtime

OPERATOR = "operator"

commands = typer.Typer(no_args_is_help=True, help="Public events that are sent to the machines of others.")
Webhook = Annotated[UUID, typer.Argument(help="as `webhooks list` shows it", metavar="WEBHOOK")]
Log = Annotated[str, typer.Argument(help="the log that the key is of, e.g. meetings", metavar="LOG")]
Key = Annotated[str, typer.Argument(help="the key, as `webhooks list` shows it", metavar="KEY")]


class NotDone(SettingsWrong):
    """What was asked for cannot be done; the text says why."""


@commands.command("list")
def list_all() -> None:
    """Every webhook, how far behind it is, and the keys that failed or are parked; exit status 1 if any is parked."""
    run(SERVICE.name, _list())


@commands.command()
def add(
    unit: Annotated[UUID, typer.Argument(help="whose events, with all below it")],
    url: Annotated[str, typer.Argument(help="where to send to")],
    types: Annotated[list[str], typer.Argument(help="public event types, e.g. MeetingHeld", metavar="TYPE...")],
) -> None:
    """Sends a unit's events of these types from now on, and prints the secret, which is never shown again."""
    run(SERVICE.name, _add(Wish(unit, url, types)))


@commands.command()
def pause(webhook: Webhook) -> None:
    """Nothing goes out until it is resumed; events are kept for it meanwhile."""
    run(SERVICE.name, _set_state(webhook, State.PAUSED))


@commands.command()
def resume(webhook: Webhook) -> None:
    """What was kept goes out, in order."""
    run(SERVICE.name, _set_state(webhook, State.ACTIVE))


@commands.command("new-secret")
def new_secret(webhook: Webhook) -> None:
    """Prints a new secret; the one before signs beside it for a week."""
    run(SERVICE.name, _new_secret(webhook))


@commands.command()
def remove(webhook: Webhook) -> None:
    """With everything that waits for it."""
    run(SERVICE.name, _remove(webhook))


@commands.command("dry-run")
def dry_run(webhook: Webhook, log: Log, key: Key) -> None:
    """Says what a redrive of a key would send first, and sends nothing."""
    run(SERVICE.name, _dry_run(webhook, (log, key)))


@commands.command()
def redrive(webhook: Webhook, log: Annotated[str | None, typer.Argument()] = None, key: Key | None = None) -> None:
    """Tries anew, at once, what failed or is parked: of one key, or of all. The worker does the sending."""
    if log is not None and key is None:
        raise typer.BadParameter("a LOG needs a KEY; without both all keys are tried")
    run(SERVICE.name, _redrive(webhook, (log, key) if log is not None and key is not None else None))


@commands.command()
def drop(webhook: Webhook, log: Log, key: Key) -> None:
    """Gives up the parked delivery at the head of a key; what stands behind it goes out."""
    run(SERVICE.name, _drop(webhook, (log, key)))


@asynccontextmanager
async def _registry() -> AsyncIterator[Registry]:
    async with open_runtime(SERVICE, read_settings(OperationsSettings)) as running:
        try:
            yield registry_of(running)
        except DomainError as error:
            raise NotDone(str(error)) from error


async def _list() -> None:
    async with _registry() as known:
        found, lines = await known.all(), await Held(known.pool).lines()
    for line in (*(said for each in found for said in webhook_lines(each)), *map(line_of, lines)):
        say(line)
    if not found:
        say("there are no webhooks")
    if any(each.parked for each in found):
        raise typer.Exit(NOT_WELL)


async def _add(wish: Wish) -> None:
    unknown = sorted(set(wish.types) - set(public_types()))
    if unknown:
        raise NotDone(f"no public event types: {', '.join(unknown)}; there are: {', '.join(public_types())}")
    async with _registry() as known:
        if not await Directory(known.pool).knows(wish.unit_id):
            raise UnitUnknown(wish.unit_id)
        webhook, secret = await known.add(wish, OPERATOR)
    say(f"webhook {webhook}")
    say(f"secret {secret}")


async def _set_state(webhook: UUID, state: State) -> None:
    async with _registry() as known:
        await known.set_state(webhook, state)
    say(f"webhook {webhook} is {state}")


async def _new_secret(webhook: UUID) -> None:
    async with _registry() as known:
        secret, until = await known.rotate(webhook)
    say(f"secret {secret}")
    say(f"the one before signs beside it until {until.isoformat(timespec='seconds')}")


async def _remove(webhook: UUID) -> None:
    async with _registry() as known:
        await known.remove(webhook)
    say(f"webhook {webhook} is removed")


async def _dry_run(webhook: UUID, key: tuple[str, str]) -> None:
    async with _registry() as known:
        lines = await Held(known.pool).lines((await known.one(webhook)).subscription_id, key)
    if not lines:
        raise NotDone(f"{' '.join(key)} has not failed at webhook {webhook}: `webhooks list` shows what has")
    say(f"{lines[0].waiting} deliveries would be sent, in order; first {_first(lines[0])}")


async def _redrive(webhook: UUID, key: tuple[str, str] | None) -> None:
    async with _registry() as known:
        keys, deliveries = await Held(known.pool).redrive((await known.one(webhook)).subscription_id, key)
    say(f"{deliveries} deliveries of {keys} keys are tried anew")


async def _drop(webhook: UUID, key: tuple[str, str]) -> None:
    async with _registry() as known:
        position = await Held(known.pool).drop((await known.one(webhook)).subscription_id, key)
    say(f"{key[0]} {position} is dropped; what stood behind it is tried")


def webhook_lines(found: Subscription) -> Iterator[str]:
    """A webhook with what waits; below it, where it goes and what it gets."""
    seconds = lag_seconds(found, datetime.now(UTC))
    ended = f" ({found.reason})" if found.reason else ""
    yield f"{found.state}{ended}  {found.subscription_id}  {found.waiting} wait, {found.parked} parked, {seconds:.0f} s"
    yield f"    {found.url}  unit {found.unit_id}: {', '.join(found.types)}"


def line_of(line: Line) -> str:
    """State, then webhook, log and key as the commands take them; below it, why."""
    state = "parked" if line.parked_at else f"again at {line.next_attempt_at.isoformat(timespec='seconds')}"
    return (
        f"{state}  {line.subscription_id} {line.log_id} {line.key}  {line.waiting} deliveries\n"
        f"    {line.attempts} attempts: {line.reason}; first {_first(line)}"
    )


def _first(line: Line) -> str:
    return f"{line.first_type} at {line.log_id} {line.first_position} ({line.first_event_id})"
