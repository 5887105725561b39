"""The log as its topic has it: the copies of its rows, in position order, each once."""

import heapq
from collections.abc import AsyncIterator, Mapping

from shared.contracts.envelope import FetchedRecord, RecordedEvent, UnreadableRecord, from_record
from shared.eventstore.log import Log
from shared.messaging.topic import Topic

CHUNK = 1000


async def copies(topic: Topic, log_id: str, *, start: Mapping[int, int] | None = None) -> AsyncIterator[RecordedEvent]:
    """Rows of `log_id` on `topic`, by rising position; `start`: offsets by partition (0 for those not named).

    On a partition positions rise, except where a relay that began again, or was replaced, repeats some: whatever is
    not above what was already seen is such a repeat, wherever it stands. Records of others are passed over.
    """
    ends = await topic.end_offsets()
    starts = start or {}
    streams = [_partition(topic, log_id, partition, starts.get(partition, 0), end) for partition, end in ends.items()]
    heads = [(row.position, n, row) for n, stream in enumerate(streams) if (row := await anext(stream, None))]
    heapq.heapify(heads)
    while heads:
        _, n, row = heads[0]
        yield row
        following = await anext(streams[n], None)
        if following is None:
            heapq.heappop(heads)
        else:
            heapq.heapreplace(heads, (following.position, n, following))


async def _partition(topic: Topic, log_id: str, partition: int, offset: int, end: int) -> AsyncIterator[RecordedEvent]:
    seen = 0
    while offset < end:
        records = await topic.read(partition, offset, CHUNK)
        if not records:
            return
        for record in records:
            row = copy_of(record, log_id)
            if row is not None and row.position > seen:
                seen = row.position
                yield row
        offset = records[-1].offset + 1


def copy_of(record: FetchedRecord, log_id: str) -> RecordedEvent | None:
    """None for what is not of this log: somebody else's record, which consumers quarantine."""
    try:
        row, _ = from_record(record)
    except UnreadableRecord:
        return None
    return row if row.log_id == log_id else None


class LogReader:
    """Looks up rows of a log by rising position, page by page."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._page: dict[int, RecordedEvent] = {}
        self._end = 0

    async def at(self, position: int) -> RecordedEvent | None:
        """The row at `position`, which must not be below the last one asked for; None if the log has none."""
        if position > self._end:
            rows = await self._log.read(after=position - 1, limit=CHUNK)
            self._page = {row.position: row for row in rows}
            self._end = rows[-1].position if rows else position
        return self._page.get(position)
