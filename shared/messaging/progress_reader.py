"""Reads what the relays of a service's sources say (`<service>.progress`) into its database, for the watermark."""

import asyncio
from collections.abc import Collection, Mapping

import structlog
from aiokafka import TopicPartition

from shared.contracts.envelope import FetchedRecord
from shared.messaging.brokers import Brokers, start, stop
from shared.messaging.going_on import GoingOn
from shared.messaging.kafka_topic import fetched
from shared.messaging.progress import ProgressRecord
from shared.messaging.store import Quarantined, Store
from shared.messaging.topic import progress_topic
from shared.messaging.topic_peek import TopicPeek

log = structlog.get_logger(__name__)

READER = "progress"
POLL_MS = 500
# The last record says all that those before it said: let some gather.
LINGER_SECONDS = 0.05
# A relay says something every few seconds: longer silence may be a hanging client, and looking anew costs nothing.
SILENCE_SECONDS = 60.0
RETRY_SECONDS = 2.0


async def follow_progress(
    brokers: Brokers, store: Store, log_ids: Mapping[str, str], consumers: Collection[str], topic_prefix: str = ""
) -> None:
    """Until cancelled. `log_ids`: log id by service. Waits for topics, brokers and databases that are away.

    `consumers`: all of this database, for which records are kept until they have passed them.
    """
    topics = {progress_topic(service, topic_prefix): log_id for service, log_id in log_ids.items()}
    while True:
        with GoingOn("progress of sources cannot be read, trying again"):
            async with TopicPeek.open(brokers) as peek:
                partitions = await peek.partitions(topics)
            await _read(brokers, store, topics, partitions, consumers)
        await asyncio.sleep(RETRY_SECONDS)


async def _read(
    brokers: Brokers,
    store: Store,
    topics: Mapping[str, str],
    partitions: list[TopicPartition],
    consumers: Collection[str],
) -> None:
    """Until nothing came for a while. The topics are compacted, so each time they are read from their start."""
    consumer = brokers.consumer(auto_offset_reset="earliest")
    consumer.assign(partitions)
    loop = asyncio.get_running_loop()
    try:
        await start(consumer)
        heard = loop.time()
        while loop.time() - heard < SILENCE_SECONDS:
            found = await consumer.getmany(timeout_ms=POLL_MS)
            for place, records in found.items():
                heard = loop.time()
                await _keep(store, topics[place.topic], fetched(records[-1]), consumers)
            await asyncio.sleep(LINGER_SECONDS)
    finally:
        await stop(consumer)


async def _keep(store: Store, log_id: str, record: FetchedRecord, consumers: Collection[str]) -> None:
    try:
        progress = _progress_of(log_id, record)
    except ValueError as error:
        log.exception("progress record quarantined", topic=record.topic, offset=record.offset)
        async with store.transaction() as tx:
            await tx.quarantine(READER, [Quarantined(record, str(error))])
        return
    await store.record_progress(progress, consumers)


def _progress_of(log_id: str, record: FetchedRecord) -> ProgressRecord:
    progress = ProgressRecord.from_bytes(record.value or b"")
    if progress.log_id != log_id:
        raise ValueError(f"progress of {progress.log_id!r} on the topic of {log_id!r}")
    return progress
