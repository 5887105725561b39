"""One place where inputs come in, and how many of them are tried there."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy


@dataclass
class Target:
    """`check` gets one of `inputs` and raises if what came of it is not allowed. `tried` counts, shrinking included.

    `share`: how many of a round's inputs are its own; cheap ones have more.

    Where an input changes what the next one meets, `forgets` is False: a failure cannot be made smaller.
    """

    name: str
    inputs: SearchStrategy[Any]
    check: Callable[[Any], None]
    share: int
    forgets: bool = True
    tried: int = field(default=0, init=False)

    def explore(self, inputs: int, begin: int | None = None) -> None:
        """Tries so many inputs: always the same, or those of the seed `begin`. Raises with the smallest failure."""
        trying = given(self.inputs)(self._count_and_check)
        if begin is not None:
            trying = seed(begin)(trying)
        settings(
            max_examples=inputs,
            derandomize=begin is None,
            database=None,
            deadline=None,
            phases=(Phase.generate, Phase.shrink) if self.forgets else (Phase.generate,),
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        )(trying)()

    def _count_and_check(self, value: Any) -> None:
        self.tried += 1
        self.check(value)
