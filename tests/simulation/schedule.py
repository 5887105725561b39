"""Who goes on next: every actor stops at every gate, and a seeded generator picks one. Same seed, same run."""

import asyncio
from random import Random


class Crashed(BaseException):
    """The process of an actor ends here. No product code may catch it."""


class Schedule:
    """All chance of a run comes from `random`; `trace` says what happened, line by line."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.trace: list[str] = []
        self.faults = True
        self._waiting: dict[str, tuple[str, asyncio.Future[None]]] = {}

    async def gate(self, actor: str, place: str) -> None:
        """Waits for this actor's turn; raises `Crashed` if its process ends instead."""
        future = asyncio.get_running_loop().create_future()
        self._waiting[actor] = (place, future)
        await future

    def happens(self, share: float) -> bool:
        """True in `share` of the cases, never once the faults are over."""
        return self.faults and self.random.random() < share

    def note(self, line: str) -> None:
        self.trace.append(line)

    async def step(self, actor: str | None = None) -> None:
        """Lets one actor go on to its next gate."""
        await self._turn(actor or self.random.choice(sorted(self._waiting)), None)

    async def crash(self) -> None:
        """Ends one actor's process where it stands."""
        await self._turn(self.random.choice(sorted(self._waiting)), Crashed())

    async def crash_all(self, prefix: str) -> None:
        for actor in sorted(actor for actor in self._waiting if actor.startswith(prefix)):
            await self._turn(actor, Crashed())

    @property
    def actors(self) -> list[str]:
        return sorted(self._waiting)

    async def _turn(self, actor: str, error: Crashed | None) -> None:
        place, future = self._waiting.pop(actor)
        self.note(f"{actor} {'crashes at' if error else 'passes'} {place}")
        if error:
            future.set_exception(error)
        else:
            future.set_result(None)
        await self.settle()

    async def settle(self) -> None:
        """Lets everybody run until they stand at a gate, or wait for somebody who does."""
        for _ in range(25):
            await asyncio.sleep(0)
