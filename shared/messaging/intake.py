"""Hands fetched batches to a consumer until they are taken: waits and tries again, however long, and never skips."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

import structlog

from shared.contracts.envelope import FetchedRecord
from shared.messaging import consumer_metrics as metrics
from shared.messaging.arrival import Looked
from shared.messaging.consumer import Consumer
from shared.messaging.going_on import GoingOn
from shared.messaging.outcome import Outcome
from shared.messaging.stop_rule import ConsumerStopped

log = structlog.get_logger(__name__)


# Records that are read before others have a turn: a few milliseconds.
READ_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Pace:
    """How often and how long, in seconds; `max_records` per batch, of a handler that does not ask for more.

    `linger`: after a batch of fewer, whose statements cost as much as those of so many.
    """

    max_records: int = 500
    poll: float = 0.1
    linger: float = 0.05
    first_retry: float = 0.1
    longest_retry: float = 30.0
    retry_when_stopped: float = 60.0
    release_every: float = 0.5
    check_every: float = 5.0
    stalled_after: float = 30.0

    def retry_delay(self, attempt: int) -> float:
        """Seconds to wait after failed attempt number `attempt` (from 1)."""
        return min(self.longest_retry, self.first_retry * 2.0 ** min(attempt - 1, 20))


class Intake:
    """`busy` while a batch is being taken: a position that stands still then is not the broker's fault."""

    def __init__(self, consumer: Consumer, pace: Pace) -> None:
        self.consumer = consumer
        self.busy = False
        self._pace = pace
        # Perhaps by the process before this one: the first batch that is taken says otherwise.
        self._said_stopped = True

    async def read(self, records: Iterable[FetchedRecord]) -> Sequence[Looked]:
        """Reads a batch while another one is being taken, and lets it go on."""
        looked: list[Looked] = []
        remaining = iter(records)
        while part := self.consumer.read(islice(remaining, READ_AT_ONCE)):
            looked.extend(part)
            await asyncio.sleep(0)
        return looked

    async def take(self, records: Sequence[FetchedRecord]) -> Outcome:
        """What became of a batch, once it is taken."""
        return await self.take_read(self.consumer.read(records))

    async def take_read(self, batch: Sequence[Looked]) -> Outcome:
        """What became of a batch that was read, once it is taken."""
        self.busy = True
        attempt = 0
        try:
            while True:
                attempt += 1
                outcome = await self._try(batch, attempt)
                if outcome is not None:
                    await self._say_stopped(None)
                    return outcome
        finally:
            self.busy = False

    async def keep_releasing(self) -> None:
        """Goes on with keys that other batches, or other consumers of this database, make ready. Until cancelled."""
        while True:
            with GoingOn("release failed, trying again", consumer=self.consumer.name):
                await self.consumer.release()
            await asyncio.sleep(self._pace.release_every)

    async def _try(self, batch: Sequence[Looked], attempt: int) -> Outcome | None:
        with GoingOn("batch failed, trying again", consumer=self.consumer.name, attempt=attempt):
            try:
                return await self.consumer.take(batch)
            except ConsumerStopped as stopped:
                await self._say_stopped(str(stopped))
                await asyncio.sleep(self._pace.retry_when_stopped)
                return None
        # The database is away, or a bug of ours: nothing was applied, and fetching on would lose events.
        metrics.RETRIES.labels(self.consumer.name).inc()
        await asyncio.sleep(self._pace.retry_delay(attempt))
        return None

    async def _say_stopped(self, reason: str | None) -> None:
        if reason is not None:
            log.error("consumer stopped", consumer=self.consumer.name, reason=reason)
        elif not self._said_stopped:
            return
        metrics.STOPPED.labels(self.consumer.name).set(reason is not None)
        with GoingOn("cannot record whether the consumer is stopped", consumer=self.consumer.name):
            await self.consumer.store.set_stopped(self.consumer.name, reason)
            self._said_stopped = reason is not None
