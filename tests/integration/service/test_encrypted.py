"""Services on encrypted servers where each is known: what works, and what is refused to whom."""

import asyncio
import os
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import asyncpg
import pytest
from aiokafka.admin import NewTopic
from aiokafka.errors import KafkaConnectionError, KafkaError, TopicAuthorizationFailedError

from deploy.local import system
from deploy.local.ports import free_port
from shared.database.pool import open_pool
from shared.eventstore.group_commit import GroupCommitLog
from shared.messaging.brokers import Brokers, Login
from shared.messaging.kafka_topic import KafkaTopic
from shared.messaging.topic import TopicUnavailable
from tests.conformance.appends import append_of
from tests.fixtures.encrypted import Encrypted
from tests.fixtures.waiting import eventually
from tests.integration.service.test_operator_commands import typed
from tests.integration.service.test_whole_service import ready, running, stop

pytestmark = [pytest.mark.timeout(300), pytest.mark.tls]
# Trusted by this machine, but not those that the servers' certificates come from.
OTHER_AUTHORITIES = ssl.get_default_verify_paths().cafile or "/etc/ssl/cert.pem"
SESSIONS = """
SELECT a.application_name, s.ssl FROM pg_stat_activity AS a JOIN pg_stat_ssl AS s USING (pid)
WHERE a.usename = 'meetings'
"""
READ = "SELECT max(position) FROM consumer_position WHERE log_id = 'meetings'"


@pytest.fixture(scope="module")
def databases(encrypted: Encrypted) -> Mapping[str, str]:
    """Each service's own login, without a word about encryption."""
    address = partial(system._database, encrypted.postgres, code=system.ROOT)
    made = {name: asyncio.run(address(service=name)) for name in ("meetings", "attendance")}
    return {name: url.partition("?")[0] for name, url in made.items()}


@pytest.fixture(scope="module")
def variables(encrypted: Encrypted, databases: Mapping[str, str]) -> Mapping[str, str]:
    """What all services share, in one variable each; and what each has of its own."""
    shared = {
        "SERVICE_DATABASE_CA_FILE": str(encrypted.authority),
        "SERVICE_KAFKA_BOOTSTRAP": encrypted.kafka,
        "SERVICE_KAFKA_SECURITY": "SASL_SSL",
        "SERVICE_KAFKA_CA_FILE": str(encrypted.authority),
        "SERVICE_TOPIC_PARTITIONS": "3",
    }
    own = {f"{name.upper()}_DATABASE_URL": url for name, url in databases.items()}
    ports = {f"{name.upper()}_PORT": str(free_port()) for name in databases}
    passwords = {f"{name.upper()}_KAFKA_PASSWORD": encrypted.passwords[name] for name in databases}
    return {**os.environ, **shared, **own, **ports, **passwords}


async def test_an_event_goes_its_whole_way_encrypted(
    encrypted: Encrypted, databases: Mapping[str, str], variables: Mapping[str, str]
) -> None:
    async with both_running(variables) as processes:
        position = await appended(encrypted, databases["meetings"])
        await eventually(lambda: reached(encrypted, databases["attendance"], position), "attendance has seen it", 60)
        sessions = await asked(encrypted, databases["meetings"], SESSIONS)
        assert {row["application_name"] for row in sessions} >= {"meetings", "relay"}
        assert all(row["ssl"] for row in sessions)
        assert await typed(variables, "log", "verify") == (
            0,
            f"{position} events; missing on the topic: none; only on the topic: none; different: none\n",
        )
        for process in processes:
            assert not [entry for entry in await stop(process) if entry["level"] in {"error", "critical"}]


async def test_no_other_services_login_writes_a_services_topics(
    encrypted: Encrypted, variables: Mapping[str, str]
) -> None:
    assert (await typed(variables, "provision"))[0] == 0
    for topic in ("meetings.events", "meetings.progress"):
        await send(known(encrypted, "meetings"), topic)
        with pytest.raises(TopicAuthorizationFailedError):
            await send(known(encrypted, "attendance"), topic)


async def test_a_service_reads_only_logs_that_it_takes_events_from(
    encrypted: Encrypted, variables: Mapping[str, str]
) -> None:
    for service in ("meetings", "attendance"):
        assert (await typed(variables, "provision", service=service))[0] == 0
    assert await readable(known(encrypted, "attendance"), "meetings.events")
    assert not await readable(known(encrypted, "meetings"), "attendance.events")


async def test_who_counts_again_from_a_topic_needs_no_right_to_write(
    encrypted: Encrypted, variables: Mapping[str, str]
) -> None:
    assert (await typed(variables, "provision"))[0] == 0
    reporting = known(encrypted, "reporting")
    topic = await KafkaTopic.open(reporting, "meetings", sends=False)
    assert sorted(await topic.end_offsets()) == [0, 1, 2]
    await topic.close()
    with pytest.raises(TopicUnavailable, match="ClusterAuthorizationFailedError"):
        await KafkaTopic.open(reporting, "meetings")


