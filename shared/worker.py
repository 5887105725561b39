"""The parts of a service that work without being asked: the relay of its log, and its consumers."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

import structlog
from aiokafka.errors import KafkaError

from shared.messaging.kafka_topic import KafkaTopic
from shared.messaging.postgres_relay_store import QUERIES, PostgresRelayStore
from shared.messaging.provision import provision
from shared.messaging.relay import Relay
from shared.messaging.subscription import run_consumers
from shared.service import Runtime, Service

RETRY_SECONDS = 2.0

log = structlog.get_logger(__name__)


def parts(service: Service, running: Runtime) -> Sequence[Coroutine[Any, Any, None]]:
    """What `run_until_stopped` runs beside the API; each goes on until cancelled."""
    settings = running.settings
    working: list[Coroutine[Any, Any, None]] = [relay(running)] if service.has_log else []
    if running.handlers:
        running.watch.consumers = [handler.name for handler in running.handlers]
        working.append(
            run_consumers(settings.kafka_bootstrap, running.handlers, running.store, topic_prefix=settings.topic_prefix)
        )
    return working


async def relay(running: Runtime) -> None:
    """Relays the log for ever, once its topics are there and keep what they get."""
    settings = running.settings

    async def open_topic() -> KafkaTopic:
        return await KafkaTopic.open(settings.kafka_bootstrap, settings.name, settings.topic_prefix)

    await _provisioned(running)
    running.watch.relay = Relay(running.log, PostgresRelayStore(settings.database_url), open_topic)
    await running.watch.relay.run()


async def relayed(running: Runtime) -> int:
    """Up to which position the log is on its topic."""
    checkpoint = await QUERIES.checkpoint(running.pool)
    return int(checkpoint["position"])


async def _provisioned(running: Runtime) -> None:
    """Makes and checks the service's topics; waits for Kafka, since commands succeed without it meanwhile.

    Raises `TopicMisconfigured`: a topic that would lose events must not be sent to.
    """
    settings = running.settings
    while True:
        try:
            await provision(
                settings.kafka_bootstrap,
                settings.name,
                prefix=settings.topic_prefix,
                partitions=settings.topic_partitions,
                replication=settings.topic_replication,
                min_insync=settings.topic_min_insync,
            )
        except (KafkaError, OSError) as error:
            log.warning("topics_not_provisioned", error=repr(error))
            await asyncio.sleep(RETRY_SECONDS)
        else:
            return
