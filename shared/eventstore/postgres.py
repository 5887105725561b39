"""The log in PostgreSQL, append by append; `group_commit` writes those that arrive together in one transaction."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import stamina

from shared.contracts.emission import AS_DECLARED, Emission
from shared.contracts.envelope import RecordedEvent
from shared.database.pool import Pool
from shared.database.transient import is_transient
from shared.eventstore.entry import Entry
from shared.eventstore.log import Append, AppendRefused, LogUnavailable, check_restorable
from shared.eventstore.rows import columns, recorded
from shared.eventstore.statements import QUERIES
from shared.eventstore.transaction import write

Answer = Sequence[RecordedEvent] | Exception

DRIVER_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, ValueError)
_DATA_ERRORS = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, ValueError)


class PostgresLog:
    """A log in the database of `pool`, whose connections act as the runtime role. One database holds one log."""

    def __init__(self, pool: Pool, log_id: str, emission: Emission = AS_DECLARED) -> None:
        self.log_id = log_id
        self._pool = pool
        self._emission = emission

    async def append(self, append: Append) -> Sequence[RecordedEvent]:
        [answer] = await self.commit([self._entry(append)])
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _entry(self, append: Append) -> Entry:
        return Entry.of(append, self.log_id, emission=self._emission)

    async def commit(self, entries: Sequence[Entry]) -> Sequence[Answer]:
        """Writes `entries`, which differ in stream and command id, in one transaction: rows or an error for each."""
        try:
            return await self._write(entries)
        except DRIVER_ERRORS as error:
            if is_transient(error):
                return [_unavailable(error) for _ in entries]
            if len(entries) == 1:
                return [_refused(error)]
        # One of them brought it about: alone, each gets its own answer and the others are written.
        return [answer for entry in entries for answer in await self.commit([entry])]

    async def _write(self, entries: Sequence[Entry]) -> Sequence[Answer]:
        # After a lost connection nobody knows whether COMMIT was done. Writing the same entries again asks under the
        # log's lock, which the lost transaction holds until it is over: their ids are there for good, or never.
        attempts = stamina.retry_context(
            on=is_transient, attempts=5, timeout=10, wait_initial=0.05, wait_max=1, wait_jitter=0.1
        )
        async for attempt in attempts:
            with attempt:
                async with self._pool.acquire(timeout=10) as connection:
                    return await write(connection, self.log_id, entries)
        raise AssertionError("stamina returns or raises")

    async def read(self, *, after: int, limit: int = 1000) -> Sequence[RecordedEvent]:
        return await self._rows(QUERIES.read(self._pool, after=after, limit=limit))

    async def read_stream(self, stream: str, *, after_version: int = 0) -> Sequence[RecordedEvent]:
        return await self._rows(QUERIES.read_stream(self._pool, stream=stream, after_version=after_version))

    async def find_command(self, command_id: UUID) -> Sequence[RecordedEvent]:
        return await self._rows(QUERIES.find_command(self._pool, command_id=command_id))

    async def head(self) -> int:
        with _translated():
            position: int = await QUERIES.head(self._pool)
        return position

    async def seal(self) -> datetime:
        with _translated():
            async with self._pool.acquire() as connection, connection.transaction(isolation="read_committed"):
                await QUERIES.lock_log(connection)
                time: datetime = await QUERIES.seal(connection)
        return time

    async def restore(self, rows: Sequence[RecordedEvent]) -> None:
        async with self._pool.acquire() as connection, connection.transaction(isolation="read_committed"):
            await QUERIES.lock_log(connection)
            check_restorable(self.log_id, await QUERIES.head(connection), rows)
            if rows:
                positions = [row.position for row in rows]
                times = [row.recorded_at for row in rows]
                await QUERIES.restore_events(connection, positions=positions, times=times, **columns(rows))
                await QUERIES.continue_after(connection, position=positions[-1])

    async def _rows(self, found: AsyncIterator[Any]) -> Sequence[RecordedEvent]:
        with _translated():
            return [recorded(self.log_id, row) async for row in found]


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except DRIVER_ERRORS as error:
        if is_transient(error):
            raise _unavailable(error) from error
        raise


def _unavailable(error: Exception) -> LogUnavailable:
    unavailable = LogUnavailable("Cơ sở dữ liệu chưa trả lời: hãy gửi lại yêu cầu với cùng Idempotency-Key.")
    unavailable.__cause__ = error
    return unavailable


def _refused(error: Exception) -> Exception:
    """What a caller can do about a driver's error. Its text is left out: it quotes the value, which may be personal."""
    if not isinstance(error, _DATA_ERRORS):
        return error
    what = getattr(error, "constraint_name", None) or type(error).__name__
    return AppendRefused(f"Không lưu được nội dung này ({what}): hãy kiểm tra các mã định danh và văn bản.")
