"""How presence is counted is a dated setting."""

from datetime import date
from uuid import UUID

from services.attendance.domain.presence_rule import DECIDER, DecidePresenceRule
from shared.contracts.attendance import PresenceRuleDecided

UNIT = UUID(int=1)


def rule(*, both: bool) -> DecidePresenceRule:
    return DecidePresenceRule(UNIT, both, date(2026, 1, 1), "05-DA/TU")


def test_a_rule_is_decided_once_and_may_be_replaced() -> None:
    decided = PresenceRuleDecided(unit_id=UNIT, both_calls_needed=True, valid_from=date(2026, 1, 1), source="05-DA/TU")
    assert DECIDER.decide(rule(both=True), DECIDER.initial) == [decided]
    assert DECIDER.decide(rule(both=True), DECIDER.fold([decided])) == []
    assert DECIDER.decide(rule(both=False), DECIDER.fold([decided])) == [
        decided.model_copy(update={"both_calls_needed": False})
    ]
