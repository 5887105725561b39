"""One run: chance with faults for a while, then faults end and everything has to become right by itself."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

from shared.failpoints import hook
from shared.messaging import relay
from tests.simulation.invariants import (
    Broken,
    RelayWatch,
    check_consumers,
    check_end,
    check_figures,
    check_reactions,
)
from tests.simulation.schedule import Crashed, Schedule
from tests.simulation.world import LOGS, World

STEPS = 1000
RELAY: dict[str, Any] = {"BATCH_EVENTS": 5, "LINGER_SECONDS": 0}  # while there are faults
# Turns of every process within which all has to be right once faults have ended. A consumer that is at the beginning
# takes the events one by one if it cannot take them together: each is read, applied and committed.
ROUNDS, ROUNDS_PER_EVENT = 250, 3
CHECK_CONSUMERS_EVERY, CHECK_FIGURES_EVERY = 4, 20


@dataclass(frozen=True)
class Plan:
    """Which steps of a seed's run happen. `calm`: those in which nothing fails by chance."""

    seed: int
    steps: tuple[int, ...]
    calm: frozenset[int] = frozenset()

    @classmethod
    def of(cls, seed: int, steps: int = STEPS) -> "Plan":
        return cls(seed, tuple(range(1, steps + 1)))


@dataclass(frozen=True)
class Summary:
    """`digest` of the whole trace: equal for equal plans. `count`: what happened, how often; failpoints by name."""

    seed: int
    steps: int
    events: int
    digest: str
    count: Counter[str]


class SimulationFailed(AssertionError):
    """`rule` does not hold after `plan`; `trace` says who did what."""

    def __init__(self, plan: Plan, rule: str, text: str, trace: Sequence[str]) -> None:
        super().__init__(f"seed {plan.seed}: {text}")
        self.plan = plan
        self.rule = rule
        self.trace = tuple(trace)


def simulate(plan: Plan) -> Summary:
    """Raises `SimulationFailed`, whose plan ends with the step at which it failed."""
    return asyncio.run(_Run(plan).run())


class _Run:
    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._schedule = Schedule(plan.seed)
        self._world = World(self._schedule)
        self._watches = [RelayWatch(self._world.services[name]) for name in LOGS]
        self._tasks: list[asyncio.Task[None]] = []
        self._done = self._checks = 0

    async def run(self) -> Summary:
        unhook, settings = hook(self._at_failpoint), patch.multiple(relay, **RELAY)
        settings.start()
        try:
            await self._start()
            for step in self._plan.steps:
                await self._happen(step)
                await self._check()
                self._done += 1
            await self._become_right()
        except Exception as error:
            rule = error.rule if isinstance(error, Broken) else repr(error)[:60]
            done = replace(self._plan, steps=self._plan.steps[: self._done + 1])
            raise SimulationFailed(done, rule, str(error) or repr(error), self._schedule.trace) from error
        finally:
            unhook()
            settings.stop()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
        trace = "\n".join(self._schedule.trace)
        digest = hashlib.sha256(trace.encode()).hexdigest()
        return Summary(self._plan.seed, len(self._plan.steps), await self._events(), digest, self._schedule.count)

    async def _events(self) -> int:
        return sum([len(await self._world.services[name].rows()) for name in LOGS])

    async def _start(self) -> None:
        await self._world.users.begin()
        processes = self._world.processes()
        self._schedule.register([*processes])
        for name, process in processes.items():
            self._tasks.append(asyncio.create_task(process, name=name))
        await self._schedule.settle()

    async def _happen(self, step: int) -> None:
        """One step of somebody, or something from outside; weights in thousandths."""
        world, schedule = self._world, self._schedule
        schedule.begin(str(step), calm=step in self._plan.calm)
        service = schedule.random.choice([*world.services.values()])
        outside: list[tuple[int, Callable[[], Awaitable[object]]]] = [
            (70, world.write),
            (20, schedule.crash),
            (8, world.lose_session),
            (10, world.pause),
            (12, world.wake),
            (5, world.rebalance),
            (20, world.deliver),
            (30, world.tell_progress),
            (8, service.back_up),
            (3, world.restore),
            (2, service.recreate_topic),
            (5, service.cut_topic),
            (15, world.mend),
        ]
        weights = [weight for weight, _ in outside]
        [happen] = schedule.random.choices(
            [schedule.go_on, *(what for _, what in outside)], [1000 - sum(weights), *weights]
        )
        await happen()
        self._end_on_a_broken_actor()

    def _at_failpoint(self, name: str) -> None:
        self._schedule.count[f"failpoint {name}"] += self._schedule.faults
        if self._schedule.happens(0.02):
            task = asyncio.current_task()
            actor = task.get_name() if task else "somebody"
            self._schedule.note(f"{actor} is killed at {name}", f"killed at {name}")
            raise Crashed

    async def _check(self) -> None:
        """Cheap laws after every step, the others after some."""
        self._checks += 1
        for watch in self._watches:
            await watch.check()
        if self._checks % CHECK_CONSUMERS_EVERY == 0:
            await check_consumers(self._world)
        if self._checks % CHECK_FIGURES_EVERY == 0:
            await check_reactions(self._world)
            await check_figures(self._world)

    async def _become_right(self) -> None:
        self._schedule.begin("end")
        relay.BATCH_EVENTS = 1000
        await self._world.calm_down()
        for turn in range(ROUNDS + ROUNDS_PER_EVENT * await self._events()):
            await self._schedule.all_go_on()
            self._end_on_a_broken_actor()
            await self._check()
            if turn % 10 == 9:
                await self._world.mend()
                await self._world.tell_progress()
                if await self._is_right():
                    return
        await check_end(self._world)

    async def _is_right(self) -> bool:
        try:
            await check_end(self._world)
        except Broken:
            return False
        return True

    def _end_on_a_broken_actor(self) -> None:
        for task in self._tasks:
            if task.done():
                task.result()
                raise AssertionError(f"{task.get_name()} ended")