async def test_a_reader_from_outside_follows_what_happened_and_can_do_nothing_else(
    encrypted: Encrypted, databases: Mapping[str, str], variables: Mapping[str, str]
) -> None:
    async with running("all", variables):
        await eventually(partial(ready, int(variables["MEETINGS_PORT"])), "ready", 60)
        position = await appended(encrypted, databases["meetings"])
        reader = known(encrypted, "reader")
        assert position in await read_until(reader, "meetings.events", position)
    with pytest.raises(TopicAuthorizationFailedError):
        await send(reader, "meetings.events", idempotent=False)
    assert not await readable(reader, "meetings.progress")
    admin = reader.admin()
    await admin.start()
    refused = await admin.create_topics([NewTopic("reader.own", 1, 1)])
    await admin.close()
    assert [code for _, code, *_ in refused.topic_errors] == [TopicAuthorizationFailedError.errno]


async def test_who_does_not_trust_the_brokers_authority_sends_them_nothing(encrypted: Encrypted) -> None:
    strangers = Brokers(encrypted.kafka, ssl.create_default_context(), known(encrypted, "meetings").login)
    with pytest.raises(KafkaConnectionError):
        await send(strangers, "meetings.events")


@pytest.mark.parametrize("password", ["guess", None])
async def test_the_brokers_answer_nobody_without_the_password(encrypted: Encrypted, password: str | None) -> None:
    trusting = known(encrypted, "meetings").tls
    with pytest.raises(KafkaConnectionError):
        await send(Brokers(encrypted.kafka, trusting, Login("meetings", password) if password else None), "meetings")


async def test_the_database_answers_nobody_in_clear(databases: Mapping[str, str]) -> None:
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
        await asyncpg.connect(f"{databases['meetings']}?sslmode=disable")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"SERVICE_DATABASE_CA_FILE": OTHER_AUTHORITIES},
            "the database of DATABASE_URL does not answer: [SSL: CERTIFICATE_VERIFY_FAILED]",
        ),
        ({"SERVICE_KAFKA_CA_FILE": "/nowhere"}, "MEETINGS_KAFKA_CA_FILE: no certificates can be read from /nowhere"),
        ({"SERVICE_KAFKA_CA_FILE": OTHER_AUTHORITIES}, "[SSL: CERTIFICATE_VERIFY_FAILED]"),
        ({"MEETINGS_KAFKA_PASSWORD": "guess"}, "SaslAuthenticationFailed"),
    ],
)
async def test_why_a_server_is_not_reached_is_said_without_a_trace_of_the_program(
    variables: Mapping[str, str], changed: Mapping[str, str], said: str
) -> None:
    status, written = await typed({**variables, **changed}, "log", "verify")
    assert status == 2
    assert said in written


async def test_the_login_of_a_service_cannot_change_its_events(
    encrypted: Encrypted, databases: Mapping[str, str]
) -> None:
    await appended(encrypted, databases["meetings"])
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asked(encrypted, databases["meetings"], "UPDATE events SET type = 'Other'")


@asynccontextmanager
async def both_running(variables: Mapping[str, str]) -> AsyncIterator[tuple[Any, Any]]:
    async with (
        running("all", variables) as meetings,
        running("all", variables, service="attendance") as attendance,
    ):
        for service in ("MEETINGS", "ATTENDANCE"):
            await eventually(partial(ready, int(variables[f"{service}_PORT"])), f"{service} is ready", 60)
        yield meetings, attendance


async def appended(encrypted: Encrypted, url: str) -> int:
    """The position of a new event in the service's log."""
    pool = await open_pool(trusting(encrypted, url))
    try:
        async with GroupCommitLog(pool, "meetings") as log:
            await log.append(append_of(stream=f"note-{await log.head() + 1}"))
            return await log.head()
    finally:
        await pool.close()


async def reached(encrypted: Encrypted, url: str, position: int) -> bool:
    [row] = await asked(encrypted, url, READ)
    return bool(row["max"] == position)


async def asked(encrypted: Encrypted, url: str, statement: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(trusting(encrypted, url))
    try:
        return await connection.fetch(statement)
    finally:
        await connection.close()


def trusting(encrypted: Encrypted, url: str) -> str:
    return f"{url}?sslmode=verify-full&sslrootcert={encrypted.authority}"


def known(encrypted: Encrypted, user: str) -> Brokers:
    context = ssl.create_default_context(cafile=encrypted.authority)
    return Brokers(encrypted.kafka, context, Login(user, encrypted.passwords[user]))


async def send(brokers: Brokers, topic: str, *, idempotent: bool = True) -> None:
    producer = brokers.producer(acks="all", enable_idempotence=idempotent)
    try:
        await producer.start()
        await producer.send_and_wait(topic, b"{}", key=b"test", partition=0)
    finally:
        await producer.stop()


async def read_until(brokers: Brokers, topic: str, position: int) -> list[int]:
    """The positions on a topic, from its beginning, in a consumer group that is called as the reader is."""
    consumer = brokers.consumer(group_id="reader.test", auto_offset_reset="earliest")
    consumer.subscribe([topic])
    await consumer.start()
    found: list[int] = []
    try:
        async with asyncio.timeout(60):
            while position not in found:
                record = await consumer.getone()
                # What `send` put there is no event.
                found += [int(value) for name, value in record.headers if name == "ce_sequence"]
    finally:
        await consumer.stop()
    return found


async def readable(brokers: Brokers, topic: str) -> bool:
    admin = brokers.admin()
    await admin.start()
    try:
        [described] = await admin.describe_topics([topic])
    except KafkaError:
        return False
    finally:
        await admin.close()
    return bool(described["error_code"] == 0)
