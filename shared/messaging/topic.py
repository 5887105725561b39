"""The port of a log's topic: what a relay needs of Kafka, and the names of topics."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from shared.contracts.envelope import FetchedRecord, Record
from shared.messaging.progress import ProgressRecord


def events_topic(service: str, prefix: str = "") -> str:
    return f"{prefix}{service}.events"


def progress_topic(service: str, prefix: str = "") -> str:
    return f"{prefix}{service}.progress"


def commands(records: Sequence[Record]) -> Iterator[Sequence[Record]]:
    """The records of one partition, those of a command together."""
    together: list[Record] = []
    for record in records:
        if together and not record.continues:
            yield together
            together = []
        together.append(record)
    if together:
        yield together


def requests(records: Sequence[Record], size: int) -> Iterator[Sequence[Record]]:
    """Parts of whole commands, each of at most `size` bytes; a command that is larger is a part of its own."""
    part: list[Record] = []
    weight = 0
    for command in commands(records):
        heavier = sum(map(_weight, command))
        if part and weight + heavier > size:
            yield part
            part, weight = [], 0
        part.extend(command)
        weight += heavier
    if part:
        yield part


def _weight(record: Record) -> int:
    """Bytes on the way, at most: lengths and numbers around the texts take up to ten bytes each, a name up to 20."""
    headers = sum([len(value) for _, value in record.headers]) + 40 * len(record.headers)
    return len(record.key) + len(record.value) + headers + 80


class SendFailed(Exception):
    """Some records may be on the topic and some not: throw the topic's producer away and go on from the checkpoint."""


class TopicUnavailable(Exception):
    """The broker does not answer. Wait and try again."""


class TopicMisconfigured(Exception):
    """A topic would lose events. The text names topic, setting and the command that mends it."""


class Topic(Protocol):
    """One log's topic, opened by one relay. Every call may raise `TopicUnavailable`."""

    @property
    def name(self) -> str: ...

    @property
    def partitions(self) -> int: ...

    async def send(self, batches: Mapping[int, Sequence[Record]]) -> Mapping[int, int]:
        """Appends each partition's records in order, acknowledged by all in-sync replicas; the new end offsets.

        The records of a command arrive together or not at all: a log that is recovered from its topic must not have
        half a command, whose other half a repetition would never bring.

        Partitions go side by side; within one, nothing overtakes. Raises `SendFailed` if any of it is not certain.
        """

    async def publish_progress(self, progress: ProgressRecord) -> None:
        """Raises `SendFailed`."""

    async def end_offsets(self) -> Mapping[int, int]:
        """By partition: one more than the last record's offset."""

    async def read(self, partition: int, offset: int, limit: int) -> Sequence[FetchedRecord]:
        """Up to `limit` records from `offset` on, or from the first that is kept; fewer only at the end."""

    async def close(self) -> None: ...
