"""`log verify`, `log recover-from-topic` and `republish`: what mends a log and its topic."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import groupby

import typer

from shared import worker
from shared.command import NOT_WELL, read_settings, run, say
from shared.database.sessions import sessions_named
from shared.eventstore.claims_table import rebuild_claims
from shared.messaging.kafka_topic import KafkaTopic
from shared.messaging.postgres_relay_store import RELAY_SESSION, PostgresRelayStore
from shared.messaging.recover import Verified, recover_from_topic, verify
from shared.messaging.relay_store import RelayStillLeads
from shared.progress import progress
from shared.service import Runtime, Service, ServiceSettings, StillRunning, open_runtime

# A relay that refuses to send leads for a moment each few seconds, to look; one that sends leads all the time.
LEAD_ATTEMPTS = 4
LEAD_SECONDS = 1.0


class LogCommands:
    """One method per command; its docstring is its help."""

    def __init__(self, service: Service, settings_class: type[ServiceSettings]) -> None:
        self._service = service
        self._settings_class = settings_class

    def app(self) -> typer.Typer:
        log = typer.Typer(no_args_is_help=True, help="The log and its topic.")
        for command in (self.verify, self.recover_from_topic):
            log.command()(command)
        return log

    def verify(self) -> None:
        """Compares every row of the log with the topic's copy; exit status 1 if they differ."""
        run(self._service.name, self._verify())

    def recover_from_topic(self) -> None:
        """Appends again what a restored log lacks and its topic has. Stop the service first."""
        run(self._service.name, self._recover())

    def republish(self) -> None:
        """Sends the whole log again, to a topic that was made anew; consumers drop what they have.

        Stop every relay of the service (`worker`, `all`) BEFORE the topic is made anew: a batch that one has under
        way could land in the new topic. Refused while a relay leads.
        """
        run(self._service.name, self._republish())

    async def _verify(self) -> None:
        async with open_runtime(self._service, self._settings()) as running, _topic(running) as topic:
            up_to = await worker.relayed(running)
            with progress(f"log verify {topic.name}", up_to) as advance:
                found = await verify(running.log, topic, up_to, advance)
        say(_said(found))
        if not found.is_copy:
            raise typer.Exit(NOT_WELL)

    async def _recover(self) -> None:
        settings = self._settings()
        if sessions := await sessions_named(settings.database_url, settings.name, RELAY_SESSION):
            raise StillRunning(settings.name, sessions)
        async with open_runtime(self._service, settings) as running:
            async with _topic(running) as topic:
                with progress(f"reading {topic.name}", sum((await topic.end_offsets()).values())) as advance:
                    appended = await recover_from_topic(running.log, topic, advance)
            say(f"{appended} events appended again from {topic.name}")
            with progress("rebuilding claims", await running.log.head()) as advance:
                rebuilt = await rebuild_claims(running.pool, running.log, self._service.aggregates, advance)
        say(f"{rebuilt.claims} claims rebuilt")
        for taken in rebuilt.conflicts:
            say(f"the log holds a claim twice, the earlier holder keeps it: {taken}")

    async def _republish(self) -> None:
        async with open_runtime(self._service, self._settings()) as running:
            await _reset(PostgresRelayStore(running.settings.database_url))
            head = await running.log.head()
        say(f"the next relay to lead sends the whole log again, up to position {head}: `status` shows how far it is")

    def _settings(self) -> ServiceSettings:
        return read_settings(self._settings_class)


async def _reset(store: PostgresRelayStore) -> None:
    for _ in range(LEAD_ATTEMPTS):
        async with store.lead() as leadership:
            if leadership is not None:
                await store.reset()
                return
        await asyncio.sleep(LEAD_SECONDS)
    raise RelayStillLeads


@asynccontextmanager
async def _topic(running: Runtime) -> AsyncIterator[KafkaTopic]:
    settings = running.settings
    topic = await KafkaTopic.open(settings.brokers, settings.name, settings.topic_prefix, sends=False)
    try:
        yield topic
    finally:
        await topic.close()


def _said(found: Verified) -> str:
    return (
        f"{found.events} events; missing on the topic: {ranges(found.missing)}; "
        f"only on the topic: {ranges(found.foreign)}; different: {ranges(found.differing)}"
    )


def ranges(positions: Sequence[int]) -> str:
    """Rising positions in short: `3-5, 9`."""
    runs = [list(run) for _, run in groupby(enumerate(positions), lambda at: at[1] - at[0])]
    spans = [(run[0][1], run[-1][1]) for run in runs]
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in spans) or "none"
