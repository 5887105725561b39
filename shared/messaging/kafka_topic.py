"""A log's topic on Kafka: an idempotent producer with acks=all, and a reader without a consumer group."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from shared.contracts.envelope import FetchedRecord, Record
from shared.messaging.progress import ProgressRecord
from shared.messaging.topic import SendFailed, TopicUnavailable, events_topic, progress_topic

# Below the broker's default message.max.bytes (1 MiB), above the largest event that a log takes (256 KiB).
BATCH_BYTES = 512 * 1024
SEND_SECONDS = 15
READ_SECONDS = 10


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
    async def open(cls, bootstrap: str, service: str, prefix: str = "", **security: Any) -> "KafkaTopic":  # noqa: ANN401
        """Raises `TopicUnavailable` if the broker does not answer or the topic is not there."""
        name = events_topic(service, prefix)
        # The producer keeps one batch in flight per partition by itself: with idempotence aiokafka mutes a partition
        # until its batch is answered, and numbers batches of send_batch like all others.
        producer = AIOKafkaProducer(
            bootstrap_servers=bootstrap,
            acks="all",
            enable_idempotence=True,
            max_batch_size=BATCH_BYTES,
            max_request_size=4 * BATCH_BYTES,
            request_timeout_ms=SEND_SECONDS * 1000,
            **security,
        )
        consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, **security)
        try:
            with _unavailable(name):
                await producer.start()
                await consumer.start()
                partitions = await asyncio.wait_for(producer.partitions_for(name), SEND_SECONDS)
            consumer.assign([TopicPartition(name, partition) for partition in partitions])
        except BaseException:
            await producer.stop()
            await consumer.stop()
            raise
        return cls(name, progress_topic(service, prefix), producer, consumer, len(partitions))

    @property
    def name(self) -> str:
        return self._name

    @property
    def partitions(self) -> int:
        return self._partitions

    async def send(self, batches: Mapping[int, Sequence[Record]]) -> Mapping[int, int]:
        sent = await asyncio.gather(
            *(self._send(partition, records) for partition, records in batches.items() if records),
            return_exceptions=True,
        )
        failed = [outcome for outcome in sent if isinstance(outcome, BaseException)]
        if failed:
            raise SendFailed(f"{self._name}: {failed[0]!r}") from failed[0]
        return dict(outcome for outcome in sent if not isinstance(outcome, BaseException))

    async def _send(self, partition: int, records: Sequence[Record]) -> tuple[int, int]:
        end = 0
        for builder, count in self._batches(records):
            future = await self._producer.send_batch(builder, self._name, partition=partition)
            end = (await asyncio.wait_for(future, SEND_SECONDS * 2)).offset + count
        return partition, end

    def _batches(self, records: Sequence[Record]) -> Iterator[tuple[Any, int]]:
        builder, count = self._producer.create_batch(), 0
        for record in records:
            if _append(builder, record) is None:
                yield builder, count
                builder, count = self._producer.create_batch(), 0
                _append(builder, record)
            count += 1
        yield builder, count

    async def publish_progress(self, progress: ProgressRecord) -> None:
        key, value = progress.to_bytes()
        try:
            await self._producer.send_and_wait(self._progress_name, value, key=key, partition=0)
        except KafkaError as error:
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
                # The position moves past transaction markers and compacted records too, so this ends.
                while len(records) < limit and await self._consumer.position(place) < end:
                    found = await self._consumer.getmany(place, timeout_ms=1000, max_records=limit - len(records))
                    records.extend(fetched(record) for record in found.get(place, ()))
        return records

    async def close(self) -> None:
        await asyncio.gather(self._producer.stop(), self._consumer.stop(), return_exceptions=True)


def fetched(record: Any) -> FetchedRecord:  # noqa: ANN401 - aiokafka's ConsumerRecord is untyped
    return FetchedRecord(record.topic, record.partition, record.offset, record.key, record.value, tuple(record.headers))


def _append(builder: Any, record: Record) -> object:  # noqa: ANN401
    return builder.append(timestamp=None, key=record.key, value=record.value, headers=list(record.headers))


@contextmanager
def _unavailable(name: str) -> Iterator[None]:
    try:
        yield
    except (KafkaError, TimeoutError, OSError) as error:
        raise TopicUnavailable(f"{name}: {error!r}") from error
