"""Public events -> deliveries, one for each subscription that wants them, in the transaction of the position."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from services.operations.projections import SOURCES, Unread
from services.operations.sql import WEBHOOKS
from services.operations.webhooks.reach import Reach
from services.operations.webhooks.tables import Wanting
from shared.contracts.catalogue import all_events, types_of, upcasters_of
from shared.contracts.event import Event, EventTypes
from shared.local_time import local_date
from shared.messaging.handler import Received, Tx
from shared.web.roles import Role
from shared.web.runtime import RegisteredClient

# What is internal to a service is not even read here.
PUBLIC = EventTypes(
    [event for event in types_of(*SOURCES) if event.visibility == "public"],
    {step: upcaster for source in SOURCES for step, upcaster in upcasters_of(source).items()},
)
MEMBERSHIP = "membership"
DIRECTORY_SECONDS = 2.0
POLL_SECONDS = 0.05


class Unopened(EventTypes):
    """The same types, not read: what no webhook wants parks nothing, whatever is in it."""

    def decode(self, name: str, schema_version: int, data: str) -> Event:  # noqa: ARG002 - nothing is looked at
        """Never raises."""
        return Unread()


class DirectoryBehind(OSError):
    """This service's directory has not taken the event yet: who is concerned is not known. Trying again helps."""


class WebhookQueue:
    """The consumer "operations.webhooks". Its positions are never set back: receivers would get all of it again."""

    name = "operations.webhooks"
    sources = SOURCES
    types: EventTypes = Unopened(PUBLIC)

    def __init__(
        self,
        clients: Callable[[], Mapping[str, RegisteredClient]],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._clients = clients
        self._clock = clock

    async def apply(self, tx: Tx, batch: Sequence[Received]) -> None:
        wanting = [who async for row in WEBHOOKS.wanting(tx) if (who := self._wanting(row))]
        wanted = [_opened(received) for received in batch if any(who.wants(received.recorded) for who in wanting)]
        if not wanted:
            return
        await _wait_for_directory(tx, wanted)
        reach = await Reach.of(tx, wanted, {unit for who in wanting for unit in who.within}, local_date(self._clock()))
        await _queue(
            tx,
            [
                (who.subscription_id, received)
                for received in wanted
                for who in wanting
                if who.wants(received.recorded) and all(reach.concerns(received, unit) for unit in who.within)
            ],
        )

    def _wanting(self, row: Mapping[str, Any]) -> Wanting | None:
        """Rights follow today's tree (docs/adr/0031): a machine hears of its unit what stands below its own today.

        None if it is an integrator of no unit any more.
        """
        within = {row["unit_id"]}
        kind, _, client_id = row["made_by"].partition(":")
        if kind == "client":
            client = self._clients().get(client_id)
            if client is None or client.role is not Role.INTEGRATOR or client.unit_id is None:
                return None
            within.add(client.unit_id)
        return Wanting(row["subscription_id"], frozenset(within), frozenset(row["types"]), row["made_at"])


def _opened(received: Received) -> Received:
    """Raises `UndecodableEvent`."""
    recorded = received.recorded
    return received._replace(event=PUBLIC.decode(recorded.type, recorded.schema_version, recorded.data))


def public_types() -> Collection[str]:
    """Every type that a subscription may ask for, by name."""
    return sorted(event.__name__ for _, event in all_events() if event.visibility == "public")


async def _wait_for_directory(tx: Tx, wanted: Sequence[Received]) -> None:
    """Both read the same topic: the tree around an event is known once the directory has taken it, a moment later."""
    last: dict[int, int] = {}
    for received in wanted:
        if received.recorded.log_id == MEMBERSHIP:
            last[received.partition] = max(received.recorded.position, last.get(received.partition, 0))
    clock = asyncio.get_running_loop().time
    deadline = clock() + DIRECTORY_SECONDS
    while last and await WEBHOOKS.directory_behind(tx, partitions=[*last], positions=[*last.values()]):
        if clock() > deadline:
            raise DirectoryBehind("the directory has not taken these events of membership yet")
        await asyncio.sleep(POLL_SECONDS)


async def _queue(tx: Tx, deliveries: Sequence[tuple[UUID, Received]]) -> None:
    if not deliveries:
        return
    recorded = [received.recorded for _, received in deliveries]
    await WEBHOOKS.queue(
        tx,
        subscription_ids=[subscription_id for subscription_id, _ in deliveries],
        log_ids=[event.log_id for event in recorded],
        positions=[event.position for event in recorded],
        keys=[event.key for event in recorded],
        event_ids=[event.event_id for event in recorded],
        types=[event.type for event in recorded],
        schema_versions=[event.schema_version for event in recorded],
        streams=[event.stream for event in recorded],
        recorded_ats=[event.recorded_at for event in recorded],
        datas=[event.data for event in recorded],
    )
