"""The facts of a partition up to its first record that is not plain, as COPY takes them: what a rebuild reads.

Read by processes of their own, since reading takes more of a processor than keeping.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import uvloop
from aiokafka import TopicPartition

from services.reporting import facts
from services.reporting.projections import FactsProjection
from services.reporting.settings import ReportingSettings
from shared.messaging.brokers import start
from shared.messaging.kafka_topic import fetched
from shared.messaging.reading import plain_prefix, read_records
from shared.messaging.store import Place, Position
from shared.messaging.topic import TopicUnavailable, events_topic

RECORDS = 10_000
# A fetch, and so a part, holds no more bytes than this, or one record.
FETCH_BYTES = 4 * 1024 * 1024
# Records whose objects are held at once: those of thousands do not fit into the processor's caches.
READ_AT_ONCE = 100
ANSWER_SECONDS = 30.0
NULL = "\\N"
HANDLER = FactsProjection()


@dataclass(frozen=True, slots=True)
class Wanted:
    """The next part of a partition: behind `position`, before the offset `end`."""

    place: Place
    position: Position
    end: int


@dataclass(slots=True)
class Part:
    """Facts as lines for COPY. `position`: behind them. `strange`: why what follows is not plain. `more`: read on."""

    place: Place
    position: Position
    records: int
    # Not in its text: `asyncio.Runner` makes one of every result (in `signal.signal`, which then throws it away).
    lines: bytearray = field(default_factory=bytearray, repr=False)
    kept: int = 0
    meetings: set[UUID] = field(default_factory=set, repr=False)
    rules: list[facts.PresenceRule] = field(default_factory=list)
    ignored: Counter[tuple[str, str]] = field(default_factory=Counter)
    strange: str | None = None
    more: bool = False


class PlainReader:
    """One consumer of Kafka, in one process, for one part after the other."""

    def __init__(self, settings: ReportingSettings) -> None:
        self._settings = settings
        self._runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        self._kafka: Any = None  # aiokafka's consumer, which is untyped
        self._at: tuple[TopicPartition, int] | None = None

    def read(self, wanted: Wanted) -> Part:
        """Raises KafkaError, and `TopicUnavailable` if the broker does not answer."""
        return self._runner.run(self._read(wanted))

    async def _read(self, wanted: Wanted) -> Part:
        if self._kafka is None:
            self._kafka = self._settings.brokers.consumer(
                auto_offset_reset="none", max_partition_fetch_bytes=FETCH_BYTES, fetch_max_wait_ms=50
            )
            async with asyncio.timeout(ANSWER_SECONDS):
                await start(self._kafka)
        partition = TopicPartition(
            events_topic(wanted.place.log_id, self._settings.topic_prefix), wanted.place.partition
        )
        offset = wanted.position.next_offset
        if self._at != (partition, offset):
            self._kafka.assign([partition])
            self._kafka.seek(partition, offset)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                records: Sequence[Any] = ()
                # The position moves past transaction markers and compacted records too, so this ends.
                while not records and await self._kafka.position(partition) < wanted.end:
                    found = await self._kafka.getmany(partition, timeout_ms=1000, max_records=RECORDS)
                    records = found.get(partition, ())
        except TimeoutError as error:
            raise TopicUnavailable(f"{partition.topic}: no answer") from error
        reached = await self._kafka.position(partition)
        self._at = partition, reached
        return part_of(wanted, [record for record in records if record.offset < wanted.end], more=reached < wanted.end)


def part_of(wanted: Wanted, records: Sequence[Any], *, more: bool) -> Part:
    """What aiokafka's `records`, which follow `wanted.position`, say."""
    part = Part(wanted.place, wanted.position, len(records), more=more)
    for first in range(0, len(records), READ_AT_ONCE):
        if part.strange is None:
            _read_on(part, records[first : first + READ_AT_ONCE])
    part.more = more and part.strange is None
    return part


def _read_on(part: Part, records: Sequence[Any]) -> None:
    looked = read_records(HANDLER, map(fetched, records))
    followed, part.strange = plain_prefix(HANDLER, part.place, part.position, looked)
    part.position = followed.position
    for item in followed.fresh:
        if item.received is None:
            part.ignored[item.log_id, item.type] += 1
            continue
        recorded, event = item.received.recorded, item.received.event
        if facts.is_rule(event):
            part.rules.append(facts.rule_of(recorded, event))
        else:
            fact = facts.fact_of(recorded, event)
            part.lines += _line(fact).encode()
            part.meetings.add(fact.meeting_id)
            part.kept += 1


def _line(fact: facts.Fact) -> str:
    """In COPY's text format: only the body can hold what needs an escape (a log's id comes from our settings)."""
    log_id, position, event_id, recorded_at, meeting_id, name, member_id, unit_id, period, data, digest = fact
    return (
        f"{log_id}\t{position}\t{event_id.hex}\t{recorded_at}\t{meeting_id.hex}\t{name}\t"
        f"{NULL if member_id is None else member_id.hex}\t{NULL if unit_id is None else unit_id.hex}\t"
        f"{NULL if period is None else period}\t{_escaped(data)}\t{digest}\n"
    )


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
