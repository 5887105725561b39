"""The streams of evaluation: criteria sets, and the score of each meeting."""

from uuid import UUID

from services.evaluation.domain import criteria, score
from shared.contracts import evaluation as events
from shared.contracts.event import EventTypes, declared_in
from shared.eventstore.command_handler import Aggregate

TYPES = EventTypes(declared_in(events))

CRITERIA_SET = Aggregate(decider=criteria.DECIDER, types=TYPES)
SCORE = Aggregate(decider=score.DECIDER, types=TYPES)


def criteria_stream(code: str) -> str:
    return f"criteria-{code}"


def score_stream(meeting_id: UUID) -> str:
    return f"score-{meeting_id}"
