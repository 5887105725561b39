"""The port of a log's topic: what a relay needs of Kafka, and the names of topics."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from shared.contracts.envelope import FetchedRecord, Record
from shared.messaging.progress import ProgressRecord


def events_topic(service: str, prefix: str = "") -> str:
    return f"{prefix}{service}.events"


def progress_topic(service: str, prefix: str = "") -> str:
    return f"{prefix}{service}.progress"


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

        Partitions go side by side; within one, nothing overtakes. Raises `SendFailed` if any of it is not certain.
        """

    async def publish_progress(self, progress: ProgressRecord) -> None:
        """Raises `SendFailed`."""

    async def end_offsets(self) -> Mapping[int, int]:
        """By partition: one more than the last record's offset."""

    async def read(self, partition: int, offset: int, limit: int) -> Sequence[FetchedRecord]:
        """Up to `limit` records from `offset` on, or from the first that is kept; fewer only at the end."""

    async def close(self) -> None: ...
