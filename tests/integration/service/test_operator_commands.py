"""What an operator types when something is wrong: each command says in clear lines what it did, or why it did not."""

import asyncio
import json
import os
import re
import sys
from asyncio.subprocess import PIPE
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import httpx
import pytest
from aiokafka import AIOKafkaProducer

from deploy.local.ports import free_port
from shared.contracts.envelope import Metadata, RecordedEvent, to_record
from shared.messaging.partitioner import partition_for
from shared.messaging.postgres_relay_store import PostgresRelayStore
from shared.messaging.provision import provision
from shared.messaging.relay_store import Checkpoint
from tests.fixtures.topics import PARTITIONS, Topics
from tests.fixtures.waiting import eventually
from tests.integration.service.test_whole_service import Database, environment, ready, running, stop

COMMAND_SECONDS = 100
# Each test starts several processes, which share the machine with whatever else runs on it.
pytestmark = pytest.mark.timeout(300)
CELL, MEETING = str(UUID(int=1)), str(UUID(int=2))
NOW = datetime(2026, 3, 15, tzinfo=UTC)
SCHEDULED = (
    f'{{"meeting_id":"{MEETING}","unit_id":"{CELL}","body":"cell","period":"2026-03","parts":["regular"],'
    f'"sittings":[{{"sitting_id":"{UUID(int=3)}","starts_at":"2026-03-03T11:00:00Z"}}]}}'
)


