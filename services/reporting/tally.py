"""What a meeting contributes, said a second time: counted in pure Python from the state that `fold.py` keeps.

It shares no code with `contribution` (sql/migrations/1002_contribution.sql), which looks at all facts at once. Where
the two disagree one of them is wrong, and `recount` names the meeting.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from services.reporting.facts import digest_of

Body = dict[str, Any]
Contribution = dict[str, Any]

COUNTS = (
    "expected", "present_full", "present_part", "excused", "unexcused", "unknown", "exempt_present", "unlisted_present",
    "guests", "discrepancies", "sittings", "minutes", "speakers_known", "speakers", "superior_attended",
    "with_documents",
)  # fmt: skip
# In the order of the canonical text that the facts digest is made of: no ids of meetings or events, no times, no way of
# entry. So two ways to the same facts have the same digest.
CANONICAL = (
    "unit_id", "period", "body", "outcome", "reason", "regular", "thematic", *COUNTS,
    "self_rating", "self_points", "official_rating",
)  # fmt: skip


class Tally:
    """One meeting. Events of one source come in the order of its log; sources may interleave in any way."""

    def __init__(self) -> None:
        self.plan: Body | None = None
        self.first_position = 0
        self.withdrawn = False
        self.outcome: Body | None = None
        self.not_held_reason: str | None = None
        self.documents = 0
        self.roster: dict[str, Body] | None = None
        self.differs: dict[str, Body | None] = {}
        self.came: dict[str, dict[tuple[str, str], datetime]] = {}
        self.left: dict[str, dict[str, datetime]] = {}
        self.calls: set[str] = set()
        self.absences: dict[str, bool] = {}
        self.guests = 0
        self.score: Body | None = None
        self.rating: str | None = None
        self.events: dict[tuple[str, int], int] = {}

    def contribution(self) -> Contribution | None:
        """Names and values of a row of `meeting_contribution`; None until the meeting has a cell and period."""
        if self.plan is None:
            return None
        outcome = self._outcome()
        held = self.outcome if outcome == "held" else None
        figures: Contribution = {
            "first_position": self.first_position,
            **{name: self.plan[name] for name in ("unit_id", "period", "body")},
            "outcome": outcome,
            "reason": self.not_held_reason if outcome == "not_held" else None,
            "regular": "regular" in self.plan["parts"],
            "thematic": "thematic" in self.plan["parts"],
            **dict.fromkeys(COUNTS, 0),
            "self_rating": None,
            "self_points": 0,
            "official_rating": None,
        }
        if held is not None:
            figures |= self._as_held(held)
        figures["events"] = len(self.events)
        figures["input_digest"] = sum(self.events.values())
        figures["facts_digest"] = digest_of("contribution.1", *(_text(figures[name]) for name in CANONICAL))
        return figures

    def _outcome(self) -> str:
        if self.withdrawn:
            return "withdrawn"
        if self.outcome is not None:
            return "held"
        return "planned" if self.not_held_reason is None else "not_held"

    def _as_held(self, held: Body) -> Contribution:
        speakers = held.get("speakers")
        score = self.score or {}
        return {
            **self._attendance(),
            "guests": self.guests,
            "discrepancies": self._discrepancies(),
            "sittings": len(held["sittings"]),
            "minutes": sum(_minutes(sitting) for sitting in held["sittings"]),
            "speakers_known": int(speakers is not None),
            "speakers": speakers or 0,
            "superior_attended": int(bool(held.get("superior_attended"))),
            "with_documents": int(self.documents > 0),
            "self_rating": score.get("rating"),
            "self_points": int(Decimal(str(score.get("total", 0))) * 100),
            "official_rating": self.rating,
        }

    def _attendance(self) -> Contribution:
        counted = dict.fromkeys(COUNTS[:8], 0)
        for line in self._lines():
            counted[line] += 1
            if line in COUNTS[1:6]:
                counted["expected"] += 1
        return counted

    def _lines(self) -> Iterator[str]:
        """For each member on the roster or present: under which count the member falls; exempt and absent: none."""
        roster = self.roster or {}
        calls = self.calls | {call for came in self.came.values() for _, call in came}
        for member in roster.keys() | {member for member, came in self.came.items() if came}:
            came = self.came.get(member)
            row = roster.get(member)
            if row is None:
                yield "unlisted_present"
            elif not row["expected"]:
                if came:
                    yield "exempt_present"
            elif came:
                missed = calls - {call for _, call in came}
                left = self.left.get(member, {})
                gone = bool(left) and max(left.values()) > max(came.values())
                yield "present_part" if missed or gone else "present_full"
            else:
                explained = self.absences.get(member)
                yield "unknown" if explained is None else "excused" if explained else "unexcused"

    def _discrepancies(self) -> int:
        if self.roster is None:
            return 0
        return sum(_said(row) != _said(self.roster.get(member)) for member, row in self.differs.items())


def _minutes(sitting: Body) -> int:
    lasted = datetime.fromisoformat(sitting["ended_at"]) - datetime.fromisoformat(sitting["started_at"])
    return lasted // timedelta(minutes=1)


def _said(row: Body | None) -> Body | None:
    return None if row is None else {name: value for name, value in row.items() if value is not None}


def _text(value: object) -> str:
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, bool) else str(value)
