"""Who goes on next: every process stops at every gate, and a seeded generator picks one. Same plan, same run."""

import asyncio
from collections import Counter
from random import Random

IN_A_TRANSACTION = ("applies", "appends", "is done")
IN_THE_MIDDLE = (*IN_A_TRANSACTION, "sends", "moves")
IDLE = ("asks to lead", "has nothing to send", "looks for parked keys")


class Crashed(BaseException):
    """A process ends here. No product code may catch it."""


class SessionEnded(OSError):
    """The database ended the session of a process that stood still inside a transaction."""


class Schedule:
    """`trace` says line by line who did what; `count` how often what happened.

    Each step has a generator of its own, made of seed and step number: leaving one step out changes no choice of the
    others, so that a failing run can be shrunk.
    """

    def __init__(self, seed: int) -> None:
        self.trace: list[str] = []
        self.count: Counter[str] = Counter()
        self.faults = True
        self.random = Random(f"{seed}/start")
        self._seed = seed
        self._step = "start"
        self._calm = False
        self._waiting: dict[str, tuple[str, asyncio.Future[None]]] = {}
        self._paused: set[str] = set()
        self._actors: list[str] = []

    def register(self, actors: list[str]) -> None:
        self._actors = sorted(actors)

    @property
    def paused(self) -> list[str]:
        return sorted(self._paused)

    def begin(self, step: str, *, calm: bool = False) -> None:
        """All chance up to the next call follows from the seed and this step's name. `calm`: no small fault happens."""
        self._step = step
        self._calm = calm
        self.random = Random(f"{self._seed}/{step}")

    async def gate(self, actor: str, deed: str) -> None:
        """Waits for this actor's turn to do `deed`; raises `Crashed` if its process ends instead."""
        future = asyncio.get_running_loop().create_future()
        self._waiting[actor] = (deed, future)
        await future

    def happens(self, share: float) -> bool:
        """True in `share` of the cases, never once the faults are over."""
        return self.random.random() < share and self.faults and not self._calm

    def note(self, line: str, count: str | None = None) -> None:
        """A line of the trace, perhaps counted as one case of `count`."""
        self.trace.append(f"[{self._step}] {line}")
        if count and self.faults:
            self.count[count] += 1

    async def go_on(self) -> None:
        """Lets some actor go on to its next gate: mostly one that has something to do."""
        first, anybody = self.random.randrange(len(self._actors)), self.random.random() < 0.2
        able = [name for name in self._actors[first:] + self._actors[:first] if self._is_able(name)]
        busy = [name for name in able if anybody or not self._waiting[name][0].startswith(IDLE)]
        if able:
            await self._turn((busy or able)[0], None)

    async def all_go_on(self) -> None:
        for name in self._actors:
            if self._is_able(name):
                await self._turn(name, None)

    def _is_able(self, actor: str) -> bool:
        """Who waits for a lock, or is paused, is not."""
        return actor in self._waiting and actor not in self._paused

    def pick(self) -> str:
        """Any actor; in half of the cases one that is in the middle of something, if there is one."""
        busy = [actor for actor in self._actors if (self.where(actor) or "").startswith(IN_THE_MIDDLE)]
        return self.random.choice(busy if busy and self.random.random() < 0.5 else self._actors)

    async def crash(self) -> None:
        """Ends a process where it stands."""
        name = self.pick()
        if name in self._waiting:
            self.count["process killed"] += 1
            await self._turn(name, Crashed())

    async def crash_all(self, prefix: str) -> None:
        """Each once, also those that wait for a lock until another one of them lets go."""
        running = [actor for actor in self._actors if actor.startswith(prefix)]
        while running:
            for actor in [actor for actor in running if actor in self._waiting]:
                await self._turn(actor, Crashed())
                running.remove(actor)

    async def pause(self, actor: str, *, in_transaction: bool) -> None:
        """The process stands still, alive; a database does not wait for it inside a transaction."""
        self._paused.add(actor)
        self.note(f"{actor} stands still", "process frozen")
        if in_transaction and actor in self._waiting:
            self.count["zombie in the middle of a batch"] += 1
            await self._turn(actor, SessionEnded("the session was ended by the server"))

    def wake(self, actor: str) -> None:
        self._paused.discard(actor)
        self.note(f"{actor} wakes up", "process woken")

    def where(self, actor: str) -> str | None:
        """What the actor stands before, None if it waits for a lock."""
        return self._waiting[actor][0] if actor in self._waiting else None

    async def _turn(self, actor: str, error: BaseException | None) -> None:
        deed, future = self._waiting.pop(actor)
        if error is None:
            self.note(f"{actor} {deed}")
            future.set_result(None)
        else:
            self.note(f"{actor}, about to: {deed}: {'is killed' if isinstance(error, Crashed) else error}")
            future.set_exception(error)
        if isinstance(error, Crashed):
            self._paused.discard(actor)
        await self.settle()

    async def settle(self) -> None:
        """Lets everybody run until they stand at a gate, or wait for somebody who does."""
        for _ in range(25):
            await asyncio.sleep(0)
            if len(self._waiting) == len(self._actors):
                return
