"""The relay: sends a log to its topic in position order. A core over ports; it knows neither Kafka nor PostgreSQL.

On each partition records go in position order, one batch in flight. After anything uncertain it throws the producer
away and goes on from its checkpoint, whose move is fenced by the epoch. So any interleaving of two relays shows every
prefix of a partition before what follows it, and a consumer that drops lower positions loses and doubles nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from opentelemetry.trace import SpanKind

from shared.contracts.envelope import Record, RecordedEvent, to_record
from shared.eventstore.log import RESOLUTION, Log, LogUnavailable
from shared.failpoints import failpoint
from shared.messaging import relay_metrics
from shared.messaging.agreement import LogAndTopicDisagree, TopicBehindCheckpoint, check_agreement
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
        self.is_behind = False  # the log had more than the last batch took
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

    async def step(self) -> int:
        """Sends the next batch, or tells that there is none; how many events it had."""
        looked_at = self._clock()
        rows = await self._next_rows()
        if rows:
            await self._send(rows)
        if rows or self._told is None or (looked_at - self._told).total_seconds() >= IDLE_PROGRESS_SECONDS:
            await self._tell(looked_at)
        return len(rows)

    async def _next_rows(self) -> Sequence[RecordedEvent]:
        """Whole commands only: where a batch ends, a crash may end what the topic has."""
        limit = BATCH_EVENTS
        while True:
            rows = await self._log.read(after=self.checkpoint.position, limit=limit)
            self.is_behind = len(rows) == limit
            if not self.is_behind:
                return rows
            whole = max((n for n, row in enumerate(rows) if row.n == 0), default=0)
            if whole:
                return rows[:whole]
            limit *= 2

    async def _send(self, rows: Sequence[RecordedEvent]) -> None:
        batches, sent = self._records(rows)
        causes = (row.metadata.traceparent for row in rows)
        with batch_span(f"{self._log.log_id}.relay", SpanKind.PRODUCER, causes):
            ends = await self._topic.send(batches)
        failpoint("relay.sent")
        for partition, end in ends.items():
            if end < self._ends[partition] + len(batches[partition]):
                raise TopicBehindCheckpoint(f"{self._topic.name}/{partition}", f"is shorter than before, at {end}")
        self._ends.update(ends)
        moved = self.checkpoint.past(rows[-1].position, sent, ends)
        await self._leadership.advance(moved)
        self.checkpoint = moved
        failpoint("relay.checkpointed")

    def _records(self, rows: Sequence[RecordedEvent]) -> tuple[dict[int, list[Record]], dict[int, int]]:
        """Records by partition, each with its predecessor's position there; and the last position per partition."""
        batches: dict[int, list[Record]] = {}
        last = dict(self.checkpoint.last)
        for row in rows:
            partition = partition_for(row.key, self._topic.partitions)
            batches.setdefault(partition, []).append(to_record(row, prev=last.get(partition, 0)))
            last[partition] = row.position
        return batches, last

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
        if unsent := await self._first_unsent():
            return unsent.recorded_at - RESOLUTION
        sealed = await self._log.seal()
        unsent = await self._first_unsent()  # appended since the look before: before the seal, or after it
        return unsent.recorded_at - RESOLUTION if unsent else sealed

    async def _first_unsent(self) -> RecordedEvent | None:
        return next(iter(await self._log.read(after=self.checkpoint.position, limit=1)), None)
