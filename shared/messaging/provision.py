"""Makes the topics of a log, and checks that they keep everything for ever."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

from aiokafka.admin import NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, UnknownTopicOrPartitionError, for_code

from shared.messaging.brokers import Admin, Brokers, start, stop
from shared.messaging.topic import TopicMisconfigured, events_topic, progress_topic

# The topic is a full copy of the log: nothing may age out of it.
EVENTS = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}
KNOWN_WITHIN_SECONDS = 15
PROGRESS = {"cleanup.policy": "compact"}
AUTO_CREATION = "auto.create.topics.enable"


async def provision(
    brokers: Brokers,
    service: str,
    *,
    prefix: str = "",
    partitions: int = 12,
    replication: int = 1,
    min_insync: int = 1,
) -> None:
    """Creates what is missing and checks what is there. Raises `TopicMisconfigured` or a KafkaError.

    `partitions` is for ever: a key's partition follows from it.
    """
    durable = {"min.insync.replicas": str(min_insync)}
    wanted = [
        NewTopic(events_topic(service, prefix), partitions, replication, topic_configs=EVENTS | durable),
        NewTopic(progress_topic(service, prefix), 1, replication, topic_configs=PROGRESS | durable),
    ]
    async with _admin(brokers) as admin:
        response = await admin.create_topics(wanted)
        for name, code, message in response.topic_errors:
            if code not in {0, TopicAlreadyExistsError.errno}:
                raise for_code(code)(f"{name}: {message}")
        await _check_made(admin, service, prefix, partitions)


class _NotThere(TopicMisconfigured):
    """No such topic, or it was made so lately that the broker which was asked does not know it yet."""


async def _check_made(admin: Admin, service: str, prefix: str, partitions: int) -> None:
    """Any broker may be asked, and each learns of a new topic a moment after it was made."""
    for _ in range(KNOWN_WITHIN_SECONDS * 10):
        with suppress(_NotThere, UnknownTopicOrPartitionError):
            return await _check(admin, service, prefix, partitions)
        await asyncio.sleep(0.1)
    return await _check(admin, service, prefix, partitions)


@asynccontextmanager
async def _admin(brokers: Brokers) -> AsyncIterator[Admin]:
    admin = brokers.admin()
    try:
        await start(admin)
        yield admin
    finally:
        await stop(admin)


async def _check(admin: Admin, service: str, prefix: str, partitions: int) -> None:
    events, progress = events_topic(service, prefix), progress_topic(service, prefix)
    await _check_auto_creation(admin)
    await _check_partitions(admin, events, partitions)
    await _check_partitions(admin, progress, 1)
    await _check_settings(admin, events, EVENTS)
    await _check_settings(admin, progress, PROGRESS)


async def _check_auto_creation(admin: Admin) -> None:
    """A misspelt or deleted topic must be an error; the broker would make one that forgets after a week."""
    for broker in (await admin.describe_cluster())["brokers"]:
        node = str(broker["node_id"])
        settings = await _settings(admin, ConfigResource(ConfigResourceType.BROKER, node))
        if settings.get(AUTO_CREATION) != "false":
            raise TopicMisconfigured(
                f"broker {node} has {AUTO_CREATION}={settings.get(AUTO_CREATION)}: set it to false in its properties"
            )


async def _check_partitions(admin: Admin, topic: str, wanted: int) -> None:
    [description] = await admin.describe_topics([topic])
    count = len(description["partitions"])
    if count == 0:
        raise _NotThere(f"topic {topic} does not exist: provision it")
    if count != wanted:
        raise TopicMisconfigured(
            f"topic {topic} has {count} partitions, not {wanted}: their number is for ever, as keys' partitions follow "
            "from it; correct the setting, or make the topic anew and republish"
        )


async def _check_settings(admin: Admin, topic: str, wanted: Mapping[str, str]) -> None:
    settings = await _settings(admin, ConfigResource(ConfigResourceType.TOPIC, topic))
    for name, value in wanted.items():
        if settings.get(name) != value:
            raise TopicMisconfigured(
                f"topic {topic} has {name}={settings.get(name)}, it must be {value}: "
                f"kafka-configs.sh --alter --entity-type topics --entity-name {topic} --add-config {name}={value}"
            )


async def _settings(admin: Admin, resource: ConfigResource) -> dict[str, str]:
    [response] = await admin.describe_configs([resource])
    [(code, message, _, name, entries)] = response.resources
    if code != 0:
        raise for_code(code)(f"{name}: {message}")
    return {entry[0]: entry[1] for entry in entries}
