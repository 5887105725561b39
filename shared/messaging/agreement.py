"""Whether a log, its topic and the relay's checkpoint tell the same story; if not, nothing is sent.

A log behind its topic was restored from a backup, or is a promoted standby that lost its last commits: sending on
would give old positions to new events. A topic behind the checkpoint was made anew or cut: sending on would leave a
gap. On a partition positions rise, but a relay that was replaced may have repeated up to a batch of earlier ones.
"""

from collections.abc import AsyncIterator

from shared.contracts.envelope import FetchedRecord, RecordedEvent, UnreadableRecord, from_record
from shared.eventstore.log import Log
from shared.messaging.relay_store import Checkpoint
from shared.messaging.topic import Topic

CHUNK = 500
LOOK_BACK = 4000  # records without anything newer before we believe that there is nothing: some batches of repeats


class LogAndTopicDisagree(Exception):
    """The relay refuses to send. The text says what is wrong, by how many events, and which command mends it."""


async def check_agreement(log: Log, topic: Topic, checkpoint: Checkpoint) -> None:
    """Raises `LogAndTopicDisagree`."""
    head = await log.head()
    ahead = [row async for row in rows_after(topic, log.log_id, head)]
    if ahead:
        raise LogAndTopicDisagree(
            f"the log ends at {head}, but {topic.name} has {len(ahead)} later events: "
            "the log was restored or lost commits; run `log recover-from-topic` before anything is written"
        )
    for partition in range(topic.partitions):
        last = await _last_row(topic, partition, log.log_id)
        sent = checkpoint.last.get(partition, 0)
        if (last.position if last else 0) < sent:
            raise LogAndTopicDisagree(
                f"{topic.name}/{partition} ends at {last.position if last else 0}, but {sent} was sent: "
                "the topic was made anew or cut; run `republish` to send the log again"
            )
        if last and not await _has(log, last):
            raise LogAndTopicDisagree(
                f"{topic.name}/{partition} ends with event {last.event_id} at position {last.position}, "
                "which is not what the log has there: this topic belongs to another log"
            )


async def rows_after(topic: Topic, log_id: str, position: int) -> AsyncIterator[RecordedEvent]:
    """The topic's events of this log above `position`, each once, latest first on each partition."""
    for partition in range(topic.partitions):
        seen: set[int] = set()
        older = 0
        async for record in _backwards(topic, partition):
            row = _row(record, log_id)
            if row is None or row.position <= position:
                older += 1
            elif row.position not in seen:
                older = 0
                seen.add(row.position)
                yield row
            if older >= LOOK_BACK:
                break


async def _last_row(topic: Topic, partition: int, log_id: str) -> RecordedEvent | None:
    """The row of the highest position: a relay that was replaced may have repeated earlier ones behind it."""
    last: RecordedEvent | None = None
    looked = 0
    async for record in _backwards(topic, partition):
        row = _row(record, log_id)
        if row is not None and (last is None or row.position > last.position):
            last = row
        looked += 1
        if looked >= LOOK_BACK:
            break
    return last


async def _backwards(topic: Topic, partition: int) -> AsyncIterator[FetchedRecord]:
    end = (await topic.end_offsets()).get(partition, 0)
    while end > 0:
        start = max(0, end - CHUNK)
        for record in reversed(await topic.read(partition, start, end - start)):
            yield record
        end = start


def _row(record: FetchedRecord, log_id: str) -> RecordedEvent | None:
    """None for what is not of this log: somebody else's record, which consumers quarantine."""
    try:
        row, _ = from_record(record)
    except UnreadableRecord:
        return None
    return row if row.log_id == log_id else None


async def _has(log: Log, row: RecordedEvent) -> bool:
    found = await log.read(after=row.position - 1, limit=1)
    return bool(found) and found[0].position == row.position and found[0].event_id == row.event_id
