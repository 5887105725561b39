"""From topics on Kafka through a worker of its own to a receiver; the worker is killed where it hurts most."""

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from uuid import UUID

import httpx
import pytest

from deploy.local.ports import free_port
from services.operations.app import SERVICE
from services.operations.projections import SOURCES
from shared.contracts.meetings import MinutesWithdrawn
from shared.directory.projection import DirectoryHandler
from shared.eventstore.memory import MemoryLog
from shared.messaging.kafka_topic import KafkaTopic
from shared.messaging.memory_relay_store import MemoryRelayStore
from shared.messaging.provision import provision
from shared.messaging.relay import Relay
from tests.fixtures.topics import PARTITIONS, Topics
from tests.fixtures.waiting import eventually
from tests.integration import commune
from tests.integration.commune import FIRST, PROVINCE, SECOND
from tests.integration.inprocess import record
from tests.integration.inprocess import running as in_process
from tests.integration.operations.webhooks.conftest import TYPE
from tests.integration.operations.webhooks.receiver import Answer, Receiver
from tests.integration.service.test_operator_commands import typed
from tests.integration.service.test_whole_service import Started, ready, running

pytestmark = pytest.mark.timeout(300)
PASS_SECONDS = 90


@pytest.fixture
async def membership() -> MemoryLog:
    """The commune's tree."""
    return await commune.membership()


@pytest.fixture
async def variables(
    service_database: Callable[[str], Awaitable[str]], topics: Topics, receiver: Receiver, membership: MemoryLog
) -> Mapping[str, str]:
    """Settings of the operations service, which knows the tree, and whose webhooks may go to the receiver."""
    for source in SOURCES:
        await provision(topics.brokers, source, prefix=topics.prefix, partitions=PARTITIONS)
    database_url = await service_database("operations")
    async with in_process(SERVICE, database_url) as service:
        service.handlers = [DirectoryHandler()]
        await service.deliver(membership)
    settings = {
        "DATABASE_URL": database_url,
        "KAFKA_BOOTSTRAP": topics.bootstrap,
        "TOPIC_PREFIX": topics.prefix,
        "PORT": str(free_port()),
        "WEBHOOK_HOSTS": json.dumps({receiver.authority: ["127.0.0.0/8", "::1/128"]}),
        "WEBHOOK_HTTP_LOOPBACK": "true",
        "WEBHOOK_ATTEMPTS": "2",
        "WEBHOOK_FIRST_WAIT_SECONDS": "0.05",
        "WEBHOOK_TIMEOUT_SECONDS": "2",
    }
    return {**os.environ, **{f"OPERATIONS_{name}": value for name, value in settings.items()}}


@pytest.fixture
async def meetings(topics: Topics, membership: MemoryLog) -> AsyncIterator[MemoryLog]:
    """Meetings' log, relayed; so is the commune's tree."""
    logs = [membership, MemoryLog("meetings")]
    relays = [
        Relay(log, MemoryRelayStore(), partial(KafkaTopic.open, topics.brokers, log.log_id, topics.prefix))
        for log in logs
    ]
    tasks = [asyncio.create_task(relay.run()) for relay in relays]
    yield logs[1]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def worker(variables: Mapping[str, str], **more: str) -> AsyncIterator[Started]:
    async with running("worker", {**variables, **more}, service="operations") as process:
        yield process


async def webhooks(variables: Mapping[str, str], *arguments: object) -> tuple[int, str]:
    return await typed(variables, "webhooks", *map(str, arguments), service="operations")


async def added(variables: Mapping[str, str], receiver: Receiver) -> tuple[str, str]:
    status, said = await webhooks(variables, "add", PROVINCE, receiver.url(), TYPE)
    found = re.fullmatch(r"webhook (\S+)\nsecret (\S+)\n", said)
    assert status == 0
    assert found, said
    return found[1], found[2]


async def happened(log: MemoryLog, *keys: UUID) -> None:
    for key in keys:
        event = MinutesWithdrawn(meeting_id=UUID(int=1), reason="typo")
        await record(log, event, stream=f"meeting-{key}", key=str(key))


async def arrived(receiver: Receiver, count: int) -> bool:
    return len({got.id for got in receiver.got}) >= count


