"""Operators' commands on a log and its topic: recover a log from its topic, verify one against the other."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from shared.advance import Advance, unseen
from shared.contracts.envelope import RecordedEvent
from shared.eventstore.log import Log
from shared.messaging.agreement import TopicOfAnotherLog
from shared.messaging.copies import LogReader, copies
from shared.messaging.topic import Topic

CHUNK = 1000


async def recover_from_topic(log: Log, topic: Topic, advance: Advance = unseen) -> int:
    """Appends to the log what only its topic still has, positions, ids and times kept; how many events.

    Nothing may be written meanwhile. Raises `TopicOfAnotherLog`, with nothing done, if both differ at a position that
    both have. Claims must be rebuilt afterwards. The relay then repeats what its checkpoint lacks; consumers drop it.
    """
    head = await log.head()
    reader = LogReader(log)
    lost: list[RecordedEvent] = []
    restored = 0
    async for row in copies(topic, log.log_id):  # by rising position: all is compared before anything is restored
        advance(1)
        if row.position > head:
            lost.append(row)
        elif await reader.at(row.position) != row:
            raise TopicOfAnotherLog(topic.name, row.position)
        if len(lost) == CHUNK:
            await log.restore(lost)
            restored += len(lost)
            lost = []
    if lost:
        await log.restore(lost)
    return restored + len(lost)


@dataclass(frozen=True, slots=True)
class Verified:
    """What a comparison found, as positions. `missing` on the topic, `foreign`: the log has none there, `differing`."""

    events: int
    missing: tuple[int, ...]
    foreign: tuple[int, ...]
    differing: tuple[int, ...]

    @property
    def is_copy(self) -> bool:
        return not (self.missing or self.foreign or self.differing)


async def verify(log: Log, topic: Topic, up_to: int, advance: Advance = unseen) -> Verified:
    """Compares the log up to position `up_to` (usually the relay's checkpoint) with the topic's copy, row by row."""
    missing: list[int] = []
    foreign: list[int] = []
    differing: list[int] = []
    copied = copies(topic, log.log_id)
    copy = await anext(copied, None)
    count = position = 0
    async for row in _rows(log, up_to):
        while copy is not None and copy.position < row.position:
            foreign.append(copy.position)
            copy = await anext(copied, None)
        if copy is None or copy.position > row.position:
            missing.append(row.position)
        else:
            if copy != row:
                differing.append(row.position)
            copy = await anext(copied, None)
        count += 1
        advance(row.position - position)
        position = row.position
    # Behind the rows compared: sent, but not confirmed yet, or lost by a log that was restored.
    reader = LogReader(log)
    while copy is not None:
        if await reader.at(copy.position) is None:
            foreign.append(copy.position)
        copy = await anext(copied, None)
    return Verified(count, tuple(missing), tuple(foreign), tuple(differing))


async def _rows(log: Log, up_to: int) -> AsyncIterator[RecordedEvent]:
    position = 0
    while rows := await log.read(after=position, limit=CHUNK):
        for row in rows:
            if row.position > up_to:
                return
            yield row
        position = rows[-1].position
