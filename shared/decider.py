"""The shape of every aggregate: pure functions from state and command to events, and from events to state."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Generic, TypeVar

from shared.contracts.event import Event

C = TypeVar("C")
S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Decider(Generic[C, S]):
    """`decide` returns what happened (nothing to do: `[]`) or raises a `DomainError`; no clock, no ids, no I/O."""

    initial: S
    decide: Callable[[C, S], Sequence[Event]]
    evolve: Callable[[S, Event], S]

    def fold(self, events: Iterable[Event], state: S | None = None) -> S:
        """The state after `events`, from `state` or from the beginning."""
        return reduce(self.evolve, events, self.initial if state is None else state)


def together(decider: Decider[C, S]) -> Decider[Sequence[C], S]:
    """Several commands as one decision: each sees what the ones before it did; all happen, or none."""

    def decide(commands: Sequence[C], state: S) -> Sequence[Event]:
        happened: list[Event] = []
        for command in commands:
            events = decider.decide(command, state)
            state = decider.fold(events, state)
            happened.extend(events)
        return happened

    return Decider(initial=decider.initial, decide=decide, evolve=decider.evolve)


class DomainError(Exception):
    """A rule of the domain was broken. `problem` is a stable type for clients; the text says what to do.

    `status` is the HTTP answer that `shared.web` gives: 404 not known, 409 state forbids it, 422 input is wrong.
    """

    problem = "rule-broken"
    status = 409


class NotYetLearned(DomainError):
    """The command names something that this service may learn any moment: repeat it after `retry_after` seconds."""

    problem = "not-yet-learned"
    status = 409
    retry_after = 2
