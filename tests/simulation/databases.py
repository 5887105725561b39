"""A service's database as one process sees it: each call can be the last one, each answer can be lost."""

import asyncio
import copy
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.contracts.envelope import RecordedEvent
from shared.decider import DomainError
from shared.eventstore import Append, MemoryLog
from shared.eventstore.log import LogUnavailable
from shared.messaging.memory_relay_store import MemoryRelayStore
from shared.messaging.memory_store import MemoryStore
from shared.messaging.relay_store import Checkpoint, Leadership, SessionLost
from shared.messaging.store import StoreTransaction
from tests.simulation.schedule import Crashed, Schedule, SessionEnded


class ServiceLog(MemoryLog):
    """`in_flight`: appends whose process has given up on them, or ended; each may still be carried out."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.in_flight: list[Append] = []

    async def carry_out(self, append: Append) -> bool:
        """Too late, the database refuses it: its command is recorded, or its stream went on."""
        with suppress(DomainError):
            await self.append(append)
            return True
        return False


class GatedLog(MemoryLog):
    """The log for one process. `log` gives the one that the service has now: a restore puts another in its place."""

    def __init__(self, actor: str, schedule: Schedule, log: Callable[[], ServiceLog]) -> None:
        super().__init__(log().log_id)
        self._actor = actor
        self._schedule = schedule
        self._log = log

    async def read(self, *, after: int, limit: int = 1000) -> Sequence[RecordedEvent]:
        task = asyncio.current_task()
        # A relay that reads ahead does so beside its next deed, at once: what it read is as old as can be.
        if task is None or task.get_name() == self._actor:
            await self._schedule.gate(self._actor, f"reads the log after {after}")
        return await self._log().read(after=after, limit=limit)

    async def head(self) -> int:
        return await self._log().head()

    async def seal(self) -> datetime:
        return await self._log().seal()

    async def read_stream(self, stream: str, *, after_version: int = 0) -> Sequence[RecordedEvent]:
        return await self._log().read_stream(stream, after_version=after_version)

    async def find_command(self, command_id: UUID) -> Sequence[RecordedEvent]:
        return await self._log().find_command(command_id)

    async def append(self, append: Append) -> Sequence[RecordedEvent]:
        names = ", ".join(type(event).__name__ for event in append.events)
        try:
            await self._schedule.gate(self._actor, f"appends {names} to {append.stream}")
        except (Crashed, SessionEnded):
            if self._schedule.random.random() < 0.5:
                self._log().in_flight.append(append)
            raise
        rows = await self._log().append(append)
        if self._schedule.happens(0.05):
            self._schedule.note(f"{self._actor} gets no answer: it is appended", "append without an answer")
            raise LogUnavailable("the answer to COMMIT was lost")
        return rows


class ServiceStore(MemoryStore):
    """A service's tables of consumers. `image()` and `restore()`: what a backup takes and brings back."""

    @property
    def in_transaction(self) -> bool:
        return self._turn.locked()

    def image(self) -> dict[str, Any]:
        return copy.deepcopy({"tables": vars(self._tables), "progress": self._progress})

    def restore(self, image: dict[str, Any]) -> None:
        again = copy.deepcopy(image)
        vars(self._tables).update(again["tables"])
        self._progress.clear()
        self._progress.update(again["progress"])


class GatedStore(MemoryStore):
    """The tables for one process."""

    def __init__(self, actor: str, schedule: Schedule, shared: ServiceStore) -> None:
        vars(self).update(vars(shared))
        self._actor = actor
        self._schedule = schedule

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[StoreTransaction]:
        await self._schedule.gate(self._actor, "begins a transaction")
        async with super().transaction() as tx:
            yield tx
        if self._schedule.happens(0.02):
            self._schedule.note(f"{self._actor} gets no answer: it is committed", "commit without an answer")
            raise SessionEnded("the answer to COMMIT was lost")


class GatedRelayStore:
    """The relay's tables for one process."""

    def __init__(self, actor: str, schedule: Schedule, store: MemoryRelayStore) -> None:
        self._actor = actor
        self._schedule = schedule
        self._store = store

    @asynccontextmanager
    async def lead(self) -> AsyncIterator[Leadership | None]:
        await self._schedule.gate(self._actor, "asks to lead")
        async with self._store.lead() as leadership:
            yield GatedLeadership(self._actor, self._schedule, self._store, leadership) if leadership else None

    async def reset(self) -> None:
        await self._store.reset()


class GatedLeadership:
    """A leadership that may end without the leader's noticing, until its next call to the database."""

    def __init__(self, actor: str, schedule: Schedule, store: MemoryRelayStore, leadership: Leadership) -> None:
        self._actor = actor
        self._schedule = schedule
        self._store = store
        self._leadership = leadership
        self.epoch = leadership.epoch

    async def checkpoint(self) -> Checkpoint:
        await self._schedule.gate(self._actor, f"leads with epoch {self.epoch}")
        return await self._leadership.checkpoint()

    async def advance(self, checkpoint: Checkpoint) -> None:
        await self._schedule.gate(self._actor, f"moves the checkpoint to {checkpoint.position}")
        await self._leadership.advance(checkpoint)
        if self._store.epoch != self.epoch:
            raise AssertionError(f"the checkpoint was moved by an epoch that is over, {self.epoch}")
        if self._schedule.happens(0.02):
            raise SessionLost("the answer to the commit was lost")

    async def wait(self, seconds: float) -> None:  # noqa: ARG002 - time passes as the schedule says
        await self._schedule.gate(self._actor, "has nothing to send")
        if self._store.locked_by != self.epoch and (self._schedule.happens(0.5) or not self._schedule.faults):
            raise SessionLost("the session has ended")
