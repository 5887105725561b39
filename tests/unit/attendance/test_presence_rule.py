"""How presence is counted is a dated setting."""

from datetime import date
from uuid import UUID

import pytest

from services.attendance.domain import errors
from services.attendance.domain.presence_rule import DECIDER, DecidePresenceRule, WithdrawPresenceRule
from shared.contracts.attendance import PresenceRuleDecided, PresenceRuleWithdrawn

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


def test_a_rule_decided_in_error_is_withdrawn_once_and_may_be_decided_again() -> None:
    decided = DECIDER.decide(rule(both=True), DECIDER.initial)
    withdrawal = WithdrawPresenceRule(UNIT, date(2026, 1, 1), "wrong-unit")
    withdrawn = DECIDER.decide(withdrawal, DECIDER.fold(decided))
    assert withdrawn == [PresenceRuleWithdrawn(unit_id=UNIT, valid_from=date(2026, 1, 1), reason="wrong-unit")]
    state = DECIDER.fold([*decided, *withdrawn])
    assert DECIDER.decide(withdrawal, state) == []
    assert DECIDER.decide(rule(both=True), state) == decided


def test_refuses_to_withdraw_a_rule_that_was_never_decided() -> None:
    decided = DECIDER.decide(rule(both=True), DECIDER.initial)
    with pytest.raises(errors.PresenceRuleUnknown):
        DECIDER.decide(WithdrawPresenceRule(UNIT, date(2026, 2, 1), "wrong-unit"), DECIDER.fold(decided))
