"""Sends what waits: each subscription by one process at a time, each key in order, side by side with all others."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

import structlog

from services.operations.sql import WEBHOOKS
from services.operations.webhooks import metrics
from services.operations.webhooks.sender import Sender
from services.operations.webhooks.tables import Head, Lease
from services.operations.webhooks.verdict import Outcome, Verdict, wait_after
from shared.database.pool import Connection, Pool
from shared.failpoints import failpoint
from shared.messaging.going_on import GoingOn

log = structlog.get_logger(__name__)

# A body has at most 256 KiB: so many times so many of them are in memory at most.
SUBSCRIPTIONS_AT_ONCE = 20
KEYS_AT_ONCE = 8
POLL_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Patience:
    """`attempts` of a delivery before it is parked; seconds before the second one; of a lease."""

    attempts: int
    first_wait: float
    attempt_seconds: float

    @property
    def lease_seconds(self) -> float:
        """Begun within one attempt's time, the last attempts end within another; the third is for their recording."""
        return 3 * self.attempt_seconds + 5


@dataclass
class Deliverer:
    """Any number of processes may run one."""

    pool: Pool
    sender: Sender
    patience: Patience
    _serving: dict[UUID, asyncio.Task[None]] = field(default_factory=dict)

    async def run(self) -> None:
        """Until cancelled. What was under way then is sent again by whoever comes next, under the same webhook-id."""
        try:
            while True:
                with GoingOn("webhooks cannot be looked at"):
                    await self.begin()
                await asyncio.sleep(POLL_SECONDS)
        finally:
            await self._end()

    async def begin(self) -> None:
        """Takes over whatever is due and nobody serves, as far as there is room."""
        for lease in await self._lease(SUBSCRIPTIONS_AT_ONCE - len(self._serving)):
            task = asyncio.create_task(self._keep_to(lease), name=f"webhook {lease.subscription_id}")
            self._serving[lease.subscription_id] = task
            task.add_done_callback(partial(self._served, lease.subscription_id))

    async def settled(self) -> None:
        """Until all that was taken over is served."""
        while self._serving:
            await asyncio.wait(self._serving.values())

    async def serve(self, lease: Lease) -> None:
        """Everything that is due, for as long as the lease surely holds; then others may have it."""
        clock = asyncio.get_running_loop().time
        until = clock() + self.patience.attempt_seconds
        while clock() < until and (heads := await self._heads(lease)):
            attempts = await asyncio.gather(*(self._deliver(lease, head) for head in heads), return_exceptions=True)
            for failed in attempts:
                if failed is not None:  # our database is away: nobody says what became of it, and it is sent again
                    raise failed
        await self._give_back(lease)

    async def _give_back(self, lease: Lease) -> None:
        await WEBHOOKS.give_back(self.pool, subscription_id=lease.subscription_id, epoch=lease.epoch)

    async def _keep_to(self, lease: Lease) -> None:
        with GoingOn("webhook cannot be served", subscription=str(lease.subscription_id)):
            try:
                await self.serve(lease)
            except asyncio.CancelledError:  # the process ends: another one need not wait until the lease is over
                await self._give_back(lease)
                raise

    def _served(self, subscription_id: UUID, _: asyncio.Task[None]) -> None:
        del self._serving[subscription_id]

    async def _lease(self, room: int) -> Sequence[Lease]:
        if room <= 0:
            return ()
        rows = WEBHOOKS.lease(self.pool, seconds=self.patience.lease_seconds, most=room)
        return [
            Lease(
                row["subscription_id"],
                row["url"],
                tuple(secret for secret in (row["secret"], row["former_secret"]) if secret),
                row["epoch"],
            )
            async for row in rows
        ]

    async def _heads(self, lease: Lease) -> Sequence[Head]:
        rows = WEBHOOKS.heads(self.pool, subscription_id=lease.subscription_id, epoch=lease.epoch, most=KEYS_AT_ONCE)
        return [Head(**dict(row)) async for row in rows]

    async def _deliver(self, lease: Lease, head: Head) -> None:
        outcome = await self.sender.attempt(lease, head)
        failpoint("webhook.sent")
        metrics.ATTEMPTS.labels(outcome.verdict).inc()
        async with self.pool.acquire() as connection, connection.transaction():
            recorded = await self._record(connection, lease, head, outcome)
        if not recorded:
            log.warning("webhook served by another process", subscription=str(lease.subscription_id))
        elif outcome.verdict is not Verdict.DELIVERED:
            where = {"log_id": head.log_id, "key": head.key, "position": head.position}
            log.warning("webhook failed", subscription=str(lease.subscription_id), reason=outcome.reason, **where)

    async def _record(self, tx: Connection, lease: Lease, head: Head, outcome: Outcome) -> bool:
        """False if another process has taken over: then what we learned is not ours to say."""
        mine = {"subscription_id": lease.subscription_id, "epoch": lease.epoch}
        line = {"subscription_id": lease.subscription_id, "log_id": head.log_id, "key": head.key}
        if outcome.verdict is Verdict.GONE:
            return await WEBHOOKS.end(tx, **mine, reason=outcome.reason) is not None
        if outcome.retry_after:
            held = await WEBHOOKS.wait(tx, **mine, seconds=outcome.retry_after)
        else:
            held = await WEBHOOKS.hold(tx, **mine)
        if held is None:
            return False
        if outcome.verdict is Verdict.DELIVERED:
            await through(tx, lease.subscription_id, head.log_id, head.key, head.position, "delivered")
            return True
        wait = wait_after(head.attempts + 1, self.patience.first_wait)
        await WEBHOOKS.failed(
            tx, **line, attempts=head.attempts, reason=outcome.reason, wait=wait, most=self.patience.attempts
        )
        return True

    async def _end(self) -> None:
        tasks = list(self._serving.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def through(tx: Connection, subscription_id: UUID, log_id: str, key: str, position: int, outcome: str) -> None:
    """The head of a line is delivered or dropped; the line goes on with the next, or is gone with its last."""
    of = {"subscription_id": subscription_id, "log_id": log_id}
    left = await WEBHOOKS.done(tx, **of, position=position, outcome=outcome)
    if left == 0:
        await WEBHOOKS.clear_line(tx, **of, key=key)
