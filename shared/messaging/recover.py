"""Operators' commands on a log and its topic: recover a log from its topic, verify one against the other."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from shared.contracts.envelope import RecordedEvent, UnreadableRecord, from_record
from shared.eventstore.log import Log
from shared.messaging.agreement import rows_after
from shared.messaging.topic import Topic

CHUNK = 1000


async def recover_from_topic(log: Log, topic: Topic) -> int:
    """Appends to the log what only its topic still has, positions, ids and times kept; how many events.

    Claims must be rebuilt afterwards. The relay then repeats what its checkpoint lacks, which consumers drop.
    """
    head = await log.head()
    rows = sorted([row async for row in rows_after(topic, log.log_id, head)], key=lambda row: row.position)
    for start in range(0, len(rows), CHUNK):
        await log.restore(rows[start : start + CHUNK])
    return len(rows)


@dataclass(frozen=True, slots=True)
class Verified:
    """What a comparison of log and topic found; `differing`: positions whose record is not the log's row."""

    events: int
    missing: tuple[int, ...]
    differing: tuple[int, ...]

    @property
    def is_copy(self) -> bool:
        return not self.missing and not self.differing


async def verify(log: Log, topic: Topic, up_to: int, progress: Callable[[int], None] = lambda _: None) -> Verified:
    """Compares every row of the log up to position `up_to` with the topic's copy of it."""
    copies = {row.position: row async for row in _all_rows(topic, log.log_id)}
    missing: list[int] = []
    differing: list[int] = []
    position = count = 0
    while rows := [row for row in await log.read(after=position, limit=CHUNK) if row.position <= up_to]:
        for row in rows:
            copy = copies.get(row.position)
            if copy is None:
                missing.append(row.position)
            elif copy != row:
                differing.append(row.position)
        count += len(rows)
        position = rows[-1].position
        progress(count)
    return Verified(count, tuple(missing), tuple(differing))


async def _all_rows(topic: Topic, log_id: str) -> AsyncIterator[RecordedEvent]:
    for partition, end in (await topic.end_offsets()).items():
        offset = 0
        while offset < end:
            records = await topic.read(partition, offset, CHUNK)
            if not records:
                break
            for record in records:
                try:
                    row, _ = from_record(record)
                except UnreadableRecord:
                    continue
                if row.log_id == log_id:
                    yield row
            offset = records[-1].offset + 1
