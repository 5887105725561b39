"""Kafka goes away for minutes; of three brokers one dies, and then another."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from deploy.local.system import PUBLISHERS
from shared.messaging.topic import events_topic, progress_topic
from tests.faults.asking import planner
from tests.faults.rig import Rig, running_rig
from tests.faults.workload import Load, World
from tests.fixtures.waiting import eventually

pytestmark = [pytest.mark.faults, pytest.mark.long, pytest.mark.timeout(1800)]

AWAY_SECONDS = 75.0  # more than the minute after which a relay's lag counts as trouble
INSYNC_SECONDS = 240


def test_commands_succeed_without_kafka_and_figures_say_that_they_lag(world: World) -> None:
    async def take_kafka_away(load: Load) -> None:
        await load.more(20)
        await load.rig.kill_broker()
        load.rig.say("Kafka is away")
        async with planner(load, 2030) as plans:
            planned = await plans.plan_for(AWAY_SECONDS)
        load.rig.say(f"{planned} commands succeeded meanwhile")
        assert (await load.report(known_as_of=datetime.now(UTC).isoformat()))["provisional"] is True
        meetings = (await load.status())["meetings"]
        assert meetings["relay"]["lag_events"] >= planned
        assert any("behind the log" in said for said in meetings["degraded"]), meetings["degraded"]
        await load.rig.start_servers()
        load.rig.say("Kafka is back")

    before = len(world.rig.written_by("meetings", "aiokafka"))
    world.play_through(take_kafka_away)
    assert len(world.rig.written_by("meetings", "aiokafka")) - before < 200, "its log would fill the disk"
    assert world.rig.written_by("meetings", "asyncio") == []


def test_of_three_brokers_one_dies_and_another_after_the_first_is_back(tmp_path: Path) -> None:
    async def kill_one_after_the_other(load: Load) -> None:
        for number in (1, 2):
            await load.more(20)
            await load.rig.kill_broker(number)
            load.rig.say(f"broker {number} is dead")
            await load.more(30)
            await load.rig.start_servers()
            await all_in_sync(load.rig)
            load.rig.say(f"broker {number} is back, all copies in sync")

    with running_rig(tmp_path, brokers=3) as rig:
        World(rig).play_through(kill_one_after_the_other)


async def all_in_sync(rig: Rig) -> None:
    topics = [name(service) for service in PUBLISHERS for name in (events_topic, progress_topic)]
    admin = AIOKafkaAdminClient(bootstrap_servers=rig.system.kafka)
    await admin.start()

    async def in_sync() -> bool:
        described = await admin.describe_topics(topics)
        return all(
            len(place["isr"]) == rig.system.servers.replication for topic in described for place in topic["partitions"]
        )

    try:
        await eventually(in_sync, "every broker has every record", INSYNC_SECONDS)
    finally:
        await admin.close()
