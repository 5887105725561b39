"""How each event changes what is known of a meeting: the fold that recount counts from."""

from collections.abc import Callable
from datetime import datetime

from services.reporting.tally import Body, Tally

PLAN = ("unit_id", "body", "period", "parts")


def fold(tally: Tally, log_id: str, position: int, kind: str, body: Body, digest: int) -> None:
    """One event, with its 120-bit digest. Every event counts for the input digest, also one that changes nothing."""
    tally.events[log_id, position] = digest
    was_placed = tally.plan is not None
    if kind in FOLD:
        FOLD[kind](tally, body)
    if tally.plan is not None and not was_placed:
        tally.first_position = position


def _plan(tally: Tally, body: Body) -> None:
    tally.plan = {name: body[name] for name in PLAN}


def _held(tally: Tally, body: Body) -> None:
    _plan(tally, body)
    tally.outcome, tally.not_held_reason = dict(body), None


def _not_held(tally: Tally, body: Body) -> None:
    _plan(tally, body)
    tally.outcome, tally.not_held_reason = None, body["reason"]


def _corrected(tally: Tally, body: Body) -> None:
    if body.get("period") is not None:
        _plan(tally, body)
    if tally.outcome is not None:
        names = ("sittings", "held_on", "speakers", "superior_attended")
        tally.outcome |= {name: body[name] for name in names if body.get(name) is not None}


def _outcome_withdrawn(tally: Tally, _: Body) -> None:
    tally.outcome = tally.not_held_reason = None


def _withdrawn(tally: Tally, _: Body) -> None:
    tally.withdrawn = True


def _document(tally: Tally, _: Body) -> None:
    tally.documents += 1


def _document_withdrawn(tally: Tally, _: Body) -> None:
    tally.documents -= 1


def _drawn(tally: Tally, body: Body) -> None:
    tally.roster = {row["member_id"]: row for row in body["rows"]}
    tally.differs = {}


def _amended(tally: Tally, body: Body) -> None:
    if tally.roster is None:
        return
    for member in (*body.get("removed", ()), *(row["member_id"] for row in body.get("rows", ()))):
        tally.roster.pop(member, None)
        tally.differs.pop(member, None)
    tally.roster |= {row["member_id"]: row for row in body.get("rows", ())}


def _differs(tally: Tally, body: Body) -> None:
    tally.differs[body["member_id"]] = body.get("row")


def _call(tally: Tally, body: Body) -> None:
    tally.calls.add(body["call"])


def _came(tally: Tally, body: Body) -> None:
    at = datetime.fromisoformat(body["at"])
    tally.came.setdefault(body["member_id"], {})[body["sitting_id"], body["call"]] = at


def _came_withdrawn(tally: Tally, body: Body) -> None:
    tally.came.get(body["member_id"], {}).pop((body["sitting_id"], body["call"]), None)


def _left(tally: Tally, body: Body) -> None:
    at = datetime.fromisoformat(body["at"])
    tally.left.setdefault(body["member_id"], {})[body["sitting_id"]] = at


def _left_withdrawn(tally: Tally, body: Body) -> None:
    tally.left.get(body["member_id"], {}).pop(body["sitting_id"], None)


def _absence(tally: Tally, body: Body) -> None:
    tally.absences[body["member_id"]] = body["excused"]


def _absence_withdrawn(tally: Tally, body: Body) -> None:
    tally.absences.pop(body["member_id"], None)


def _guests(tally: Tally, body: Body) -> None:
    tally.guests = body["guests"]


def _scored(tally: Tally, body: Body) -> None:
    tally.score = body


def _score_withdrawn(tally: Tally, _: Body) -> None:
    tally.score = None


def _rated(tally: Tally, body: Body) -> None:
    tally.rating = body["rating"]


def _rating_withdrawn(tally: Tally, _: Body) -> None:
    tally.rating = None


FOLD: dict[str, Callable[[Tally, Body], None]] = {
    "MeetingScheduled": _plan,
    "MeetingHeld": _held,
    "MeetingNotHeld": _not_held,
    "MeetingCorrected": _corrected,
    "OutcomeWithdrawn": _outcome_withdrawn,
    "MeetingWithdrawn": _withdrawn,
    "DocumentPublished": _document,
    "DocumentWithdrawn": _document_withdrawn,
    "RosterDrawn": _drawn,
    "RosterAmended": _amended,
    "RosterDiscrepancyFound": _differs,
    "RollCallOpened": _call,
    "RollCallClosed": _call,
    "MemberCheckedIn": _came,
    "CheckInWithdrawn": _came_withdrawn,
    "MemberLeft": _left,
    "DepartureWithdrawn": _left_withdrawn,
    "AbsenceExplained": _absence,
    "AbsenceWithdrawn": _absence_withdrawn,
    "GuestsCounted": _guests,
    "EvaluationScored": _scored,
    "ScoreWithdrawn": _score_withdrawn,
    "RatingDecided": _rated,
    "RatingWithdrawn": _rating_withdrawn,
}
