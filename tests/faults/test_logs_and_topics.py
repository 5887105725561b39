"""A topic is made anew and its log sent again; a log comes back from a backup, behind its topic."""

import asyncpg
import httpx
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import TopicAlreadyExistsError

from deploy.local.system import PARTITIONS
from shared.messaging.brokers import Brokers
from shared.messaging.provision import provision
from shared.messaging.topic import events_topic
from tests.faults.rig import Rig
from tests.faults.scan import read_log
from tests.faults.workload import Load, World
from tests.fixtures.waiting import eventually

pytestmark = [pytest.mark.faults, pytest.mark.long, pytest.mark.timeout(1800)]

BACKUP = "meetings_backup"


def test_a_topic_made_anew_gets_its_log_again_and_then_what_is_appended(world: World) -> None:
    async def make_the_topic_anew(load: Load) -> None:
        for service in ("meetings", "attendance"):
            await load.more(20)
            await load.rig.suspend(service)
            await made_anew(load.rig, service)
            status, said = await load.rig.operate(service, "republish")
            assert (status, "sends the whole log again" in said) == (0, True), said
            load.rig.resume(service)
            load.rig.say(f"{events_topic(service)} was made anew")
            await load.more(20)

    world.play_through(make_the_topic_anew)


async def made_anew(rig: Rig, service: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=rig.system.kafka)
    await admin.start()

    async def gone() -> bool:
        return events_topic(service) not in await admin.list_topics()

    try:
        await admin.delete_topics([events_topic(service)])
        await eventually(gone, f"the topic of {service} is deleted", 120)
    finally:
        await admin.close()

    async def provisioned() -> bool:
        try:
            await provision(Brokers(rig.system.kafka), service, partitions=PARTITIONS)
        except TopicAlreadyExistsError:  # the broker is still deleting it
            return False
        return True

    await eventually(provisioned, f"the topic of {service} is there again", 120)


def test_a_log_restored_behind_its_topic_is_refused_recovered_and_goes_on(world: World) -> None:
    rig = world.rig
    worker = rig.add_worker("meetings")
    rig.supervisor.suspend(worker)

    async def lose_a_part_of_the_log(load: Load) -> None:
        async with load.held():
            await rig.suspend("meetings")
            await copy_database(rig, "meetings", BACKUP)
            rig.resume("meetings")
        await load.more(30)
        async with load.held():
            await read_log(rig, "meetings")  # all of it is on the topic
            await rig.suspend("meetings")
            lost = await events_in(rig, "meetings") - await events_in(rig, BACKUP)
            assert lost > 0
            await copy_database(rig, BACKUP, "meetings")
            # Only its worker runs: nothing may be written before the log is whole.
            rig.resume(worker)
            await refuses(rig, worker, f"has {lost} later events")
            await rig.suspend(worker)
            status, said = await rig.operate("meetings", "log", "recover-from-topic")
            assert (status, f"{lost} events appended again" in said) == (0, True), said
            rig.say(said.replace("\n", "; "))
            rig.resume("meetings")
        await load.more(20)

    world.play_through(lose_a_part_of_the_log)


async def refuses(rig: Rig, worker: str, words: str) -> None:
    address = rig.programs[worker].ready_url
    assert address

    async def says_so() -> bool:
        async with httpx.AsyncClient() as http:
            try:
                answer = await http.get(address)
            except httpx.TransportError:
                return False
        return any("relay refusing" in said and words in said for said in answer.json()["degraded"])

    await eventually(says_so, f"the relay refuses: {words}", 240)
    rig.say(f"the relay refuses: the topic {words}")


async def copy_database(rig: Rig, source: str, target: str) -> None:
    connection = await asyncpg.connect(rig.system.postgres)
    try:
        await connection.execute(f'DROP DATABASE IF EXISTS "{target}" WITH (FORCE)')
        await connection.execute(f'CREATE DATABASE "{target}" TEMPLATE "{source}"')
    finally:
        await connection.close()


async def events_in(rig: Rig, database: str) -> int:
    connection = await asyncpg.connect(rig.owner_of(database))
    try:
        return int(await connection.fetchval("SELECT count(*) FROM events"))
    finally:
        await connection.close()
