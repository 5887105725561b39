"""Makes the topics of a log, and checks at every start that they keep everything for ever."""

from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code

from shared.messaging.topic import events_topic, progress_topic

# The topic is a full copy of the log: nothing may age out of it.
EVENTS = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}
PROGRESS = {"cleanup.policy": "compact"}


class TopicMisconfigured(Exception):
    """A topic would lose events. The text names topic, setting and the command that mends it."""


async def provision(
    bootstrap: str,
    service: str,
    *,
    prefix: str = "",
    partitions: int = 12,
    replication: int = 1,
    min_insync: int = 1,
    **security: Any,  # noqa: ANN401
) -> None:
    """Creates what is missing and checks what is there. Raises `TopicMisconfigured` or a KafkaError.

    `partitions` is for ever: a key's partition follows from it.
    """
    durable = {"min.insync.replicas": str(min_insync)}
    wanted = [
        NewTopic(events_topic(service, prefix), partitions, replication, topic_configs=EVENTS | durable),
        NewTopic(progress_topic(service, prefix), 1, replication, topic_configs=PROGRESS | durable),
    ]
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, **security)
    await admin.start()
    try:
        response = await admin.create_topics(wanted)
        for name, code, message in response.topic_errors:
            if code not in {0, TopicAlreadyExistsError.errno}:
                raise for_code(code)(f"{name}: {message}")
        await _check(admin, events_topic(service, prefix), EVENTS)
        await _check(admin, progress_topic(service, prefix), PROGRESS)
    finally:
        await admin.close()


async def check_topics(bootstrap: str, service: str, *, prefix: str = "", **security: Any) -> None:  # noqa: ANN401
    """Raises `TopicMisconfigured` if a topic of `service` would lose events, or a KafkaError if it is not there."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, **security)
    await admin.start()
    try:
        await _check(admin, events_topic(service, prefix), EVENTS)
        await _check(admin, progress_topic(service, prefix), PROGRESS)
    finally:
        await admin.close()


async def _check(admin: AIOKafkaAdminClient, topic: str, wanted: dict[str, str]) -> None:
    [response] = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    [(code, message, _, _, entries)] = response.resources
    if code != 0:
        raise for_code(code)(f"{topic}: {message}")
    settings = {entry[0]: entry[1] for entry in entries}
    for name, value in wanted.items():
        if settings.get(name) != value:
            raise TopicMisconfigured(
                f"topic {topic} has {name}={settings.get(name)}, it must be {value}: "
                f"kafka-configs.sh --alter --entity-type topics --entity-name {topic} --add-config {name}={value}"
            )
