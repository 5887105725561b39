"""The command line of every service: run its parts, migrate, look at held events and let them go on, mend the log."""

import asyncio
import json
from collections.abc import Coroutine
from typing import Annotated, Any

import typer
import uvloop
from pydantic import ValidationError
from rich.console import Console

from shared import worker
from shared.database.migrate import migrate
from shared.eventstore.claims_table import rebuild_claims
from shared.expected_errors import EXPECTED, SettingsWrong
from shared.held_tables import keys_table, quarantine_table
from shared.messaging.kafka_topic import KafkaTopic
from shared.messaging.parking import Redriven, dry_run, redrive
from shared.messaging.postgres_relay_store import PostgresRelayStore
from shared.messaging.recover import recover_from_topic, verify
from shared.messaging.store import KeyOf
from shared.observability.logging import configure_logging
from shared.observability.tracing import configure_tracing
from shared.process import listen, run_until_stopped, serve
from shared.service import Runtime, Service, ServiceSettings, migrations_of, open_runtime
from shared.web.app import create_app

Key = Annotated[str, typer.Argument(help="the key that is held, as `parked list` shows it")]
Source = Annotated[str, typer.Argument(help="the log that the key is of, e.g. membership")]
ConsumerName = Annotated[str, typer.Argument(help="the consumer, e.g. directory")]


def command_line(service: Service, settings_class: type[ServiceSettings]) -> typer.Typer:
    """All commands of `service`, its own among them."""
    commands = _Commands(service, settings_class)
    app = typer.Typer(no_args_is_help=True, add_completion=False, help=f"The {service.name} service.")
    for command in (commands.api, commands.worker, commands.all, commands.migrate, commands.status):
        app.command()(command)
    parked = typer.Typer(no_args_is_help=True, help="Events that wait or are parked.")
    parked.command()(commands.list)
    parked.command()(commands.dry_run)
    parked.command()(commands.redrive)
    app.add_typer(parked, name="parked")
    if service.has_log:
        app.command()(commands.republish)
        log = typer.Typer(no_args_is_help=True, help="The log and its topic.")
        for command in (commands.verify, commands.recover_from_topic):
            log.command()(command)
        app.add_typer(log, name="log")
    if service.commands is not None:
        app.add_typer(service.commands)
    return app


