"""One run: chance with faults for a while, then faults end and everything has to become right by itself."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from shared.failpoints import hook
from tests.simulation.actors import run_consumer, run_operator, run_relay
from tests.simulation.invariants import TopicWatch, check_consumer, check_end
from tests.simulation.schedule import Crashed, Schedule
from tests.simulation.world import World

RELAYS = ("relay-1", "relay-2")
CONSUMERS = ("consumer-1", "consumer-2")
STEPS = 600
SETTLING_STEPS = 3_000
LAST_LINES = 40


class SimulationFailed(AssertionError):
    """An invariant is broken. The text has the seed that replays the run, and the last lines of its trace."""


@dataclass(frozen=True)
class Summary:
    """`digest` of the whole trace: equal for equal seeds."""

    seed: int
    events: int
    steps: int
    digest: str


def simulate(seed: int, *, steps: int = STEPS) -> Summary:
    """Raises `SimulationFailed`."""
    return asyncio.run(_Run(seed).run(steps))


class _Run:
    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._schedule = Schedule(seed)
        self._world = World(self._schedule)
        self._watch = TopicWatch(self._world.broker)
        self._tasks: list[asyncio.Task[None]] = []

    async def run(self, steps: int) -> Summary:
        unhook = hook(self._at_failpoint)
        try:
            await self._start()
            for _ in range(steps):
                await self._happen()
                await self._check()
            await self._become_right()
        except Exception as error:
            lines = "\n".join(self._schedule.trace[-LAST_LINES:])
            raise SimulationFailed(f"seed {self._seed}: {error!r}\n{lines}") from error
        finally:
            unhook()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
        trace = "\n".join(self._schedule.trace)
        events = len(await self._world.rows())
        return Summary(self._seed, events, len(self._schedule.trace), hashlib.sha256(trace.encode()).hexdigest())

    async def _start(self) -> None:
        for name in RELAYS:
            self._tasks.append(asyncio.create_task(run_relay(name, self._world), name=name))
        for name in CONSUMERS:
            self._tasks.append(asyncio.create_task(run_consumer(name, self._world), name=name))
        self._tasks.append(asyncio.create_task(run_operator("operator", self._world), name="operator"))
        await self._schedule.settle()

    async def _happen(self) -> None:
        """One step of somebody, or something from outside; weights in thousandths."""
        world, schedule = self._world, self._schedule
        outside: list[tuple[int, Callable[[], Awaitable[None]]]] = [
            (60, world.write),
            (25, schedule.crash),
            (10, self._lose_session),
            (20, self._deliver),
            (40, world.tell_progress),
            (4, world.back_up),
            (2, world.restore),
            (2, self._recreate_topic),
            (20, self._mend),
        ]
        weights = [weight for weight, _ in outside]
        [happen] = schedule.random.choices(
            [schedule.step, *(what for _, what in outside)], [1000 - sum(weights), *weights]
        )
        await happen()
        self._end_on_a_broken_actor()

    async def _lose_session(self) -> None:
        """The server frees the leader's lock; the leader learns of it at its next call, or never."""
        self._world.relays.free_lock()
        self._schedule.note("the leader's lock is free")

    async def _deliver(self) -> None:
        self._world.deliver()

    async def _recreate_topic(self) -> None:
        if self._world.recreate_topic():
            self._watch.forget(torn=True)

    async def _mend(self) -> None:
        if self._world.refusal:
            await self._world.mend()
            self._watch.forget(torn=False)

    def _at_failpoint(self, name: str) -> None:
        if self._schedule.happens(0.02):
            self._schedule.note(f"ends at {name}")
            raise Crashed

    async def _check(self) -> None:
        self._watch.check()
        await check_consumer(self._world)

    async def _become_right(self) -> None:
        self._schedule.faults = False
        self._schedule.note("no more faults")
        self._world.bad.clear()
        await self._world.bring_what_is_needed()
        for step in range(SETTLING_STEPS):
            await self._schedule.step()
            self._end_on_a_broken_actor()
            if step % 50 == 0:
                await self._mend()
                await self._world.tell_progress()
                await self._check()
                if await self._is_right():
                    break
        await check_end(self._world)

    async def _is_right(self) -> bool:
        try:
            await check_end(self._world)
        except AssertionError:
            return False
        return True

    def _end_on_a_broken_actor(self) -> None:
        for task in self._tasks:
            if task.done():
                task.result()
                raise AssertionError(f"{task.get_name()} ended")
