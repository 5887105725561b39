"""A log's topic on Kafka: an idempotent producer with acks=all, and a reader without a consumer group."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError, ProducerClosed

from shared.contracts.envelope import FetchedRecord, Record
from shared.messaging import tolerant_records
from shared.messaging.brokers import Brokers, start
from shared.messaging.progress import ProgressRecord
from shared.messaging.topic import SendFailed, TopicUnavailable, events_topic, progress_topic, requests

# Below the broker's default message.max.bytes (1 MiB), above the largest event that a log takes (256 KiB).
BATCH_BYTES = 512 * 1024
# Shorter than the time after which the database ends a silent leader's session.
SEND_SECONDS = 15
READ_SECONDS = 10
# A fetch that follows a partition's last record waits so long for another, and with it whatever is read next.
FETCH_WAIT_MS = 50

# Here, since whoever fetches from Kafka needs `fetched` of this module.
tolerant_records.install()


class KafkaTopic:
    """Open with `await KafkaTopic.open(...)`; after a `SendFailed` close it and open another one."""

    def __init__(self, name: str, progress_name: str, producer: Any, consumer: Any, partitions: int) -> None:  # noqa: ANN401
        self._name = name
        self._progress_name = progress_name
        self._producer = producer
        self._consumer = consumer
        self._partitions = partitions
        self._reading = asyncio.Lock()

    @classmethod
    async def open(cls, brokers: Brokers, service: str, prefix: str = "", *, sends: bool = True) -> "KafkaTopic":
        """Raises `TopicUnavailable` if the broker does not answer or the topic is not there.

        Who never `sends` needs no right to: an idempotent producer asks the broker for one.
        """
        name = events_topic(service, prefix)
        # The producer keeps one batch in flight per partition by itself: with idempotence aiokafka mutes a partition
        # until its batch is answered, and numbers batches of send_batch like all others.
        producer = brokers.producer(
            acks="all",
            enable_idempotence=sends,
            max_batch_size=BATCH_BYTES,
            max_request_size=4 * BATCH_BYTES,
            request_timeout_ms=SEND_SECONDS * 1000,
        )
        consumer = brokers.consumer(auto_offset_reset="earliest", fetch_max_wait_ms=FETCH_WAIT_MS)
        try:
            # A deadline of our own: the producer asks for its id, and for unknown topics, without end.
            with _unavailable(name):
                async with asyncio.timeout(SEND_SECONDS):
                    await start(producer)
                    await start(consumer)
                    partitions = await producer.partitions_for(name)
            places = [TopicPartition(name, partition) for partition in partitions]
            consumer.assign(places)
            consumer.pause(*places)  # one is read at a time: waiting for news of the others would hold it up
        except BaseException:
            await asyncio.gather(_abandon(producer), consumer.stop(), return_exceptions=True)
            raise
        return cls(name, progress_topic(service, prefix), producer, consumer, len(partitions))

    @property
    def name(self) -> str:
        return self._name

    @property
    def partitions(self) -> int:
        return self._partitions

    async def send(self, batches: Mapping[int, Sequence[Record]]) -> Mapping[int, int]:
        try:
            # Idempotent batches never expire in aiokafka: without this deadline a lost broker would hold us for ever.
            async with asyncio.timeout(SEND_SECONDS):
                sent = await asyncio.gather(
                    *(self._send(partition, records) for partition, records in batches.items() if records)
                )
        except (KafkaError, TimeoutError, OSError) as error:
            raise SendFailed(f"{self._name}: {error!r}") from error
        return dict(sent)

    async def _send(self, partition: int, records: Sequence[Record]) -> tuple[int, int]:
        end = 0
        for builder, count in self._batches(records):
            acknowledged = await (await self._producer.send_batch(builder, self._name, partition=partition))
            if acknowledged.offset < 0:
                # "Duplicate sequence": a retry of what the broker has already, without saying where.
                raise SendFailed(f"{self._name}/{partition}: sent, but nobody knows to which offset")
            end = acknowledged.offset + count
        return partition, end

    def _batches(self, records: Sequence[Record]) -> Iterator[tuple[Any, int]]:
        """A broker takes a batch wholly or not at all."""
        for request in requests(records, BATCH_BYTES):
            builder, count = self._producer.create_batch(), 0
            for record in request:
                if _append(builder, record) is None:  # a single command larger than a batch
                    yield builder, count
                    builder, count = self._producer.create_batch(), 0
                    _append(builder, record)
                count += 1
            yield builder, count

    async def publish_progress(self, progress: ProgressRecord) -> None:
        key, value = progress.to_bytes()
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self._producer.send_and_wait(self._progress_name, value, key=key, partition=0)
        except (KafkaError, TimeoutError, OSError) as error:
            raise SendFailed(f"{self._progress_name}: {error!r}") from error

    async def end_offsets(self) -> Mapping[int, int]:
        with _unavailable(self._name):
            ends = await self._consumer.end_offsets(sorted(self._consumer.assignment()))
        return {place.partition: offset for place, offset in ends.items()}

    async def read(self, partition: int, offset: int, limit: int) -> Sequence[FetchedRecord]:
        place = TopicPartition(self._name, partition)
        records: list[FetchedRecord] = []
        with _unavailable(self._name):
            end = (await self._consumer.end_offsets([place]))[place]
            async with self._reading, asyncio.timeout(READ_SECONDS):
                self._consumer.seek(place, offset)
                self._consumer.resume(place)
                try:
                    # The position moves past transaction markers and compacted records too, so this ends.
                    while len(records) < limit and await self._consumer.position(place) < end:
                        found = await self._consumer.getmany(place, timeout_ms=1000, max_records=limit - len(records))
                        records.extend(fetched(record) for record in found.get(place, ()))
                finally:
                    self._consumer.pause(place)
        return records

    async def close(self) -> None:
        await asyncio.gather(_abandon(self._producer), self._consumer.stop(), return_exceptions=True)


async def _abandon(producer: Any) -> None:  # noqa: ANN401
    """Ends a producer without sending what it still has: `stop` alone would first deliver it, for ever if need be.

    A batch on its way may still arrive. That is harmless: everything before it on its partition was acknowledged.
    """
    sender = producer._sender  # noqa: SLF001 - aiokafka 0.14 offers no way to drop pending batches
    accumulator = producer._message_accumulator  # noqa: SLF001
    if sender.sender_task is not None:
        sender.sender_task.cancel()
        await producer.client.close()  # fails the requests in flight, which the cancelled task waits for
        _end_metadata(producer.client)  # and these wait for metadata, which nobody asks for any more
        await asyncio.wait([sender.sender_task], timeout=SEND_SECONDS)
    # A batch that waits for its next attempt is not among those, where its callback looks for it.
    pending = accumulator._pending_batches  # noqa: SLF001
    pending.update(batch for batches in accumulator._batches.values() for batch in batches)  # noqa: SLF001
    accumulator.fail_all(ProducerClosed())
    for batch in pending:
        if not batch.future.cancelled():
            batch.future.exception()  # nobody waits for it any more, nor for its end
        batch._drain_waiter.exception()  # noqa: SLF001
    await producer.stop()


def _end_metadata(client: Any) -> None:  # noqa: ANN401
    """Whoever waits for the next metadata of a closed client, now or later, waits no longer."""
    update = client._md_update_fut or asyncio.get_running_loop().create_future()  # noqa: SLF001
    if not update.done():
        update.set_result(False)
    client._md_update_fut = update  # noqa: SLF001


def fetched(record: Any) -> FetchedRecord:  # noqa: ANN401 - aiokafka's ConsumerRecord is untyped
    return FetchedRecord(
        record.topic,
        record.partition,
        record.offset,
        record.key,
        record.value,
        tuple(record.headers),
        _sent_at(record.timestamp),
    )


def _sent_at(milliseconds: int | None) -> datetime | None:
    """None for what no relay writes: whoever sent it could say anything."""
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds and milliseconds > 0 else None
    except (ValueError, OverflowError, OSError):
        return None


def _append(builder: Any, record: Record) -> object:  # noqa: ANN401
    return builder.append(timestamp=None, key=record.key, value=record.value, headers=list(record.headers))


@contextmanager
def _unavailable(name: str) -> Iterator[None]:
    try:
        yield
    except (KafkaError, TimeoutError, OSError) as error:
        raise TopicUnavailable(f"{name}: {error!r}") from error
