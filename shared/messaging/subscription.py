"""Feeds consumers from Kafka. The only module that knows FastStream; it decides nothing but where to fetch.

Partitions are assigned by hand and nothing is ever committed to Kafka: positions live in PostgreSQL, beside the
effects, so any number of processes may fetch the same partition (docs/adr/0022).
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from aiokafka import TopicPartition as AssignedPartition
from faststream.kafka import KafkaBroker, TopicPartition
from faststream.kafka.message import FAKE_CONSUMER, KafkaMessage
from faststream.kafka.subscriber.usecase import BatchSubscriber
from faststream.middlewares import AckPolicy
from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512

from shared import garbage
from shared.messaging import consumer_metrics as metrics
from shared.messaging.arrival import Looked
from shared.messaging.brokers import Brokers, start, stop
from shared.messaging.consumer import Consumer
from shared.messaging.consumer_status import show, status
from shared.messaging.going_on import GoingOn
from shared.messaging.handler import EventHandler, TakesMany
from shared.messaging.intake import Intake, Pace
from shared.messaging.kafka_topic import fetched
from shared.messaging.progress_reader import follow_progress
from shared.messaging.start_offsets import StartOffsets
from shared.messaging.store import Place, Store
from shared.messaging.topic import events_topic
from shared.messaging.topic_peek import TopicPeek
from shared.messaging.watchdog import Watchdog

log = structlog.get_logger(__name__)

# Above the largest record that a broker lets through by default; an event of ours has at most 256 KiB.
FETCH_BYTES_PER_PARTITION = 4 * 1024 * 1024
STOP_SECONDS = 5.0
LOGINS = {"PLAIN": SASLPlaintext, "SCRAM-SHA-256": SASLScram256, "SCRAM-SHA-512": SASLScram512}


async def run_consumers(
    brokers: Brokers,
    handlers: Sequence[EventHandler],
    store: Store,
    *,
    topic_prefix: str = "",
    log_ids: Mapping[str, str] | None = None,
    pace: Pace | None = None,
) -> None:
    """Runs a consumer for each handler, and reads their sources' progress, until cancelled. Nothing else ends it.

    `log_ids`: log id by service, where it is not the service's name.
    """
    garbage.look_rarely(max((_max_records(handler, pace or Pace()) for handler in handlers), default=0))
    ids = {source: source for handler in handlers for source in handler.sources} | dict(log_ids or {})
    names = [handler.name for handler in handlers]
    async with asyncio.TaskGroup() as tasks:
        for handler in handlers:
            topics = {events_topic(source, topic_prefix): ids[source] for source in handler.sources}
            intake = Intake(Consumer(handler, store, topics=topics), pace or Pace())
            tasks.create_task(keep_fetching(brokers, intake, pace or Pace()), name=f"fetch {handler.name}")
            tasks.create_task(intake.keep_releasing(), name=f"release {handler.name}")
        if ids:
            tasks.create_task(follow_progress(brokers, store, ids, names, topic_prefix), name="progress")
        tasks.create_task(keep_showing(store, names, pace or Pace()), name="gauges")


async def keep_fetching(brokers: Brokers, intake: Intake, pace: Pace) -> None:
    """Sessions with the broker, each begun anew after whatever ended the one before. Until cancelled."""
    name = intake.consumer.name
    attempt = 0
    while True:
        attempt += 1
        session = Session(brokers, intake, pace)
        reason = "failed"
        with GoingOn("session with the broker failed", consumer=name):
            reason = await session.run()
        attempt = 1 if session.took_any else attempt
        metrics.RESTARTS.labels(name, reason).inc()
        log.warning("beginning a new session", consumer=name, reason=reason, attempt=attempt)
        await asyncio.sleep(pace.retry_delay(attempt))


async def keep_showing(store: Store, consumers: Sequence[str], pace: Pace) -> None:
    """Sets the gauges of what is held from time to time. Until cancelled."""
    while True:
        with GoingOn("cannot measure what consumers hold"):
            show(await status(store, consumers))
        await asyncio.sleep(pace.check_every)


class Session:
    """One FastStream subscription to all partitions of a consumer, from where its positions say.

    While one batch is being taken, mostly by the database, the next one is fetched and read: never more than these two.
    """

    def __init__(self, brokers: Brokers, intake: Intake, pace: Pace) -> None:
        self._brokers = brokers
        self._intake = intake
        self._pace = pace
        self._kafka: Any = None  # aiokafka's consumer, which is untyped
        self._fetching_again: dict[AssignedPartition, asyncio.Task[None]] = {}
        self._taking: asyncio.Task[None] | None = None
        self._ended = False
        self.took_any = False

    async def run(self) -> str:
        """Until something speaks for a new session; says what. Raises what the broker or the database raises."""
        consumer = self._intake.consumer
        async with TopicPeek.open(self._brokers) as peek:
            starts = StartOffsets(consumer, peek)
            offsets = await starts.find_all()
            broker, subscriber = self._subscribe(starts, [*offsets])
            try:
                await start(broker)
                self._kafka = subscriber.consumer
                # The fetcher has not run yet; if it had, seeking clears its complaint that it has no offset.
                for partition, offset in offsets.items():
                    self._kafka.seek(partition, offset)
                return await Watchdog(consumer, peek, [*offsets], self._pace).watch(self._stands_still_for_a_reason)
            finally:
                await self._end(broker, subscriber)

    async def _end(self, broker: KafkaBroker, subscriber: BatchSubscriber) -> None:
        self._ended = True  # FastStream still runs, and what waits here for its turn must not begin
        tasks = [*self._fetching_again.values()] + ([self._taking] if self._taking else [])
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        kafka = subscriber.consumer  # FastStream forgets it before it is closed, or leaves it half started
        try:
            await asyncio.gather(broker.stop(), return_exceptions=True)  # the next session has a new one
        finally:  # also when the process is ended while a session ends
            if kafka is not None:
                await stop(kafka)

    def _subscribe(
        self, starts: StartOffsets, partitions: Sequence[AssignedPartition]
    ) -> tuple[KafkaBroker, BatchSubscriber]:
        async def take(records: Sequence[Any]) -> None:
            await self._take(starts, records)

        handler = self._intake.consumer.handler
        broker = KafkaBroker(
            self._brokers.bootstrap.split(","),  # FastStream takes one text for one broker, unlike aiokafka
            security=_security(self._brokers),
            consumer_only=True,
            allow_auto_create_topics=False,
            apply_types=False,
            graceful_timeout=STOP_SECONDS,
            logger=logging.getLogger("faststream"),
            log_level=logging.DEBUG,
        )
        subscriber = broker.subscriber(
            partitions=[TopicPartition(place.topic, place.partition, declare=False) for place in partitions],
            batch=True,
            max_records=_max_records(handler, self._pace),
            batch_timeout_ms=int(self._pace.poll * 1000),
            max_partition_fetch_bytes=FETCH_BYTES_PER_PARTITION,
            auto_offset_reset="none",  # an offset out of range must be seen; aiokafka would go on at the latest
            ack_policy=AckPolicy.MANUAL,
            parser=_unparsed,
            decoder=_undecoded,
            no_reply=True,
        )
        subscriber(take)
        return broker, subscriber

    async def _take(self, starts: StartOffsets, records: Sequence[Any]) -> None:
        """FastStream only logs what is raised here, and fetches on: so `Intake.take_read` ends only with all done."""
        batch = await self._intake.read(map(fetched, records))
        if self._taking is not None:
            await asyncio.wait([self._taking])
        if self._ended:
            return
        # Fetched before that batch met a gap: what stands behind the gap comes again.
        batch = [item for item in batch if _partition_of(item) not in self._fetching_again]
        self._taking = asyncio.create_task(self._take_read(starts, batch), name=f"take {self._intake.consumer.name}")
        if len(records) < self._pace.max_records:
            await asyncio.sleep(self._pace.linger)

    async def _take_read(self, starts: StartOffsets, batch: Sequence[Looked]) -> None:
        outcome = await self._intake.take_read(batch)
        self.took_any = True
        if self._ended:
            return
        for partition in set(map(_partition_of, batch)):
            place = Place(self._intake.consumer.topics[partition.topic], partition.partition)
            if place in outcome.gaps:
                self._kafka.pause(partition)
                self._fetching_again[partition] = asyncio.create_task(self._fetch_again(starts, partition, place))
            else:
                starts.passed(place)

    async def _fetch_again(self, starts: StartOffsets, partition: AssignedPartition, place: Place) -> None:
        """Seeks back before a gap, later each time, while the other partitions go on."""
        offset, gaps = await self._before_gap(starts, partition, place)
        await asyncio.sleep(self._pace.retry_delay(gaps))
        self._kafka.seek(partition, offset)
        self._kafka.resume(partition)
        del self._fetching_again[partition]

    async def _before_gap(self, starts: StartOffsets, partition: AssignedPartition, place: Place) -> tuple[int, int]:
        attempt = 0
        while True:
            attempt += 1
            with GoingOn("cannot look before a gap, trying again", partition=partition):
                return await starts.after_gap(partition, place)
            await asyncio.sleep(self._pace.retry_delay(attempt))

    def _stands_still_for_a_reason(self, partition: AssignedPartition) -> bool:
        return self._intake.busy or partition in self._fetching_again


def _max_records(handler: EventHandler, pace: Pace) -> int:
    return handler.max_records if isinstance(handler, TakesMany) else pace.max_records


def _partition_of(item: Looked) -> AssignedPartition:
    return AssignedPartition(item.record.topic, item.record.partition)


def _security(brokers: Brokers) -> BaseSecurity | None:
    """The same as `brokers` gives to aiokafka's own clients, in FastStream's words."""
    if brokers.tls is None:
        return None
    if brokers.login is None:
        return BaseSecurity(ssl_context=brokers.tls, use_ssl=True)
    scheme = LOGINS[brokers.login.mechanism]
    return scheme(brokers.login.user, brokers.login.password, ssl_context=brokers.tls, use_ssl=True)


async def _unparsed(records: tuple[Any, ...]) -> KafkaMessage:
    """In place of FastStream's parser, which decodes every header and drops the batch if one is not UTF-8."""
    return KafkaMessage(body=b"", headers={}, message_id="", raw_message=records, consumer=FAKE_CONSUMER)


async def _undecoded(message: KafkaMessage) -> Any:  # noqa: ANN401 - whatever the parser above was given
    return message.raw_message
