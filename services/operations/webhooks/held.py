"""Deliveries that failed: listed, tried anew, or dropped one by one; what is old is cleared away."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog

from services.operations.sql import WEBHOOKS
from services.operations.webhooks.deliverer import through
from services.operations.webhooks.tables import Line, Subscription
from shared.database.pool import Pool
from shared.decider import DomainError

log = structlog.get_logger(__name__)

MOST_LINES = 500
# So many rows a statement: a receiver's month does not hold a transaction open.
PART = 10_000


class DeliveryNotParked(DomainError):
    """It went out meanwhile, or is tried by itself."""

    problem = "delivery-not-parked"


@dataclass(frozen=True, slots=True)
class Held:
    """What operators and receivers do about deliveries that do not go out."""

    pool: Pool

    async def lines(self, subscription_id: UUID | None = None, key: tuple[str, str] | None = None) -> Sequence[Line]:
        """Keys whose first delivery failed at least once, the parked ones first; at most `MOST_LINES`."""
        rows = WEBHOOKS.lines(self.pool, subscription_id=subscription_id, **_named(key), most=MOST_LINES)
        return [Line(**dict(row)) async for row in rows]

    async def redrive(self, subscription_id: UUID, key: tuple[str, str] | None = None) -> tuple[int, int]:
        """Keys (all, or one) that are tried anew at once, and the deliveries that stand in them."""
        rows = WEBHOOKS.redrive(self.pool, subscription_id=subscription_id, **_named(key))
        waiting = [row["waiting"] async for row in rows]
        log.info("webhook redriven", subscription=str(subscription_id), keys=len(waiting))
        return len(waiting), sum(waiting)

    async def drop(self, subscription_id: UUID, key: tuple[str, str]) -> int:
        """The parked delivery at the head of a key goes to nobody, and the next one is tried; its position.

        Raises `DeliveryNotParked`.
        """
        of = {"subscription_id": subscription_id, **_named(key)}
        async with self.pool.acquire() as tx, tx.transaction():
            if await WEBHOOKS.lock_line(tx, **of) is None:
                raise DeliveryNotParked(f"Khóa {key[1]} của {key[0]} không (còn) bị giữ ở webhook này.")
            position: int = await WEBHOOKS.head_position(tx, **of)
            await through(tx, subscription_id, *key, position, "dropped")
        log.info("webhook delivery dropped", subscription=str(subscription_id), key=key, position=position)
        return position

    async def clear(self, *, keep_seconds: float, most_waiting: int) -> None:
        """Ends who lets too much wait, and deletes what is through or goes to nobody any more."""
        async for row in WEBHOOKS.end_overrun(self.pool, most=most_waiting):
            log.error("webhook ended: too much waited", subscription=str(row["subscription_id"]))
        await WEBHOOKS.clear_ended_lines(self.pool)
        while _rows(await WEBHOOKS.clear_ended(self.pool, most=PART)) == PART:
            pass
        while _rows(await WEBHOOKS.prune(self.pool, seconds=keep_seconds, most=PART)) == PART:
            pass


def troubles(subscriptions: Sequence[Subscription]) -> Iterable[str]:
    """What `status` says of webhooks."""
    for found in subscriptions:
        if found.parked:
            yield f"webhook {found.subscription_id} has parked {found.parked} deliveries: see `webhooks list`"


def _named(key: tuple[str, str] | None) -> dict[str, str | None]:
    log_id, name = key or (None, None)
    return {"log_id": log_id, "key": name}


def _rows(status: str) -> int:
    """The number at the end of a statement's status, such as "DELETE 17"."""
    return int(status.rpartition(" ")[2])