class _Commands:
    """One method per command; its docstring is its help."""

    def __init__(self, service: Service, settings_class: type[ServiceSettings]) -> None:
        self._service = service
        self._settings_class = settings_class
        self._console = Console()

    def api(self) -> None:
        """Answers HTTP requests, without relay and consumers."""
        self._run(self._api())

    def worker(self) -> None:
        """Sends the log to Kafka and takes others' events; health and metrics on the service's port."""
        self._run(self._worker())

    def all(self) -> None:
        """`api` and `worker` in one process."""
        self._run(self._all())

    def migrate(self) -> None:
        """Brings the database's schema up to date."""
        self._run(self._migrate())

    def status(self) -> None:
        """Relay, consumers and watermarks as JSON."""
        self._run(self._status())

    def list(self) -> None:
        """Keys that wait or are parked, quarantined records, and why."""
        self._run(self._list())

    def dry_run(self, consumer: ConsumerName, source: Source, key: Key) -> None:
        """Says what a redrive would change, and changes nothing; exit status 1 if the key would be held again."""
        self._run(self._dry_run(consumer, KeyOf(source, key)))

    def redrive(self, consumer: ConsumerName, source: Source, key: Key) -> None:
        """Applies the held events of a key in order and lets it go; exit status 1 if it is held again."""
        self._run(self._redrive(consumer, KeyOf(source, key)))

    def verify(self) -> None:
        """Compares every row of the log with the topic's copy; exit status 1 if they differ."""
        self._run(self._verify())

    def recover_from_topic(self) -> None:
        """Appends again what a restored log lacks and its topic has. Run it before the API is opened."""
        self._run(self._recover())

    def republish(self) -> None:
        """Sends the whole log again, to a topic that was made anew; consumers drop what they have.

        Stop every relay of the service (`worker`, `all`) BEFORE the topic is made anew. A relay that still runs is
        fenced: its checkpoint does not move any more. But a batch that it has under way can land in the new topic.
        """
        self._run(self._republish())

    def _settings(self) -> ServiceSettings:
        try:
            return self._settings_class()
        except ValidationError as error:
            prefix = self._settings_class.model_config.get("env_prefix", "")
            named = [f"{prefix}{'__'.join(map(str, item['loc'])).upper()}: {item['msg']}" for item in error.errors()]
            raise SettingsWrong(f"check the environment: {'; '.join(named)}") from error

    def _run(self, command: Coroutine[Any, Any, None]) -> None:
        configure_logging(self._service.name, "WARNING")  # until the settings say otherwise: lines, on stderr
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(command)
        except EXPECTED as error:
            typer.echo(f"{self._service.name}: {error}", err=True)
            raise typer.Exit(1) from error

    async def _api(self) -> None:
        settings = self._configured()
        listener = listen(settings.host, settings.port)
        async with open_runtime(self._service, settings) as running:
            await run_until_stopped(serve(create_app(running, self._service.routers(running)), listener))

    async def _worker(self) -> None:
        settings = self._configured()
        listener = listen(settings.host, settings.port)
        async with open_runtime(self._service, settings) as running:
            # No routes of its own: health and metrics for whoever watches the process.
            await run_until_stopped(serve(create_app(running, ()), listener), *worker.parts(self._service, running))

    async def _all(self) -> None:
        settings = self._configured()
        listener = listen(settings.host, settings.port)
        async with open_runtime(self._service, settings) as running:
            app = create_app(running, self._service.routers(running))
            await run_until_stopped(*worker.parts(self._service, running), serve(app, listener))

    def _configured(self) -> ServiceSettings:
        settings = self._settings()
        configure_logging(settings.name, settings.log_level)
        configure_tracing(settings.name, settings.otlp_endpoint)
        return settings

    async def _migrate(self) -> None:
        await migrate(self._settings().database_url, *migrations_of(self._service))
        self._print(f"{self._service.name}: database is up to date")

    async def _status(self) -> None:
        async with open_runtime(self._service, self._settings()) as running:
            self._console.print_json(json.dumps(await running.status(), default=str))

    async def _list(self) -> None:
        async with open_runtime(self._service, self._settings()) as running:
            self._console.print(keys_table(await running.store.held_keys()))
            if quarantined := await running.store.quarantined():
                self._console.print(quarantine_table(quarantined))

    async def _dry_run(self, consumer: str, of: KeyOf) -> None:
        async with open_runtime(self._service, self._settings()) as running:
            rehearsed = await dry_run(running.store, running.handler_named(consumer), of)
        if not rehearsed.tried:
            self._print("the events can be read; their effects lie outside this database and were not tried")
        for name, (now, then) in rehearsed.changes.items():
            self._print(f"{name}: {now} -> {then}")
        self._say(rehearsed.redriven, "would be applied")

    async def _redrive(self, consumer: str, of: KeyOf) -> None:
        async with open_runtime(self._service, self._settings()) as running:
            done = await redrive(running.store, running.handler_named(consumer), of)
        self._say(done, "applied")

    def _say(self, done: Redriven, what: str) -> None:
        self._print(f"{done.applied} events {what}")
        if done.still_held is not None:
            self._print(f"then held again: {done.still_held.reason}")
            raise typer.Exit(1)

    def _print(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    async def _verify(self) -> None:
        async with open_runtime(self._service, self._settings()) as running:
            topic = await self._topic(running)
            try:
                found = await verify(running.log, topic, await worker.relayed(running))
            finally:
                await topic.close()
        self._print(
            f"{found.events} events; missing on the topic: {list(found.missing)}; "
            f"only on the topic: {list(found.foreign)}; different: {list(found.differing)}"
        )
        if not found.is_copy:
            raise typer.Exit(1)

    async def _recover(self) -> None:
        async with open_runtime(self._service, self._settings()) as running:
            topic = await self._topic(running)
            try:
                appended = await recover_from_topic(running.log, topic)
            finally:
                await topic.close()
            self._print(f"{appended} events appended again from {topic.name}")
            rebuilt = await rebuild_claims(running.pool, running.log, self._service.aggregates)
        self._print(f"{rebuilt.claims} claims rebuilt")
        for taken in rebuilt.conflicts:
            self._print(f"the log holds a claim twice, the earlier holder keeps it: {taken}")

    async def _republish(self) -> None:
        await PostgresRelayStore(self._settings().database_url).reset()
        self._print("relays that were running are fenced; the next one to lead sends the whole log again")

    async def _topic(self, running: Runtime) -> KafkaTopic:
        settings = running.settings
        return await KafkaTopic.open(settings.kafka_bootstrap, settings.name, settings.topic_prefix)
