"""The relay: sends a log to its topic in position order. A core over ports; it knows neither Kafka nor PostgreSQL.

On each partition records go in position order, one batch in flight. After anything uncertain it throws the producer
away and goes on from its checkpoint, whose move is fenced by the epoch. So any interleaving of two relays shows every
prefix of a partition before what follows it, and a consumer that drops lower positions loses and doubles nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from opentelemetry.trace import SpanKind

from shared.contracts.envelope import Record, RecordedEvent, to_record
from shared.eventstore.log import RESOLUTION, Log, LogUnavailable
from shared.failpoints import failpoint
from shared.messaging import relay_metrics
from shared.messaging.agreement import LogAndTopicDisagree, TopicBehindCheckpoint, check_agreement
from shared.messaging.going_on import raise_if_asked_to_end
from shared.messaging.partitioner import partition_for
from shared.messaging.progress import ProgressRecord
from shared.messaging.relay_store import Checkpoint, Fenced, Leadership, RelayStore, SessionLost
from shared.messaging.topic import SendFailed, Topic, TopicMisconfigured, TopicUnavailable
from shared.observability.tracing import batch_span

BATCH_EVENTS = 1000
POLL_SECONDS = 0.2
# After a batch that was not full. A batch of one event costs a checkpoint and a progress record like one of a thousand,
# and every consumer reads that record: while events trickle, let some gather.
LINGER_SECONDS = 0.02
IDLE_PROGRESS_SECONDS = 3.0
RETRY_SECONDS = 1.0
REFUSED_SECONDS = 5.0  # until somebody has mended it: looking costs a few reads

logger = structlog.get_logger(__name__)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class RelayStatus:
    """What operators see. `state`: standby, relaying, retrying, or refusing.

    It refuses when log and topic disagree, or when the topic would lose events.
    """

    state: str = "standby"
    position: int = 0
    epoch: int = 0
    problem: str | None = None


class Relay:
    """Runs for ever in `run`; of several on one log one leads. `open_topic` gives a new producer each time."""

    def __init__(
        self,
        log: Log,
        store: RelayStore,
        open_topic: Callable[[], Awaitable[Topic]],
        *,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self._log = log
        self._store = store
        self._open_topic = open_topic
        self._clock = clock
        self.status = RelayStatus()

    async def run(self) -> None:
        while True:
            try:
                await self.lead_once()
                self._set("standby")
            except (SendFailed, TopicUnavailable, Fenced, SessionLost, LogUnavailable) as error:
                self._set("retrying", error)
            except (LogAndTopicDisagree, TopicMisconfigured) as error:
                self._set("refusing", error)
            raise_if_asked_to_end(None)  # a rollback, or a send, may have failed in the midst of it
            await asyncio.sleep(REFUSED_SECONDS if self.status.state == "refusing" else RETRY_SECONDS)

    async def lead_once(self) -> None:
        """Leads, if nobody else does, until something fails; raises what failed."""
        async with self._store.lead() as leadership:
            if leadership is None:
                return
            topic = await self._open_topic()
            try:
                term = await Term.begin(self._log, topic, leadership, self._clock)
                self.status = RelayStatus("relaying", term.checkpoint.position, leadership.epoch)
                self._show()
                while True:
                    sent = await term.step()
                    if not sent:
                        await leadership.wait(POLL_SECONDS)
                        continue
                    self.status.position = term.checkpoint.position
                    self._show()
                    if not term.is_behind:
                        await asyncio.sleep(LINGER_SECONDS)
            finally:
                await topic.close()

    def _set(self, state: str, error: Exception | None = None) -> None:
        if error is not None and (state, str(error)) != (self.status.state, self.status.problem):
            logger.warning("relay_stopped", log=self._log.log_id, state=state, problem=str(error))
        self.status.state, self.status.problem = state, str(error) if error else None
        self._show()

    def _show(self) -> None:
        at = self.status
        relay_metrics.show(self._log.log_id, state=at.state, position=at.position, epoch=at.epoch)


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that follow each other in the log, as records by partition.

    `last`: by partition, the position of its last event once these are sent. `is_full`: the log may have more.
    """

    rows: Sequence[RecordedEvent]
    records: Mapping[int, Sequence[Record]]
    last: Mapping[int, int]
    is_full: bool


