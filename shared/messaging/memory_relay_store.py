"""A relay's store in memory: the double that passes the same conformance suite as PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.messaging.relay_store import Checkpoint, Fenced, Leadership


class MemoryRelayStore:
    """`free_lock()` is what a server does when a leader's session ends and the leader does not notice."""

    def __init__(self) -> None:
        self.epoch = 0
        self.checkpoint = Checkpoint()
        self.locked_by = 0

    @asynccontextmanager
    async def lead(self) -> AsyncIterator[Leadership | None]:
        if self.locked_by:
            yield None
            return
        self.epoch += 1
        mine = self.locked_by = self.epoch
        try:
            yield _Leading(self, mine)
        finally:
            if self.locked_by == mine:
                self.locked_by = 0

    async def reset(self) -> None:
        self.epoch += 1
        self.checkpoint = Checkpoint()

    def free_lock(self) -> None:
        self.locked_by = 0


class _Leading:
    def __init__(self, store: MemoryRelayStore, epoch: int) -> None:
        self._store = store
        self.epoch = epoch

    async def checkpoint(self) -> Checkpoint:
        return self._store.checkpoint

    async def advance(self, checkpoint: Checkpoint) -> None:
        self._check()
        self._store.checkpoint = checkpoint

    async def wait(self, seconds: float) -> None:
        await asyncio.sleep(0 if seconds < 1 else seconds)
        self._check()

    def _check(self) -> None:
        if self._store.epoch != self.epoch:
            raise Fenced(f"epoch {self.epoch} is over, {self._store.epoch} has begun")
