"""The command line of every service: run its parts, migrate, look at held events and let them go on, mend the log."""

import json

import stamina
import typer
from rich.console import Console

from shared import worker
from shared.command import read_settings, run, say
from shared.database.migrate import migrate
from shared.log_commands import LogCommands
from shared.messaging.topic import TopicUnavailable
from shared.observability.logging import configure_logging
from shared.observability.tracing import configure_tracing
from shared.parked_commands import ParkedCommands
from shared.process import listen, run_until_stopped, serve
from shared.quarantine_commands import QuarantineCommands
from shared.service import Service, ServiceSettings, migrations_of, open_runtime
from shared.web.app import create_app

# How long `provision` waits for a broker before it gives up.
BROKER_SECONDS = 300.0


def command_line(service: Service, settings_class: type[ServiceSettings]) -> typer.Typer:
    """All commands of `service`, its own among them."""
    commands = _Commands(service, settings_class)
    app = typer.Typer(no_args_is_help=True, add_completion=False, help=f"The {service.name} service.")
    for command in (commands.api, commands.worker, commands.all, commands.migrate, commands.status):
        app.command()(command)
    app.add_typer(ParkedCommands(service, settings_class).app(), name="parked")
    app.add_typer(QuarantineCommands(service, settings_class).app(), name="quarantine")
    if service.has_log:
        log = LogCommands(service, settings_class)
        app.command()(commands.provision)
        app.command()(log.republish)
        app.add_typer(log.app(), name="log")
    if service.commands is not None:
        app.add_typer(service.commands)
    return app


class _Commands:
    """One method per command; its docstring is its help."""

    def __init__(self, service: Service, settings_class: type[ServiceSettings]) -> None:
        self._service = service
        self._settings_class = settings_class

    def api(self) -> None:
        """Answers HTTP requests, without relay and consumers."""
        run(self._service.name, self._api())

    def worker(self) -> None:
        """Sends the log to Kafka and takes others' events; health and metrics on the service's port."""
        run(self._service.name, self._worker())

    def all(self) -> None:
        """`api` and `worker` in one process."""
        run(self._service.name, self._all())

    def migrate(self) -> None:
        """Brings the database's schema up to date."""
        run(self._service.name, self._migrate())

    def provision(self) -> None:
        """Makes the topics of the log where they are missing, and checks those that are there; waits for a broker."""
        run(self._service.name, self._provision())

    def status(self) -> None:
        """Relay, consumers and watermarks as JSON."""
        run(self._service.name, self._status())

    async def _api(self) -> None:
        settings = self._configured()
        listener = listen(settings.host, settings.port)
        async with open_runtime(self._service, settings) as running:
            app = create_app(running, self._service.routers(running))
            await run_until_stopped(serve(app, listener), stop_seconds=settings.stop_seconds)

    async def _worker(self) -> None:
        settings = self._configured()
        listener = listen(settings.host, settings.port)
        async with open_runtime(self._service, settings) as running:
            # No routes of its own: health and metrics for whoever watches the process.
            watched, parts = serve(create_app(running, ()), listener), worker.parts(self._service, running)
            await run_until_stopped(watched, *parts, stop_seconds=settings.stop_seconds)

    async def _all(self) -> None:
        settings = self._configured()
        listener = listen(settings.host, settings.port)
        async with open_runtime(self._service, settings) as running:
            app = create_app(running, self._service.routers(running))
            parts = worker.parts(self._service, running)
            await run_until_stopped(*parts, serve(app, listener), stop_seconds=settings.stop_seconds)

    def _configured(self) -> ServiceSettings:
        settings = read_settings(self._settings_class)
        configure_logging(settings.name, settings.log_level)
        configure_tracing(settings.name, settings.otlp_endpoint)
        return settings

    async def _migrate(self) -> None:
        await migrate(read_settings(self._settings_class).database_url, *migrations_of(self._service))
        say(f"{self._service.name}: database is up to date")

    async def _provision(self) -> None:
        settings = read_settings(self._settings_class)
        # A deployment starts it beside its brokers, which are slow while a whole machine starts.
        async for attempt in stamina.retry_context(TopicUnavailable, attempts=None, timeout=BROKER_SECONDS, wait_max=5):
            with attempt:
                await worker.provisioned(settings)
        say(f"{self._service.name}: topics are there and keep what they get")

    async def _status(self) -> None:
        async with open_runtime(self._service, read_settings(self._settings_class)) as running:
            Console().print_json(json.dumps(await running.status(), default=str))
