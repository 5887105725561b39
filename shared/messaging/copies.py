"""The log as its topic has it: the copies of its rows, in position order, each once."""

import heapq
from collections.abc import AsyncIterator

from shared.advance import Advance, unseen
from shared.contracts.envelope import FetchedRecord, RecordedEvent, UnreadableRecord, from_record
from shared.eventstore.log import Log
from shared.messaging.arrival import follow, look
from shared.messaging.relay_store import Checkpoint
from shared.messaging.store import Place, Position
from shared.messaging.topic import Topic

CHUNK = 1000
FROM_THE_BEGINNING = Checkpoint()
NOTHING_READ = Position()


async def copies(topic: Topic, log_id: str, *, after: Checkpoint = FROM_THE_BEGINNING) -> AsyncIterator[RecordedEvent]:
    """Rows of `log_id` on `topic` that were sent after a checkpoint, by rising position."""
    ends = await topic.end_offsets()
    streams = [
        rows_of(
            topic, Place(log_id, partition), end, Position(after.last.get(partition, 0), after.ends.get(partition, 0))
        )
        for partition, end in ends.items()
    ]
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


async def rows_of(
    topic: Topic, place: Place, end: int, at: Position = NOTHING_READ, advance: Advance = unseen
) -> AsyncIterator[RecordedEvent]:
    """A partition's rows from `at` to before offset `end`, as consumers take them: no repeats, nothing foreign.

    What consumers would wait for is left to whoever compares the rows with the log: they go on behind a gap.
    """
    offset = at.next_offset
    while offset < end and (records := await topic.read(place.partition, offset, min(CHUNK, end - offset))):
        left = [look(record) for record in records]
        while left:
            followed = follow(place, at, left)
            for arrived in followed.fresh:
                if arrived.recorded is not None:
                    yield arrived.recorded
            gap = followed.gap
            at = followed.position._replace(position=gap.prev) if gap else followed.position
            left = left[left.index(gap) :] if gap else []
        advance(records[-1].offset + 1 - offset)
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
