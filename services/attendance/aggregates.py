"""The streams of attendance: a meeting's roll call, and a committee's presence rules."""

from uuid import UUID

from services.attendance.domain import presence_rule, roll_call
from shared.contracts import attendance as events
from shared.contracts.event import EventTypes, declared_in
from shared.eventstore.command_handler import Aggregate

TYPES = EventTypes(declared_in(events))

ROLL_CALL = Aggregate(decider=roll_call.DECIDER, types=TYPES, commutes=roll_call.commutes, restates=roll_call.restates)
PRESENCE_RULES = Aggregate(decider=presence_rule.DECIDER, types=TYPES)


def roll_call_stream(meeting_id: UUID) -> str:
    return f"roll-call-{meeting_id}"


def presence_rule_stream(unit_id: UUID) -> str:
    return f"presence-rule-{unit_id}"
