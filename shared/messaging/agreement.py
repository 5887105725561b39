"""Whether a log, its topic and the relay's checkpoint tell the same story; if not, nothing is sent.

A log behind its topic was restored from a backup, or is a promoted standby that lost its last commits: sending on
would give old positions to new events. A topic behind the checkpoint was made anew or cut: that would leave a gap.
"""

from collections.abc import Mapping

from shared.contracts.envelope import FetchedRecord, from_record
from shared.eventstore.log import Log
from shared.messaging.copies import FROM_THE_BEGINNING, LogReader, copies, copy_of
from shared.messaging.partitioner import partition_for
from shared.messaging.relay_store import Checkpoint
from shared.messaging.topic import Topic, TopicUnavailable


class LogAndTopicDisagree(Exception):
    """The relay refuses to send. The text says what is wrong, by how many events, and which command mends it."""


class LogBehindTopic(LogAndTopicDisagree):
    """`events`: how many the topic has that the log lost."""

    def __init__(self, topic: str, head: int, events: int, last: int) -> None:
        super().__init__(
            f"the log ends at {head}, but {topic} has {events} later events, up to {last}: the log was restored "
            "or lost commits; run `log recover-from-topic` before anything is written"
        )
        self.events = events


class TopicBehindCheckpoint(LogAndTopicDisagree):
    """The topic lacks what was sent to it."""

    def __init__(self, place: str, what: str) -> None:
        super().__init__(
            f"{place} {what}: the topic was made anew or cut; stop this service's relays, delete the topic, provision "
            "it, and run `republish` to send the whole log again"
        )


class TopicOfAnotherLog(LogAndTopicDisagree):
    """Log and topic have different events at one position: nothing that a command could mend by itself."""

    def __init__(self, topic: str, position: int) -> None:
        super().__init__(
            f"{topic} has another event at position {position} than the log: it belongs to another log, or the log "
            "was restored and written to before it was recovered; compare both with `log verify`"
        )


class PartitionsChanged(LogAndTopicDisagree):
    """The number of partitions is for ever: with another one, keys would change their partition, and lose order."""

    def __init__(self, topic: str, partitions: int) -> None:
        super().__init__(
            f"{topic} has {partitions} partitions, but not when its events were sent: stop this service's relays, "
            "delete the topic, provision it with the number that is meant, and run `republish`"
        )


async def check_agreement(log: Log, topic: Topic, checkpoint: Checkpoint) -> Mapping[int, int]:
    """Raises one of the errors above. Reads what the topic got since the checkpoint, usually nothing.

    Returns the end offsets that it went by: a topic that is shorter later was made anew meanwhile.
    """
    ends = await topic.end_offsets()
    try:
        for partition in range(topic.partitions):
            await _check_sent(log, topic, checkpoint, partition, ends[partition])
    except LogAndTopicDisagree:
        # What only this topic still has must be saved before anybody is told to delete it.
        await _check_unconfirmed(log, topic, FROM_THE_BEGINNING)
        raise
    await _check_unconfirmed(log, topic, checkpoint)
    return ends


async def _check_sent(log: Log, topic: Topic, checkpoint: Checkpoint, partition: int, end: int) -> None:
    """What was acknowledged last must still stand at its offset, and the first record at the beginning."""
    place = f"{topic.name}/{partition}"
    sent, sent_end = checkpoint.last.get(partition, 0), checkpoint.ends.get(partition, 0)
    if end < sent_end:
        raise TopicBehindCheckpoint(place, f"ends at offset {end}, but was {sent_end} long")
    if end:
        await _check_beginning(topic, partition, place, log.log_id, end)
    if sent_end:
        record = await _record(topic, partition, sent_end - 1)
        row = copy_of(record, log.log_id)
        if row is None or row.position != sent:
            raise TopicBehindCheckpoint(place, f"has another record at offset {record.offset} than position {sent}")
        if partition_for(row.key, topic.partitions) != partition:
            raise PartitionsChanged(topic.name, topic.partitions)
        if sent <= await log.head() and await LogReader(log).at(sent) != row:
            raise TopicOfAnotherLog(topic.name, sent)


async def _check_beginning(topic: Topic, partition: int, place: str, log_id: str, end: int) -> None:
    found = await topic.read(partition, 0, 1)
    begins = found[0].offset if found else end  # a partition of which nothing is kept still has its end
    if begins > 0:
        raise TopicBehindCheckpoint(place, f"begins at offset {begins}")
    first = found[0]
    if copy_of(first, log_id) is not None and (prev := from_record(first)[1]) > 0:
        raise TopicBehindCheckpoint(place, f"begins after position {prev}")


async def _check_unconfirmed(log: Log, topic: Topic, checkpoint: Checkpoint) -> None:
    """Records that a relay sent, but whose checkpoint was not written, or was lost with the log's last commits."""
    head = await log.head()
    reader = LogReader(log)
    ahead = last = 0
    # A checkpoint above the head lives longer than the log did: its offsets stand behind what the log lost.
    after = checkpoint if checkpoint.position <= head else FROM_THE_BEGINNING
    async for row in copies(topic, log.log_id, after=after):
        if row.position > head:
            ahead, last = ahead + 1, row.position
        elif await reader.at(row.position) != row:
            raise TopicOfAnotherLog(topic.name, row.position)
    if ahead:
        raise LogBehindTopic(topic.name, head, ahead, last)


async def _record(topic: Topic, partition: int, offset: int) -> FetchedRecord:
    found = await topic.read(partition, offset, 1)
    if not found:
        raise TopicUnavailable(f"{topic.name}/{partition} became shorter while it was looked at")
    return found[0]
