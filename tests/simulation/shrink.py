"""A failing run made short: steps are left out as long as the same rule is broken, and what is left is told."""

from collections.abc import Sequence
from dataclasses import replace

from tests.simulation.run import Plan, SimulationFailed, simulate
from tests.simulation.schedule import IDLE

TRIES = 500
LAST_LINES = 25
SAYS_NOTHING = (*IDLE, "fetches", "starts to consume", "is started again")


def shrink(failed: SimulationFailed, *, tries: int = TRIES) -> SimulationFailed:
    """The shortest run found that breaks the same rule, within so many runs."""
    search = _Search(failed, tries)
    search.leave_out()
    search.calm_down()
    return search.best


class _Search:
    def __init__(self, failed: SimulationFailed, tries: int) -> None:
        self.best = failed
        self._tries = tries

    def leave_out(self) -> None:
        """Delta debugging: ever smaller parts of the steps, until no single one can be left out."""
        size = len(self.best.plan.steps) // 2
        while size and self._tries > 0:
            if not self._leave_out(size) or size > len(self.best.plan.steps):
                size //= 2

    def calm_down(self) -> None:
        """Small faults inside the steps that are left, all or each."""
        plan = self.best.plan
        if not self._fails(replace(plan, calm=frozenset(plan.steps))):
            for step in plan.steps:
                self._fails(replace(self.best.plan, calm=self.best.plan.calm | {step}))

    def _leave_out(self, size: int) -> bool:
        """One pass from the end, where most is needless; whether anything could be left out."""
        before = len(self.best.plan.steps)
        start = before
        while start > 0:
            start = max(0, start - size)
            steps = self.best.plan.steps
            self._fails(replace(self.best.plan, steps=steps[:start] + steps[start + size :]))
            start = min(start, len(self.best.plan.steps))
        return len(self.best.plan.steps) < before

    def _fails(self, plan: Plan) -> bool:
        if self._tries <= 0:
            return False
        self._tries -= 1
        try:
            simulate(plan)
        except SimulationFailed as failed:
            if failed.rule == self.best.rule:
                self.best = failed
                return True
        return False


def story(failed: SimulationFailed) -> str:
    """Who did what, line by line, what did not hold, and how to see it again."""
    tells = [line for line in failed.trace if not line.endswith(SAYS_NOTHING)]
    steps = [line for line in tells if not line.startswith("[end]")]
    end = tells[len(steps) :]
    told = [line.partition("] ")[2] for line in (*steps, *_cut(end))]
    lines = [f"{n:4}. {line}" for n, line in enumerate(told, start=1)]
    command = f"python -m tests.simulation --plan {written(failed.plan)}"
    return "\n".join((f"{failed}", "", *lines, "", f"again: {command}"))


def _cut(end: Sequence[str]) -> Sequence[str]:
    """How everything should have become right: its beginning says what is repaired, its last lines what does not."""
    if len(end) <= 2 * LAST_LINES:
        return end
    left = len(end) - LAST_LINES - 5
    return [*end[:5], f"[end] ... and so on, {left} lines ...", *end[-LAST_LINES:]]


def written(plan: Plan) -> str:
    """A plan as one word: seed, then the steps that happen, "c" behind those in which no small fault does."""
    return f"{plan.seed}:" + ",".join(f"{step}{'c' if step in plan.calm else ''}" for step in plan.steps)


def read(text: str) -> Plan:
    """What `written` wrote. Raises ValueError."""
    seed, _, steps = text.partition(":")
    parts = [part for part in steps.split(",") if part]
    calm = frozenset(int(part[:-1]) for part in parts if part.endswith("c"))
    return Plan(int(seed), tuple(int(part.rstrip("c")) for part in parts), calm)
