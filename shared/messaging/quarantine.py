"""What operators do about records in quarantine: look, and dismiss what they have understood. Nothing is deleted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from shared.database.pool import Pool, queries
from shared.messaging.postgres_rows import quarantined_of
from shared.messaging.store import Quarantined

QUERIES = queries(Path(__file__).parent / "sql" / "quarantine.sql")


class NotQuarantined(LookupError):
    """There is no such record in quarantine, or it was dismissed before."""


@dataclass(frozen=True, slots=True)
class Dismissal:
    """`by`: an office or an account, as an event's actor is; never a name."""

    at: datetime
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Offset:
    """Where a record stands on its topic."""

    partition: int
    offset: int


async def everything(pool: Pool, *, with_dismissed: bool) -> Sequence[tuple[str, Quarantined, Dismissal | None]]:
    """(consumer, record, dismissal), newest first, at most 1,000; what the store lists, and what was dismissed."""
    found = []
    async for row in QUERIES.everything(pool, with_dismissed=with_dismissed):
        by = row["dismissed_by"] and Dismissal(row["dismissed_at"], row["dismissed_by"], row["dismissed_reason"])
        found.append((row["consumer"], quarantined_of(row), by))
    return found


async def dismiss(pool: Pool, consumer: str, topic: str, at: Offset | None, *, by: str, reason: str) -> int:
    """Dismisses one record, or (None) all of a topic; how many. Read again, it stays so. Raises `NotQuarantined`."""
    done: int = await QUERIES.dismiss(
        pool,
        consumer=consumer,
        topic=topic,
        partition=at.partition if at else None,
        record_offset=at.offset if at else None,
        by=by,
        reason=reason,
    )
    if not done:
        place = f"{topic}/{at.partition} at offset {at.offset}" if at else topic
        raise NotQuarantined(f"{consumer} has nothing of {place} in quarantine: see `quarantine list`")
    return done
