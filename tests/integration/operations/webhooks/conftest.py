"""The operations service with the small commune's directory, a receiver, and a deliverer that a test sets going."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import ip_network
from typing import Any
from uuid import UUID

import pytest

from services.operations.app import SERVICE
from services.operations.settings import OperationsSettings
from services.operations.webhooks.deliverer import Deliverer, Patience
from services.operations.webhooks.held import Held
from services.operations.webhooks.registry import Registry, Wish
from services.operations.webhooks.sender import Sender, client
from services.operations.webhooks.tables import Line, Subscription
from services.operations.webhooks.worker import registry_of
from shared.contracts.envelope import RecordedEvent
from shared.contracts.event import Event
from shared.contracts.meetings import MinutesWithdrawn
from shared.eventstore.memory import MemoryLog
from shared.service import ClientSettings
from shared.web.roles import Role
from tests.integration import commune
from tests.integration.inprocess import InProcess, record, running
from tests.integration.operations.webhooks.receiver import Receiver, receiving

TYPE = MinutesWithdrawn.__name__
HERE = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
CLIENTS = {
    "watch": ClientSettings(role=Role.OPERATOR),
    "commune": ClientSettings(role=Role.INTEGRATOR, unit_id=commune.COMMUNE),
    "block": ClientSettings(role=Role.INTEGRATOR, unit_id=commune.BLOCK),
    "province": ClientSettings(role=Role.INTEGRATOR, unit_id=commune.PROVINCE),
    "test": ClientSettings(role=Role.INTEGRATOR, unit_id=commune.PROVINCE),
    "unbound": ClientSettings(role=Role.INTEGRATOR),
}
# A directory that is as far as can be: what happens while it is not has a test of its own.
DIRECTORY_READ_ALL = "INSERT INTO consumer_position (consumer, log_id, partition, position) VALUES ($1, $2, 0, $3)"


@dataclass
class Post:
    """`logs`: what other services recorded."""

    service: InProcess
    receiver: Receiver
    sender: Sender
    patience: Patience
    logs: dict[str, MemoryLog] = field(default_factory=dict)

    @property
    def registry(self) -> Registry:
        return registry_of(self.service.runtime)

    @property
    def held(self) -> Held:
        return Held(self.service.runtime.pool)

    async def subscribe(
        self, unit_id: UUID = commune.PROVINCE, *types: str, path: str = "/in", made_by: str = "client:test"
    ) -> tuple[UUID, str]:
        """A new webhook to the receiver, and its secret."""
        return await self.registry.add(Wish(unit_id, self.receiver.url(path), types or (TYPE,)), made_by)

    async def happen(self, *keys: UUID | str, log_id: str = "meetings", event: Event | None = None) -> None:
        """An event of each key, queued for who wants it."""
        for key in keys:
            log = self.logs.setdefault(log_id, MemoryLog(log_id))
            happened = event or MinutesWithdrawn(meeting_id=UUID(int=1), reason="typo")
            await record(log, happened, stream=f"stream-{key}", key=str(key))
        await self.service.deliver(*self.logs.values())

    async def recorded(self, log_id: str = "meetings") -> Sequence[RecordedEvent]:
        return await self.logs[log_id].read(after=0)

    def deliverer(self, **changes: Any) -> Deliverer:
        """Another process that delivers; `changes` to its patience."""
        return Deliverer(self.service.runtime.pool, self.sender, replace(self.patience, **changes))

    async def deliver(self, **changes: Any) -> None:
        """Sends everything that is due now."""
        await served(self.deliverer(**changes))

    async def one(self, webhook: UUID) -> Subscription:
        return await self.registry.one(webhook)

    async def lines(self) -> Sequence[Line]:
        return await self.held.lines()

    async def execute(self, statement: str, *values: object) -> None:
        await self.service.runtime.pool.execute(statement, *values)


async def served(deliverer: Deliverer) -> None:
    await deliverer.begin()
    await deliverer.settled()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
async def post(service_database: Callable[[str], Awaitable[str]], receiver: Receiver) -> AsyncIterator[Post]:
    settings = OperationsSettings(
        database_url=await service_database("operations"),
        clients=CLIENTS,
        webhook_hosts={receiver.authority: HERE, "elsewhere.example": ()},
        webhook_http_loopback=True,
    )
    async with (
        running(SERVICE, settings.database_url, settings) as service,
        client(ssl.create_default_context()) as http,
    ):
        sender = Sender(http, registry_of(service.runtime).allowed, seconds=5.0)
        post = Post(service, receiver, sender, Patience(attempts=3, first_wait=0.0, attempt_seconds=5.0))
        post.logs["membership"] = await commune.membership()
        await service.deliver(*post.logs.values())
        await post.execute(DIRECTORY_READ_ALL, "directory", "membership", 2**62)
        yield post