async def typed(variables: Mapping[str, str], *arguments: str, service: str = "meetings") -> tuple[int, str]:
    """Exit status and all that was written."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        f"services.{service}",
        *arguments,
        env={**variables, "COLUMNS": "200"},
        stdout=PIPE,
        stderr=PIPE,
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), COMMAND_SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
    written = (out + err).decode()
    assert "Traceback" not in written
    assert process.returncode is not None
    return process.returncode, written


def row(position: int, version: int) -> RecordedEvent:
    return RecordedEvent(
        log_id="meetings",
        position=position,
        stream=f"meeting-{MEETING}",
        version=version,
        key=CELL,
        event_id=UUID(int=100 + position),
        command_id=UUID(int=200 + position),
        n=0,
        type="MeetingScheduled",
        schema_version=1,
        data=SCHEDULED,
        metadata=Metadata(UUID(int=9), "client:test"),
        recorded_at=NOW,
    )


async def publish(topics: Topics, *chain: tuple[RecordedEvent, int]) -> None:
    async with AIOKafkaProducer(bootstrap_servers=topics.bootstrap) as producer:
        for event, prev in chain:
            record = to_record(event, prev)
            await producer.send_and_wait(
                f"{topics.prefix}meetings.events",
                record.value,
                key=record.key,
                partition=partition_for(event.key, PARTITIONS),
                headers=list(record.headers),
            )


async def test_a_log_is_recovered_with_its_claims_and_then_verified(service_database: Database, topics: Topics) -> None:
    url = await service_database("meetings")
    variables = environment(url, topics.bootstrap, free_port(), topics.prefix)
    await provision(topics.brokers, "meetings", prefix=topics.prefix, partitions=PARTITIONS)
    await publish(topics, (row(1, 1), 0))

    status, said = await typed(variables, "log", "recover-from-topic")
    assert (status, said) == (0, f"1 events appended again from {topics.prefix}meetings.events\n1 claims rebuilt\n")

    await publish(topics, (row(3, 2), 1))
    assert (await typed(variables, "log", "recover-from-topic"))[0] == 0
    async with PostgresRelayStore(url).lead() as leadership:
        assert leadership is not None
        await leadership.advance(Checkpoint(position=3))
    assert await typed(variables, "log", "verify") == (
        0,
        "2 events; missing on the topic: none; only on the topic: none; different: none\n",
    )


async def test_verify_names_what_only_the_topic_has(service_database: Database, topics: Topics) -> None:
    url = await service_database("meetings")
    variables = environment(url, topics.bootstrap, free_port(), topics.prefix)
    await provision(topics.brokers, "meetings", prefix=topics.prefix, partitions=PARTITIONS)
    await publish(topics, (row(3, 1), 0))
    assert (await typed(variables, "log", "recover-from-topic"))[0] == 0
    await topics.delete(f"{topics.prefix}meetings.events")
    await eventually(lambda: made_anew(topics), "topic made anew")
    await publish(topics, (row(2, 1), 0), (row(3, 1), 2))
    async with PostgresRelayStore(url).lead() as leadership:
        assert leadership is not None
        await leadership.advance(Checkpoint(position=3))

    status, said = await typed(variables, "log", "verify")
    assert (status, said) == (1, "1 events; missing on the topic: none; only on the topic: 2; different: none\n")


async def made_anew(topics: Topics) -> bool:
    try:
        await topics.create("meetings.events")
    except RuntimeError:  # the broker is still deleting it
        return False
    return True


async def test_provision_makes_the_topics_once_and_refuses_one_that_forgets(
    service_database: Database, topics: Topics
) -> None:
    variables = environment(await service_database("meetings"), topics.bootstrap, free_port(), topics.prefix)
    there = (0, "meetings: topics are there and keep what they get\n")

    assert [await typed(variables, "provision") for _ in range(2)] == [there, there]

    await topics.delete(f"{topics.prefix}meetings.events")
    await eventually(lambda: made_anew(topics), "topic made anew")
    status, said = await typed(variables, "provision")
    assert status == 2
    assert f"meetings: topic {topics.prefix}meetings.events has retention.ms=" in said


async def test_a_topic_that_forgets_is_refused_and_the_api_stays_until_it_is_mended(
    service_database: Database, topics: Topics
) -> None:
    forgetful = await topics.create("meetings.events", settings={"retention.ms": "1000"})
    port = free_port()
    variables = environment(await service_database("meetings"), topics.bootstrap, port, topics.prefix)
    async with running("all", variables) as process, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        await eventually(lambda: ready(port), "ready", 60)

        async def relay_is(state: str) -> bool:
            return bool(re.search(rf'relay_state{{.*"{state}"}} 1\.0', (await http.get("/metrics")).text))

        await eventually(lambda: relay_is("refusing"), "refusing", 60)
        [problem] = (await http.get("/health/ready")).json()["degraded"]
        assert f"relay refusing: topic {forgetful} has retention.ms=1000" in problem

        await topics.delete(forgetful)
        await eventually(lambda: relay_is("relaying"), "relaying again", 60)
        assert (await http.get("/health/ready")).json()["degraded"] == []
        assert process.returncode is None
        assert not [entry for entry in await stop(process) if "exception" in entry]


async def test_a_log_is_not_recovered_under_a_service_that_runs(service_database: Database, topics: Topics) -> None:
    port = free_port()
    variables = environment(await service_database("meetings"), topics.bootstrap, port, topics.prefix)
    await provision(topics.brokers, "meetings", prefix=topics.prefix, partitions=PARTITIONS)
    await publish(topics, (row(1, 1), 0))
    async with running("api", variables) as process:
        await eventually(lambda: ready(port), "ready", 90)
        status, said = await typed(variables, "log", "recover-from-topic")
        assert (status, "stop its `api`, `worker`, `all` and `pull`" in said) == (2, True), said
        await stop(process)
    assert (await typed(variables, "log", "recover-from-topic"))[0] == 0


async def test_a_log_is_not_republished_under_a_relay_that_leads(service_database: Database, topics: Topics) -> None:
    url = await service_database("meetings")
    variables = environment(url, topics.bootstrap, free_port(), topics.prefix)
    async with PostgresRelayStore(url, session_seconds=300).lead() as leadership:
        assert leadership is not None
        await leadership.advance(Checkpoint(position=3))
        status, said = await typed(variables, "republish")
        assert (status, "a relay still leads" in said) == (2, True), said
        assert (await leadership.checkpoint()).position == 3

    assert (await typed(variables, "republish"))[0] == 0
    async with PostgresRelayStore(url).lead() as leadership:
        assert leadership is not None
        assert (await leadership.checkpoint()).position == 0


async def test_what_is_held_is_a_table_for_people_and_json_for_programs(
    service_database: Database, topics: Topics
) -> None:
    url = await service_database("meetings")
    variables = environment(url, topics.bootstrap, free_port(), topics.prefix)
    assert await typed(variables, "parked", "list") == (0, "nothing waits, is parked or is quarantined\n")

    connection = await asyncpg.connect(url)
    await connection.execute(
        "INSERT INTO held_key (consumer, log_id, key, partition, state, reason) "
        "VALUES ('directory', 'membership', 'tree', 0, 'parked', 'broken')"
    )
    await connection.close()
    status, said = await typed(variables, "parked", "list")
    assert (status, "tree" in said, "broken" in said) == (0, True, True)
    status, said = await typed(variables, "parked", "list", "--json")
    [key] = json.loads(said)["keys"]
    assert (status, key["consumer"], key["log_id"], key["key"], key["state"]) == (
        0,
        "directory",
        "membership",
        "tree",
        "parked",
    )


async def test_refusals_are_one_line(service_database: Database, topics: Topics) -> None:
    nobody_there = f"127.0.0.1:{free_port()}"
    variables = environment(await service_database("meetings"), nobody_there, free_port(), topics.prefix)
    alone = {**variables, "MEETINGS_DATABASE_URL": await service_database("meetings")}
    no_database = {**variables, "MEETINGS_DATABASE_URL": f"postgresql://nobody@{nobody_there}/nothing"}
    refusals = [
        (variables, ("parked", "redrive", "nobody", "membership", "tree"), "has no consumer 'nobody'"),
        (
            variables,
            ("parked", "redrive", "directory", "membership", "tree"),
            "tree is not held at directory: `parked list`",
        ),
        (variables, ("log", "verify"), "KafkaConnectionError"),
        (alone, ("log", "recover-from-topic"), "KafkaConnectionError"),
        (no_database, ("republish",), "the database of DATABASE_URL does not answer"),
        (no_database, ("log", "recover-from-topic"), "the database of DATABASE_URL does not answer"),
    ]
    answers = await asyncio.gather(*(typed(settings, *command) for settings, command, _ in refusals))
    for (status, said), (_, command, why) in zip(answers, refusals, strict=True):
        assert (status, why in said) == (2, True), (command, said)
        assert len([line for line in said.splitlines() if line.startswith("meetings: ")]) == 1


async def test_a_recount_that_cannot_be_done_is_refused_in_one_line(service_database: Database) -> None:
    url, nobody_there = await service_database("reporting"), f"127.0.0.1:{free_port()}"
    variables = {**os.environ, "REPORTING_DATABASE_URL": url, "REPORTING_KAFKA_BOOTSTRAP": nobody_there}
    no_database = {**variables, "REPORTING_DATABASE_URL": f"postgresql://nobody@{nobody_there}/nothing"}
    connection = await asyncpg.connect(url)
    await connection.execute(
        "INSERT INTO consumer_position (consumer, log_id, partition, position, next_offset) "
        "VALUES ('reporting.facts', 'meetings', 0, 1, 1)"
    )
    await connection.close()
    refusals = [
        (variables, (), "KafkaConnectionError"),
        (variables, ("--unit", str(CELL)), f"no unit {CELL} is known here"),
        (variables, ("--period", "2026-13"), "a year and month, such as 2026-03"),
        (no_database, (), "the database of DATABASE_URL does not answer"),
    ]
    answers = await asyncio.gather(
        *(typed(settings, "recount", *options, service="reporting") for settings, options, _ in refusals)
    )
    for (status, said), (_, options, why) in zip(answers, refusals, strict=True):
        assert (status, why in said) == (2, True), (options, said)
