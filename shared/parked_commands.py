"""`parked list | dry-run | redrive`: events that wait or are parked."""

import json
from typing import Annotated

import typer
from rich.console import Console

from shared import status
from shared.command import NOT_WELL, read_settings, run, say
from shared.held_lines import key_lines, quarantine_lines
from shared.messaging.parking import Redriven
from shared.messaging.store import KeyOf
from shared.progress import progress
from shared.service import Runtime, Service, ServiceSettings, open_runtime

ConsumerName = Annotated[str, typer.Argument(help="the consumer, e.g. directory")]
Source = Annotated[str, typer.Argument(help="the log that the key is of, e.g. membership")]
Key = Annotated[str, typer.Argument(help="the key that is held, as `parked list` shows it")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs: the same as JSON.")]


class ParkedCommands:
    """One method per command; its docstring is its help."""

    def __init__(self, service: Service, settings_class: type[ServiceSettings]) -> None:
        self._service = service
        self._settings_class = settings_class

    def app(self) -> typer.Typer:
        parked = typer.Typer(no_args_is_help=True, help="Events that wait or are parked.")
        for command in (self.list, self.dry_run, self.redrive):
            parked.command()(command)
        return parked

    def list(self, *, as_json: AsJson = False) -> None:
        """Keys that wait or are parked, quarantined records, and why."""
        run(self._service.name, self._list(as_json=as_json))

    def dry_run(self, consumer: ConsumerName, source: Source, key: Key) -> None:
        """Says what a redrive would change, and changes nothing; exit status 1 if the key would be held again."""
        run(self._service.name, self._dry_run(consumer, KeyOf(source, key)))

    def redrive(self, consumer: ConsumerName, source: Source, key: Key) -> None:
        """Applies the held events of a key in order and lets it go; exit status 1 if it is held again."""
        run(self._service.name, self._redrive(consumer, KeyOf(source, key)))

    async def _list(self, *, as_json: bool) -> None:
        async with open_runtime(self._service, read_settings(self._settings_class)) as running:
            if as_json:
                Console().print_json(json.dumps(await status.held(running.store), default=str))
                return
            held, quarantined = await running.store.held_keys(), await running.store.quarantined()
        for line in (*key_lines(held), *quarantine_lines(quarantined)):
            say(line)
        if not held and not quarantined:
            say("nothing waits, is parked or is quarantined")

    async def _dry_run(self, consumer: str, of: KeyOf) -> None:
        async with open_runtime(self._service, read_settings(self._settings_class)) as running:
            with progress(f"dry run of {of.key}", await _held_events(running, consumer, of)) as advance:
                rehearsed = await running.dry_run(consumer, of, advance)
        if not rehearsed.tried:
            say("the events can be read; their effects lie outside this database and were not tried")
        for name, (now, then) in rehearsed.changes.items():
            say(f"{name}: {now} -> {then}")
        _say_done(rehearsed.redriven, "would be applied")

    async def _redrive(self, consumer: str, of: KeyOf) -> None:
        async with open_runtime(self._service, read_settings(self._settings_class)) as running:
            with progress(f"redrive of {of.key}", await _held_events(running, consumer, of)) as advance:
                done = await running.redrive(consumer, of, advance)
        _say_done(done, "applied")


async def _held_events(running: Runtime, consumer: str, of: KeyOf) -> int:
    return sum(key.events for name, key in await running.store.held_keys(consumer) if (name, key.of) == (consumer, of))


def _say_done(done: Redriven, what: str) -> None:
    say(f"{done.applied} events {what}")
    if done.still_held is not None:
        say(f"then held again: {done.still_held.reason}")
        raise typer.Exit(NOT_WELL)
