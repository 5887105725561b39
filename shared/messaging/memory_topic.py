"""A topic in memory: the double that passes the same conformance suite as Kafka."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from shared.contracts.envelope import FetchedRecord, Record
from shared.messaging.progress import ProgressRecord
from shared.messaging.topic import SendFailed


class Broker:
    """What outlives its clients: the records of one topic and its last progress record per log.

    `first`: by partition, the first offset that is kept.
    """

    def __init__(self, name: str = "memory.events", partitions: int = 3) -> None:
        self.name = name
        self.partitions = partitions
        self.records: dict[int, list[FetchedRecord]] = defaultdict(list)
        self.first: dict[int, int] = defaultdict(int)
        self.progress: dict[str, ProgressRecord] = {}

    def append(self, partition: int, record: Record) -> None:
        offset = len(self.records[partition])
        fetched = FetchedRecord(self.name, partition, offset, record.key, record.value, record.headers)
        self.records[partition].append(fetched)

    def kept(self, partition: int, offset: int, limit: int) -> Sequence[FetchedRecord]:
        start = max(offset, self.first[partition])
        return self.records[partition][start : start + limit]

    def recreate(self) -> None:
        """As if somebody deleted the topic and made it anew."""
        self.records.clear()
        self.first.clear()
        self.progress.clear()


class MemoryTopic:
    """One client of a `Broker`. `fail_after`: so many records of the next send arrive, then it fails."""

    def __init__(self, broker: Broker, *, fail_after: int | None = None) -> None:
        self._broker = broker
        self.fail_after = fail_after

    @property
    def name(self) -> str:
        return self._broker.name

    @property
    def partitions(self) -> int:
        return self._broker.partitions

    async def send(self, batches: Mapping[int, Sequence[Record]]) -> Mapping[int, int]:
        arrived = 0
        for partition, records in batches.items():
            for record in records:
                if self.fail_after is not None and arrived >= self.fail_after:
                    raise SendFailed(f"{self.name}: the broker went away after {arrived} records")
                self._broker.append(partition, record)
                arrived += 1
        return {partition: len(self._broker.records[partition]) for partition in batches}

    async def publish_progress(self, progress: ProgressRecord) -> None:
        self._broker.progress[progress.log_id] = progress

    async def end_offsets(self) -> Mapping[int, int]:
        return {partition: len(self._broker.records[partition]) for partition in range(self.partitions)}

    async def read(self, partition: int, offset: int, limit: int) -> Sequence[FetchedRecord]:
        return self._broker.kept(partition, offset, limit)

    async def close(self) -> None:
        """Nothing is open."""
