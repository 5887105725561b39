"""Meetings, roll calls, and this service's own events into local tables. Emits nothing and rejects nothing."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import UUID

from services.evaluation.queries import SQL
from shared.contracts import attendance, evaluation, meetings
from shared.contracts.attendance import RosterRow
from shared.contracts.event import Event, EventTypes
from shared.messaging.handler import Received, Tx

# The name of a statement in `sql/queries.sql` and its values.
Change = tuple[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Projection:
    """A consumer that writes what `changes` says of each event."""

    name: str
    sources: tuple[str, ...]
    types: EventTypes
    changes: Callable[[Event], Iterable[Change]]

    async def apply(self, tx: Tx, batch: Sequence[Received]) -> None:
        changes = (change for received in batch for change in self.changes(received.event))
        # An evening is check-ins after check-ins: one round trip for those that follow each other.
        for statement, alike in groupby(changes, key=itemgetter(0)):
            await getattr(SQL, statement)(tx, [values for _, values in alike])


def meeting_changes(event: Event) -> Iterator[Change]:
    match event:
        case meetings.MeetingScheduled():
            yield "plan_meeting", _plan(event)
        case meetings.MeetingHeld():
            held = {"held_on": event.held_on, "minutes": shortest(event.sittings), "speakers": event.speakers}
            yield "hold_meeting", _plan(event) | held
        case meetings.MeetingNotHeld():
            yield "miss_meeting", _plan(event)
        case meetings.MeetingCorrected():
            given = event.model_dump(
                include={"meeting_id", "unit_id", "body", "period", "parts", "held_on", "speakers"}
            )
            yield "correct_meeting", given | {"minutes": shortest(event.sittings) if event.sittings else None}
        case meetings.OutcomeWithdrawn(meeting_id=meeting_id):
            yield "reopen_meeting", {"meeting_id": meeting_id, "status": "open"}
        case meetings.MeetingWithdrawn(meeting_id=meeting_id):
            yield "reopen_meeting", {"meeting_id": meeting_id, "status": "withdrawn"}


def roll_call_changes(event: Event) -> Iterator[Change]:
    match event:
        case attendance.RosterDrawn(meeting_id=meeting_id, rows=rows):
            yield "clear_roster", {"meeting_id": meeting_id}
            yield from _rows(meeting_id, rows)
        case attendance.RosterAmended(meeting_id=meeting_id, rows=rows, removed=removed):
            yield from _rows(meeting_id, rows)
            yield "remove_roster_rows", {"meeting_id": meeting_id, "member_ids": list(removed)}
        case attendance.RollCallClosed(meeting_id=meeting_id):
            yield "close_roll_call", {"meeting_id": meeting_id}
        case attendance.MemberCheckedIn():
            yield "check_in", event.model_dump(include={"meeting_id", "member_id", "sitting_id", "call"})
        case attendance.CheckInWithdrawn():
            yield "withdraw_check_in", event.model_dump(include={"meeting_id", "member_id", "sitting_id", "call"})
        case attendance.AbsenceExplained():
            yield "explain_absence", event.model_dump(include={"meeting_id", "member_id", "excused"})
        case attendance.AbsenceWithdrawn():
            yield "withdraw_absence", event.model_dump(include={"meeting_id", "member_id"})


def catalogue_changes(event: Event) -> Iterator[Change]:
    match event:
        case evaluation.CriteriaSetPublished():
            said = event.model_dump(include={"criteria_set", "revision", "unit_id", "valid_from", "for_parts"})
            yield "add_criteria_set", said | {"body": event.model_dump_json()}
        case evaluation.CriteriaSetWithdrawn():
            yield "withdraw_criteria_set", event.model_dump(include={"criteria_set", "revision"})


def score_changes(event: Event) -> Iterator[Change]:
    match event:
        case evaluation.EvaluationScored():
            said = {"meeting_id": event.meeting_id, "self_total": event.total, "self_rating": event.rating}
            yield "put_score", said
        case evaluation.ScoreWithdrawn(meeting_id=meeting_id):
            yield "drop_score", {"meeting_id": meeting_id}
        case evaluation.SelfScoreVoted():
            yield "put_vote", event.model_dump(include={"meeting_id", "ayes", "base"})
        case evaluation.VoteWithdrawn(meeting_id=meeting_id):
            yield "put_vote", {"meeting_id": meeting_id, "ayes": None, "base": None}
        case evaluation.RatingDecided(meeting_id=meeting_id, rating=rating):
            yield "put_rating", {"meeting_id": meeting_id, "official_rating": rating}
        case evaluation.RatingWithdrawn(meeting_id=meeting_id):
            yield "put_rating", {"meeting_id": meeting_id, "official_rating": None}


def shortest(sittings: Sequence[meetings.HeldSitting]) -> int:
    """Whole minutes of the shortest sitting: several are groups of one cell, and each has to last long enough."""
    return min(int((sitting.ended_at - sitting.started_at).total_seconds() // 60) for sitting in sittings)


def _plan(event: Event) -> dict[str, Any]:
    return event.model_dump(include={"meeting_id", "unit_id", "body", "period", "parts"})


def _rows(meeting_id: UUID, rows: Iterable[RosterRow]) -> Iterator[Change]:
    for row in rows:
        yield "put_roster_row", {"meeting_id": meeting_id} | row.model_dump(include={"member_id", "expected", "hosted"})


MEETINGS = Projection(
    name="evaluation.meetings",
    sources=("meetings",),
    types=EventTypes(
        [
            meetings.MeetingScheduled,
            meetings.MeetingHeld,
            meetings.MeetingNotHeld,
            meetings.MeetingCorrected,
            meetings.OutcomeWithdrawn,
            meetings.MeetingWithdrawn,
        ]
    ),
    changes=meeting_changes,
)
ROLL_CALLS = Projection(
    name="evaluation.roll-calls",
    sources=("attendance",),
    types=EventTypes(
        [
            attendance.RosterDrawn,
            attendance.RosterAmended,
            attendance.RollCallClosed,
            attendance.MemberCheckedIn,
            attendance.CheckInWithdrawn,
            attendance.AbsenceExplained,
            attendance.AbsenceWithdrawn,
        ]
    ),
    changes=roll_call_changes,
)
CATALOGUE = Projection(
    name="evaluation.catalogue",
    sources=("evaluation",),
    types=EventTypes([evaluation.CriteriaSetPublished, evaluation.CriteriaSetWithdrawn]),
    changes=catalogue_changes,
)
SCORES = Projection(
    name="evaluation.scores",
    sources=("evaluation",),
    types=EventTypes(
        [
            evaluation.EvaluationScored,
            evaluation.ScoreWithdrawn,
            evaluation.SelfScoreVoted,
            evaluation.VoteWithdrawn,
            evaluation.RatingDecided,
            evaluation.RatingWithdrawn,
        ]
    ),
    changes=score_changes,
)
