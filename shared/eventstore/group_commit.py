"""Group commit: appends that arrive while one transaction is being written share the next ones.

The log's lock makes appends serial; sharing it, and the disk's flush at COMMIT, is what pays for it.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import structlog

from shared.contracts.emission import AS_DECLARED, Emission
from shared.contracts.envelope import RecordedEvent
from shared.database.pool import Pool
from shared.eventstore.entry import Entry
from shared.eventstore.log import Append
from shared.eventstore.postgres import DRIVER_ERRORS, PostgresLog
from shared.eventstore.statements import QUERIES
from shared.observability.tracing import step_span

MAX_EVENTS = 2000
# So many appends go out at once, or half of those that wait if that is more: while one half is written, the other gets
# ready, whose callers would otherwise all come back at the same moment.
ALL_AT_ONCE = 32

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Waiting:
    entry: Entry
    answer: asyncio.Future[Sequence[RecordedEvent]]


class GroupCommitLog(PostgresLog):
    """A log whose appends share transactions. `start` it before the first append; `stop` writes what still waits."""

    def __init__(self, pool: Pool, log_id: str, emission: Emission = AS_DECLARED) -> None:
        super().__init__(pool, log_id, emission)
        self._waiting: list[_Waiting] = []
        self._arrived = asyncio.Event()
        self._committed = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False

    async def start(self) -> None:
        self._stopping = False
        self._tasks = [asyncio.create_task(self._write_groups()), asyncio.create_task(self._notify())]

    async def stop(self) -> None:
        self._stopping = True
        self._arrived.set()
        self._committed.set()
        await asyncio.gather(*self._tasks)
        self._tasks = []

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def append(self, append: Append) -> Sequence[RecordedEvent]:
        if self._stopping or not self._tasks:
            raise RuntimeError("the log takes no appends before start() or after stop()")
        waiting = _Waiting(self._entry(append), asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._arrived.set()
        with step_span(f"{self.log_id}.append"):
            return await waiting.answer

    async def _write_groups(self) -> None:
        while not self._stopping:
            await self._arrived.wait()
            self._arrived.clear()
            while group := self._next_group():
                await self._write_group(group)

    def _next_group(self) -> list[_Waiting]:
        """What goes out together, in order of arrival. A second append to a stream, or of a command, waits a turn.

        Who no longer waits for the answer (the client hung up) is dropped before anything is written.
        """
        group: list[_Waiting] = []
        later: list[_Waiting] = []
        seen: set[object] = set()
        most = max(ALL_AT_ONCE, len(self._waiting) // 2)
        events = 0
        for waiting in self._waiting:
            append = waiting.entry.append
            if waiting.answer.done():
                continue
            events += len(append.events)
            full = len(group) == most or (group and events > MAX_EVENTS)
            if full or {append.stream, append.command_id} & seen:
                later.append(waiting)
            else:
                group.append(waiting)
            seen |= {append.stream, append.command_id}
        self._waiting = later
        return group

    async def _write_group(self, group: Sequence[_Waiting]) -> None:
        try:
            answers = await self.commit([waiting.entry for waiting in group])
        except Exception as error:  # noqa: BLE001 - a defect; every caller gets it, and the log goes on
            answers = [error] * len(group)
        self._committed.set()
        for waiting, answer in zip(group, answers, strict=True):
            if waiting.answer.done():
                continue
            if isinstance(answer, Exception):
                waiting.answer.set_exception(answer)
            else:
                waiting.answer.set_result(answer)

    async def _notify(self) -> None:
        # On a connection of its own and outside any transaction; commits during one NOTIFY share the next.
        while not self._stopping:
            await self._committed.wait()
            self._committed.clear()
            try:
                await QUERIES.notify(self._pool)
            except DRIVER_ERRORS as error:
                logger.warning("notify_failed", error=repr(error), effect="the relay polls")
