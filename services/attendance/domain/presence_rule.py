"""How presence is counted below a committee: whether both roll calls are needed to count as fully attended.

No regulation says how to count "present at start, gone at end", so it is a dated setting with a source.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import assert_never
from uuid import UUID

from services.attendance.domain import errors
from shared.contracts.attendance import PresenceRuleDecided, PresenceRuleWithdrawn
from shared.contracts.event import Event
from shared.decider import Decider


@dataclass(frozen=True, slots=True)
class DecidePresenceRule:
    unit_id: UUID
    both_calls_needed: bool
    valid_from: date
    source: str


@dataclass(frozen=True, slots=True)
class WithdrawPresenceRule:
    """All that was decided to hold from `valid_from` was recorded in error; what shall hold is decided again."""

    unit_id: UUID
    valid_from: date
    reason: str


PresenceRuleCommand = DecidePresenceRule | WithdrawPresenceRule


@dataclass(frozen=True, slots=True)
class PresenceRules:
    """`decided`: by the day from which it holds, what was decided last; None where that was withdrawn."""

    decided: Mapping[date, PresenceRuleDecided | None] = field(default_factory=dict)


def decide(command: PresenceRuleCommand, state: PresenceRules) -> Sequence[Event]:
    match command:
        case DecidePresenceRule():
            return decide_rule(command, state)
        case WithdrawPresenceRule():
            return withdraw_rule(command, state)
        case _:
            assert_never(command)


def decide_rule(command: DecidePresenceRule, state: PresenceRules) -> Sequence[Event]:
    rule = PresenceRuleDecided(
        unit_id=command.unit_id,
        both_calls_needed=command.both_calls_needed,
        valid_from=command.valid_from,
        source=command.source,
    )
    return [] if state.decided.get(rule.valid_from) == rule else [rule]


def withdraw_rule(command: WithdrawPresenceRule, state: PresenceRules) -> Sequence[Event]:
    day = command.valid_from
    if day not in state.decided:
        raise errors.PresenceRuleUnknown(f"Không có quy định tính có mặt nào áp dụng từ ngày {day:%d/%m/%Y}.")
    if state.decided[day] is None:
        return []
    return [PresenceRuleWithdrawn(unit_id=command.unit_id, valid_from=day, reason=command.reason)]


def evolve(state: PresenceRules, event: Event) -> PresenceRules:
    match event:
        case PresenceRuleDecided():
            return PresenceRules({**state.decided, event.valid_from: event})
        case PresenceRuleWithdrawn():
            return PresenceRules({**state.decided, event.valid_from: None})
        case _:
            return state


DECIDER = Decider(initial=PresenceRules(), decide=decide, evolve=evolve)
