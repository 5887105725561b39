"""How presence is counted below a committee: whether both roll calls are needed to count as fully attended.

No regulation says how to count "present at start, gone at end" (RULES 4), so it is a dated setting with a source.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from shared.contracts.attendance import PresenceRuleDecided
from shared.contracts.event import Event
from shared.decider import Decider


@dataclass(frozen=True, slots=True)
class DecidePresenceRule:
    unit_id: UUID
    both_calls_needed: bool
    valid_from: date
    source: str


@dataclass(frozen=True, slots=True)
class PresenceRules:
    decided: tuple[PresenceRuleDecided, ...] = ()


def decide(command: DecidePresenceRule, state: PresenceRules) -> Sequence[Event]:
    rule = PresenceRuleDecided(
        unit_id=command.unit_id,
        both_calls_needed=command.both_calls_needed,
        valid_from=command.valid_from,
        source=command.source,
    )
    same_day = [known for known in state.decided if known.valid_from == rule.valid_from]
    return [] if same_day[-1:] == [rule] else [rule]


def evolve(state: PresenceRules, event: Event) -> PresenceRules:
    return PresenceRules((*state.decided, event)) if isinstance(event, PresenceRuleDecided) else state


DECIDER = Decider(initial=PresenceRules(), decide=decide, evolve=evolve)
