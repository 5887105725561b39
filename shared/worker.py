"""The parts of a service that work without being asked: the relay of its log, and its consumers."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

from aiokafka.errors import KafkaError

from shared.messaging.kafka_topic import KafkaTopic
from shared.messaging.postgres_relay_store import QUERIES, PostgresRelayStore
from shared.messaging.provision import provision
from shared.messaging.relay import Relay
from shared.messaging.subscription import run_consumers
from shared.messaging.topic import TopicUnavailable
from shared.service import Runtime, Service, ServiceSettings

# A broker answers in milliseconds, a new topic's partitions have leaders within seconds.
PROVISION_SECONDS = 30.0


def parts(service: Service, running: Runtime) -> Sequence[Coroutine[Any, Any, None]]:
    """What `run_until_stopped` runs beside the API; each goes on until cancelled."""
    settings = running.settings
    working: list[Coroutine[Any, Any, None]] = [relay(running)] if service.has_log else []
    if running.handlers:
        running.watch.consumers = [handler.name for handler in running.handlers]
        working.append(
            run_consumers(settings.brokers, running.handlers, running.store, topic_prefix=settings.topic_prefix)
        )
    return [*working, *service.parts(running)]


async def relay(running: Runtime) -> None:
    """Relays the log for ever, to topics that are there and keep what they get; says what hinders it."""
    settings = running.settings

    async def open_topic() -> KafkaTopic:
        await provisioned(settings)
        return await KafkaTopic.open(settings.brokers, settings.name, settings.topic_prefix)

    running.watch.relay = Relay(running.log, PostgresRelayStore(settings.database_url), open_topic)
    await running.watch.relay.run()


async def relayed(running: Runtime) -> int:
    """Up to which position the log is on its topic."""
    checkpoint = await QUERIES.checkpoint(running.pool)
    return int(checkpoint["position"])


async def provisioned(settings: ServiceSettings) -> None:
    """Makes and checks the service's topics.

    Raises `TopicUnavailable`, or `TopicMisconfigured`: a topic that would lose events must not be sent to.
    """
    try:
        async with asyncio.timeout(PROVISION_SECONDS):
            await provision(
                settings.brokers,
                settings.name,
                prefix=settings.topic_prefix,
                partitions=settings.topic_partitions,
                replication=settings.topic_replication,
                min_insync=settings.topic_min_insync,
            )
    except (KafkaError, OSError, TimeoutError) as error:
        raise TopicUnavailable(f"topics of {settings.name} cannot be made or checked: {error!r}") from error
