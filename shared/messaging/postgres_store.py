"""A consumer's store in the service's own PostgreSQL database."""

import json
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg

from shared.database.pool import queries
from shared.database.transient import is_transient
from shared.messaging.postgres_rows import (
    held_key_of,
    key_columns,
    place_columns,
    position_of,
    progress_of,
    quarantined_of,
)
from shared.messaging.progress import ProgressRecord
from shared.messaging.record_columns import digest, headers_text, record_of
from shared.messaging.store import (
    HeldEvent,
    HeldKey,
    KeyOf,
    Place,
    Position,
    Quarantined,
    Stopped,
    StoreTransaction,
    Tally,
    Watermark,
)

QUERIES = queries(Path(__file__).parent / "sql" / "consumer.sql")
MIGRATIONS = Path(__file__).parent / "sql" / "migrations"
Connection: TypeAlias = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy


class PostgresTransaction:
    """A `StoreTransaction` on one connection; handlers get the connection itself."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def handle(self) -> Connection:
        return self._connection

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        async with self._connection.transaction():
            yield

    async def lock_positions(self, consumer: str, places: Collection[Place]) -> Mapping[Place, Position]:
        wanted = place_columns(places)
        rows = [row async for row in QUERIES.lock_positions(self._connection, consumer=consumer, **wanted)]
        if len(rows) < len(set(places)):
            await QUERIES.add_positions(self._connection, consumer=consumer, **wanted)
            # A statement of its own: the rows as they are once the lock is held.
            rows = [row async for row in QUERIES.lock_positions(self._connection, consumer=consumer, **wanted)]
        return {Place(row["log_id"], row["partition"]): position_of(row) for row in rows}

    async def save_positions(self, consumer: str, positions: Mapping[Place, Position]) -> None:
        moved = [positions[place] for place in sorted(positions)]
        await QUERIES.save_positions(
            self._connection,
            consumer=consumer,
            **place_columns(positions),
            positions=[position.position for position in moved],
            next_offsets=[position.next_offset for position in moved],
            last_offsets=[position.last_offset for position in moved],
            last_event_ids=[position.last_event_id for position in moved],
            recorded_ats=[position.recorded_at for position in moved],
        )

    async def lock_keys(self, consumer: str, keys: Collection[KeyOf]) -> Mapping[KeyOf, HeldKey]:
        rows = QUERIES.lock_keys(self._connection, consumer=consumer, **key_columns(keys))
        return {key.of: key for key in await self._with_counts(consumer, [row async for row in rows])}

    async def put_key(self, consumer: str, key: HeldKey) -> None:
        await QUERIES.put_key(
            self._connection,
            consumer=consumer,
            log_id=key.of.log_id,
            key=key.of.key,
            partition=key.partition,
            state=key.state,
            reason=key.reason,
            waits_for=key.waits_for,
            ready=key.ready,
        )

    async def drop_key(self, consumer: str, key: KeyOf) -> None:
        await QUERIES.drop_key(self._connection, consumer=consumer, log_id=key.log_id, key=key.key)

    async def hold(self, consumer: str, events: Sequence[HeldEvent]) -> None:
        records = [event.record for event in events]
        await QUERIES.hold_events(
            self._connection,
            consumer=consumer,
            log_ids=[event.of.log_id for event in events],
            keys=[event.of.key for event in events],
            positions=[event.position for event in events],
            types=[event.type for event in events],
            topics=[record.topic for record in records],
            partitions=[record.partition for record in records],
            record_offsets=[record.offset for record in records],
            record_keys=[record.key for record in records],
            record_values=[record.value for record in records],
            record_headers=[headers_text(record) for record in records],
        )

    async def held_events(self, consumer: str, key: KeyOf, *, limit: int) -> Sequence[HeldEvent]:
        rows = QUERIES.held_events(self._connection, consumer=consumer, log_id=key.log_id, key=key.key, limit=limit)
        return [HeldEvent(key, row["position"], row["type"], record_of(row)) async for row in rows]

    async def drop_events(self, consumer: str, key: KeyOf, positions: Collection[int]) -> None:
        await QUERIES.drop_events(
            self._connection, consumer=consumer, log_id=key.log_id, key=key.key, positions=list(positions)
        )

    async def lock_names(self, *, exclusive: bool) -> None:
        lock = QUERIES.lock_names_exclusive if exclusive else QUERIES.lock_names_shared
        await lock(self._connection)

    async def make_ready(self, names: Collection[str]) -> int:
        marked: int = await QUERIES.make_ready(self._connection, names=sorted(names))
        return marked

    async def ready_keys(self, consumer: str, *, limit: int) -> Sequence[HeldKey]:
        rows = QUERIES.ready_keys(self._connection, consumer=consumer, limit=limit)
        return await self._with_counts(consumer, [row async for row in rows])

    async def quarantine(self, consumer: str, records: Sequence[Quarantined]) -> int:
        found = [item.record for item in records]
        kept: int = await QUERIES.quarantine(
            self._connection,
            consumer=consumer,
            topics=[record.topic for record in found],
            partitions=[record.partition for record in found],
            record_offsets=[record.offset for record in found],
            digests=[digest(record) for record in found],
            reasons=[item.reason.replace("\x00", "\ufffd") for item in records],
            record_keys=[record.key for record in found],
            record_values=[record.value for record in found],
            record_headers=[headers_text(record) for record in found],
        )
        return kept

    async def count_ignored(self, consumer: str, counts: Mapping[tuple[str, str], int]) -> None:
        await QUERIES.count_ignored(
            self._connection,
            consumer=consumer,
            log_ids=[log_id for log_id, _ in counts],
            types=[name for _, name in counts],
            counts=list(counts.values()),
        )

    async def tally(self, consumer: str, *, declared: int, failed: int, window: int) -> Tally:
        row = await QUERIES.tally(
            self._connection,
            consumer=consumer,
            declared=float(declared),
            failed=float(failed),
            kept=max(0.0, 1.0 - declared / window),
        )
        return Tally(row["declared"], row["failed"])

    async def _with_counts(self, consumer: str, rows: Sequence[Any]) -> list[HeldKey]:
        if not rows:
            return []
        keys = [KeyOf(row["log_id"], row["key"]) for row in rows]
        counted = QUERIES.count_held(self._connection, consumer=consumer, **key_columns(keys))
        counts = {KeyOf(row["log_id"], row["key"]): row["events"] async for row in counted}
        return [held_key_of(row, counts.get(key, 0)) for row, key in zip(rows, keys, strict=True)]


class PostgresStore:
    """`Store` over a pool of the service's database."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[StoreTransaction]:
        # READ COMMITTED: what is read after a lock was waited for must be what the other one committed.
        async with self._pool.acquire() as connection, connection.transaction(isolation="read_committed"):
            yield PostgresTransaction(connection)

    def is_transient(self, error: Exception) -> bool:
        return is_transient(error)

    async def positions(self, consumer: str) -> Mapping[Place, Position]:
        rows = QUERIES.positions(self._pool, consumer=consumer)
        return {Place(row["log_id"], row["partition"]): position_of(row) async for row in rows}

    async def start_over(self, consumer: str, place: Place) -> None:
        await QUERIES.start_over(self._pool, consumer=consumer, log_id=place.log_id, partition=place.partition)

    async def set_stopped(self, consumer: str, reason: str | None) -> None:
        await QUERIES.set_stopped(self._pool, consumer=consumer, reason=reason)

    async def stopped(self, consumer: str) -> Stopped | None:
        row = await QUERIES.stopped(self._pool, consumer=consumer)
        return Stopped(row["stopped_since"], row["stopped_reason"]) if row else None

    async def held_keys(self, consumer: str | None = None) -> Sequence[tuple[str, HeldKey]]:
        rows = QUERIES.held_keys(self._pool, consumer=consumer)
        return [(row["consumer"], held_key_of(row, row["events"])) async for row in rows]

    async def quarantined(self, consumer: str | None = None) -> Sequence[tuple[str, Quarantined]]:
        rows = QUERIES.quarantined(self._pool, consumer=consumer)
        return [(row["consumer"], quarantined_of(row)) async for row in rows]

    async def count_quarantined(self, consumer: str) -> int:
        count: int = await QUERIES.count_quarantined(self._pool, consumer=consumer)
        return count

    async def ignored(self, consumer: str) -> Mapping[tuple[str, str], int]:
        rows = QUERIES.ignored(self._pool, consumer=consumer)
        return {(row["log_id"], row["type"]): row["events"] async for row in rows}

    async def record_progress(self, progress: ProgressRecord, consumers: Collection[str] | None = None) -> None:
        async with self._pool.acquire() as connection, connection.transaction(isolation="read_committed"):
            await QUERIES.lock_progress(connection, log_id=progress.log_id)
            await QUERIES.add_progress(
                connection,
                log_id=progress.log_id,
                position=progress.position,
                time=progress.time,
                end_offsets=json.dumps({str(partition): end for partition, end in progress.end_offsets.items()}),
                last=json.dumps({str(partition): position for partition, position in progress.last.items()}),
            )
            await QUERIES.prune_progress(connection, log_id=progress.log_id, consumers=consumers and list(consumers))

    async def latest_progress(self, log_id: str) -> ProgressRecord | None:
        row = await QUERIES.latest_progress(self._pool, log_id=log_id)
        return progress_of(row) if row else None

    async def watermark(self, consumer: str, log_id: str) -> Watermark | None:
        return await read_watermark(self._pool, consumer, log_id)


async def read_watermark(connection: asyncpg.Connection | asyncpg.Pool, consumer: str, log_id: str) -> Watermark | None:
    """As `Store.watermark`, within the caller's own transaction: for figures of the very same moment."""
    row = await QUERIES.watermark(connection, consumer=consumer, log_id=log_id)
    return Watermark(row["position"], row["time"], frozenset(row["held_keys"])) if row else None