class Term:
    """One leadership with one producer: it ends with the first error."""

    def __init__(
        self, log: Log, topic: Topic, leadership: Leadership, checkpoint: Checkpoint, clock: Callable[[], datetime]
    ) -> None:
        self._log = log
        self._topic = topic
        self._leadership = leadership
        self._clock = clock
        self._ends: dict[int, int] = {}
        self._told: datetime | None = None
        self._ahead: Batch | None = None  # what follows the last batch, read while that was sent
        self.checkpoint = checkpoint

    @classmethod
    async def begin(cls, log: Log, topic: Topic, leadership: Leadership, clock: Callable[[], datetime]) -> "Term":
        """Compares log, topic and checkpoint before anything is sent; raises `LogAndTopicDisagree`."""
        checkpoint = await leadership.checkpoint()
        ends = await check_agreement(log, topic, checkpoint)
        term = cls(log, topic, leadership, checkpoint, clock)
        term._ends.update(ends)
        failpoint("relay.elected")
        return term

    @property
    def is_behind(self) -> bool:
        """The log had more than the last batch took."""
        return self._ahead is not None

    async def step(self) -> int:
        """Sends the next batch, or tells that there is none; how many events it had."""
        looked_at = self._clock()
        batch = self._ahead or await self._batch_after(self.checkpoint.position, self.checkpoint.last)
        self._ahead = None
        if batch.rows:
            await (self._send_and_read_on(batch) if batch.is_full else self._send(batch))
        if batch.rows or self._told is None or (looked_at - self._told).total_seconds() >= IDLE_PROGRESS_SECONDS:
            await self._tell(looked_at)
        return len(batch.rows)

    async def _batch_after(self, position: int, last: Mapping[int, int]) -> Batch:
        """Each record names its predecessor's position on its partition."""
        rows, is_full = await self._rows_after(position)
        records: dict[int, list[Record]] = {}
        last = dict(last)
        for row in rows:
            partition = partition_for(row.key, self._topic.partitions)
            records.setdefault(partition, []).append(to_record(row, prev=last.get(partition, 0)))
            last[partition] = row.position
        return Batch(rows, records, last, is_full)

    async def _rows_after(self, position: int) -> tuple[Sequence[RecordedEvent], bool]:
        """Whole commands only: where a batch ends, a crash may end what the topic has. True: there may be more."""
        limit = BATCH_EVENTS
        while True:
            rows = await self._log.read(after=position, limit=limit)
            if len(rows) < limit:
                return rows, False
            whole = max((n for n, row in enumerate(rows) if row.n == 0), default=0)
            if whole:
                return rows[:whole], True
            limit *= 2

    async def _send_and_read_on(self, batch: Batch) -> None:
        """What is read meanwhile claims nothing: it is sent when all before it is, or goes with the term."""
        reading = asyncio.create_task(self._batch_after(batch.rows[-1].position, batch.last))
        try:
            await self._send(batch)
            ahead = await reading
            self._ahead = ahead if ahead.rows else None
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _send(self, batch: Batch) -> None:
        causes = (row.metadata.traceparent for row in batch.rows)
        with batch_span(f"{self._log.log_id}.relay", SpanKind.PRODUCER, causes):
            ends = await self._topic.send(batch.records)
        failpoint("relay.sent")
        for partition, end in ends.items():
            if end < self._ends[partition] + len(batch.records[partition]):
                raise TopicBehindCheckpoint(f"{self._topic.name}/{partition}", f"is shorter than before, at {end}")
        self._ends.update(ends)
        moved = self.checkpoint.past(batch.rows[-1].position, batch.last, ends)
        await self._leadership.advance(moved)
        self.checkpoint = moved
        failpoint("relay.checkpointed")

    async def _tell(self, looked_at: datetime) -> None:
        at = self.checkpoint
        time = await self._complete_up_to()
        progress = ProgressRecord(self._log.log_id, at.position, time, dict(self._ends), dict(at.last))
        await self._topic.publish_progress(progress)
        self._told = looked_at
        failpoint("relay.told")

    async def _complete_up_to(self) -> datetime:
        """All that is recorded up to this time, now or ever, was sent. Our own clock knows nothing of that: an append
        that is under way has its time already, and the log's clock may be another one, or be set back.
        """
        if unsent := self._ahead.rows[0] if self._ahead else await self._first_unsent():
            return unsent.recorded_at - RESOLUTION
        sealed = await self._log.seal()
        unsent = await self._first_unsent()  # appended since the look before: before the seal, or after it
        return unsent.recorded_at - RESOLUTION if unsent else sealed

    async def _first_unsent(self) -> RecordedEvent | None:
        return next(iter(await self._log.read(after=self.checkpoint.position, limit=1)), None)