async def test_killed_between_sending_and_knowing_it_sends_again_under_the_same_id_and_loses_nothing(
    variables: Mapping[str, str], meetings: MemoryLog, receiver: Receiver
) -> None:
    _, secret = await added(variables, receiver)
    await happened(meetings, FIRST, SECOND, FIRST, FIRST, SECOND)
    async with worker(variables, FAILPOINT="webhook.sent") as killed:
        await asyncio.wait_for(killed.written(), PASS_SECONDS)
        assert killed.returncode == -9
    sent = len(receiver.got)
    assert sent >= 1
    async with worker(variables):
        await eventually(lambda: arrived(receiver, 5), "everything arrived", PASS_SECONDS)
    assert all(got.verified_by(secret) for got in receiver.got)
    again = [got for got in receiver.got[sent:] if got.id in {before.id for before in receiver.got[:sent]}]
    assert again, "what was sent and not known to be came twice"
    for key in (FIRST, SECOND):
        positions = [position for of, position in receiver.places() if of == str(key)]
        assert positions == sorted(positions)


async def test_an_operator_sees_parked_deliveries_and_lets_them_go_from_the_command_line(
    variables: Mapping[str, str], meetings: MemoryLog, receiver: Receiver
) -> None:
    webhook, _ = await added(variables, receiver)
    receiver.answer = lambda _: Answer(500)
    await happened(meetings, FIRST, FIRST, SECOND)
    port = int(variables["OPERATIONS_PORT"])
    async with worker(variables):
        await eventually(partial(ready, port), "ready", PASS_SECONDS)
        await eventually(
            partial(metric, port, f'webhook_parked_deliveries{{subscription="{webhook}"}} 3.0'), "parked", 60
        )
        status, said = await webhooks(variables, "list")
        assert status == 1
        assert f"active  {webhook}  3 wait, 3 parked" in said
        assert f"parked  {webhook} meetings {FIRST}  2 deliveries\n    2 attempts: answers 500; first {TYPE} at" in said
        status, said = await webhooks(variables, "dry-run", webhook, "meetings", FIRST)
        assert (status, said.partition(";")[0]) == (0, "2 deliveries would be sent, in order")
        assert await webhooks(variables, "drop", webhook, "meetings", SECOND) == (
            0,
            "meetings 3 is dropped; what stood behind it is tried\n",
        )
        receiver.answer = lambda _: Answer()
        assert await webhooks(variables, "redrive", webhook) == (0, "2 deliveries of 1 keys are tried anew\n")
        await eventually(
            partial(metric, port, f'webhook_waiting_deliveries{{subscription="{webhook}"}} 0.0'), "gone", 60
        )
    assert receiver.places()[-2:] == [(str(FIRST), 1), (str(FIRST), 2)]
    status, said = await webhooks(variables, "list")
    assert (status, said.partition("\n")[0]) == (0, f"active  {webhook}  0 wait, 0 parked, 0 s")


async def test_what_an_operator_cannot_do_is_said_in_one_line(variables: Mapping[str, str], receiver: Receiver) -> None:
    nobody = UUID(int=1)
    assert await webhooks(variables, "list") == (0, "there are no webhooks\n")
    for arguments, reason in (
        (("add", PROVINCE, "https://evil.example/", TYPE), "OPERATIONS_WEBHOOK_HOSTS"),
        (("add", PROVINCE, receiver.url(), "PersonCorrected"), "no public event types: PersonCorrected; there are: "),
        (("add", nobody, receiver.url(), TYPE), f"operations: no unit {nobody} is known here"),
        (("pause", nobody), f"operations: Không có webhook {nobody}."),
        (("redrive", nobody), f"operations: Không có webhook {nobody}."),
    ):
        status, said = await webhooks(variables, *arguments)
        assert status == 2
        assert reason in said
        assert said.count("\n") == 1
    status, said = await webhooks(variables, "redrive", nobody, "meetings")
    assert status == 2
    assert "a LOG needs a KEY; without both all keys are tried" in said


async def metric(port: int, line: str) -> bool:
    async with httpx.AsyncClient() as http:
        return line in (await http.get(f"http://127.0.0.1:{port}/metrics")).text
