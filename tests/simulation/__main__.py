"""`python -m tests.simulation --minutes 5`: runs of fresh seeds; `--seed 17` or `--plan` replays one.

Exit status 1: one failed. It is shrunk and told; its seed then belongs into `seeds.csv`.
"""

import argparse
import logging
import secrets
import sys
import time
from collections import Counter

import structlog

from tests.simulation.run import STEPS, Plan, SimulationFailed, Summary, simulate
from tests.simulation.shrink import read, shrink, story

SAY_EVERY = 5.0  # seconds


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--steps", type=int, default=STEPS, help="steps with faults in each run")
    parser.add_argument("--seed", type=int, help="replay this run alone")
    parser.add_argument("--plan", type=read, help="replay a shrunk run, as its story gives it")
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    if arguments.plan or arguments.seed is not None:
        return _replay(arguments.plan or Plan.of(arguments.seed, arguments.steps), tell=bool(arguments.plan))
    return _explore(arguments.minutes * 60, arguments.steps)


def _replay(plan: Plan, *, tell: bool) -> int:
    try:
        summary = simulate(plan)
    except SimulationFailed as failed:
        return _fail(failed, told=tell)
    print(f"seed {plan.seed}: {summary.events} events in {summary.steps} steps, all held; trace {summary.digest}")
    return 0


def _fail(failed: SimulationFailed, *, told: bool) -> int:
    """A plan was shrunk before."""
    if not told:
        print(f"\nFAILED after {len(failed.plan.steps)} steps: {failed}\nshrinking ...", flush=True)
    print(story(failed if told else shrink(failed)))
    return 1


def _explore(seconds: float, steps: int) -> int:
    first, progress = secrets.randbelow(10**9), _Progress(seconds)
    print(f"seeds from {first} on, {steps} steps with faults each", flush=True)
    while not progress.runs or progress.left > 0:
        try:
            progress.add(simulate(Plan.of(first + progress.runs, steps)))
        except SimulationFailed as failed:
            return _fail(failed, told=False)
    progress.say()
    for what, count in sorted(progress.count.items()):
        print(f"{count:9,} {what}")
    print("nothing lost, doubled or out of order; watermarks, reactions, rosters and figures right")
    return 0


class _Progress:
    """What was done so far, said every few seconds."""

    def __init__(self, seconds: float) -> None:
        self._begun = self._said = time.monotonic()
        self._seconds = seconds
        self._steps = self._events = self.runs = 0
        self.count: Counter[str] = Counter()

    @property
    def left(self) -> float:
        return self._begun + self._seconds - time.monotonic()

    def add(self, summary: Summary) -> None:
        self.runs += 1
        self._steps += summary.steps
        self._events += summary.events
        self.count += summary.count
        if time.monotonic() - self._said >= SAY_EVERY:
            self.say()

    def say(self) -> None:
        self._said = time.monotonic()
        rate = self._steps / (self._said - self._begun)
        print(
            f"{self.runs} runs, {self._steps:,} steps, {self._events:,} events, {rate:,.0f} steps/s, "
            f"{max(0, self.left):.0f} s left",
            flush=True,
        )


if __name__ == "__main__":
    sys.exit(main())
