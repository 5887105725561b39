"""`python -m tests.simulation --minutes 5`: runs of fresh seeds; `--seed 17` replays one. Exit status 1: one failed."""

import argparse
import logging
import secrets
import sys
import time

import structlog

from tests.simulation.run import STEPS, SimulationFailed, simulate


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--steps", type=int, default=STEPS, help="steps with faults in each run")
    parser.add_argument("--seed", type=int, help="replay this run alone")
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    if arguments.seed is not None:
        return _replay(arguments.seed, arguments.steps)
    return _explore(time.monotonic() + arguments.minutes * 60, arguments.steps)


def _replay(seed: int, steps: int) -> int:
    try:
        summary = simulate(seed, steps=steps)
    except SimulationFailed as failure:
        print(failure)
        return 1
    print(f"seed {seed}: {summary.events} events in {summary.steps} steps, trace {summary.digest}")
    return 0


def _explore(until: float, steps: int) -> int:
    first = secrets.randbelow(10**9)
    print(f"seeds from {first} on, {steps} steps with faults each", flush=True)
    runs = events = 0
    while runs == 0 or time.monotonic() < until:
        try:
            events += simulate(first + runs, steps=steps).events
        except SimulationFailed as failure:
            print(f"FAILED, replay with --seed {first + runs} --steps {steps}\n{failure}")
            return 1
        runs += 1
    print(f"{runs} runs, {events} events: nothing lost, doubled or out of order")
    return 0


if __name__ == "__main__":
    sys.exit(main())
