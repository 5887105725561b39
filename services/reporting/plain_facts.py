"""The facts of a partition up to its first record that is not plain, as COPY takes them: what a rebuild reads.

Read by processes of their own, since reading takes more of a processor than keeping.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import uvloop
from aiokafka import TopicPartition

from services.reporting import facts
from services.reporting.projections import FactsProjection
from services.reporting.settings import ReportingSettings
from shared.messaging.arrival import Arrived
from shared.messaging.kafka_topic import fetched
from shared.messaging.reading import plain_prefix, read_records
from shared.messaging.store import Place, Position
from shared.messaging.topic import TopicUnavailable, events_topic

RECORDS = 10_000
# A fetch, and so a part, holds no more bytes than this, or one record.
FETCH_BYTES = 4 * 1024 * 1024
ANSWER_SECONDS = 30.0
HANDLER = FactsProjection()


@dataclass(frozen=True, slots=True)
class Wanted:
    """The next part of a partition: behind `position`, before the offset `end`."""

    place: Place
    position: Position
    end: int


@dataclass(frozen=True, slots=True)
class Part:
    """Facts as lines for COPY. `position`: behind them. `strange`: why what follows is not plain. `more`: read on."""

    place: Place
    position: Position
    lines: bytes
    kept: int
    records: int
    meetings: frozenset[UUID]
    rules: Sequence[facts.PresenceRule] = ()
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
            await asyncio.wait_for(self._kafka.start(), ANSWER_SECONDS)
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
    looked = read_records(HANDLER, map(fetched, records))
    followed, strange = plain_prefix(HANDLER, wanted.place, wanted.position, looked)
    ignored = Counter((item.log_id, item.type) for item in followed.fresh if item.received is None)
    kept = list(_facts(followed.fresh))
    return Part(
        wanted.place,
        followed.position,
        "".join(map(_line, kept)).encode(),
        len(kept),
        len(records),
        frozenset(fact.meeting_id for fact in kept),
        [
            facts.rule_of(item.received.recorded, item.received.event)
            for item in followed.fresh
            if item.received is not None and isinstance(item.received.event, facts.RULE_EVENTS)
        ],
        ignored,
        strange,
        more and strange is None,
    )


def _facts(fresh: Sequence[Arrived]) -> Iterator[facts.Fact]:
    for item in fresh:
        received = item.received
        if received is not None and not isinstance(received.event, facts.RULE_EVENTS):
            yield facts.fact_of(received.recorded, received.event)


def _line(fact: facts.Fact) -> str:
    """In COPY's text format: only the body can hold what needs an escape (a log's id comes from our settings)."""
    return (
        f"{fact.log_id}\t{fact.position}\t{fact.event_id}\t{fact.recorded_at.isoformat()}\t{fact.meeting_id}\t"
        f"{fact.type}\t{_null(fact.member_id)}\t{_null(fact.unit_id)}\t{_null(fact.period)}\t"
        f"{_escaped(fact.data)}\t{fact.digest}\n"
    )


def _null(value: object) -> object:
    return "\\N" if value is None else value


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
