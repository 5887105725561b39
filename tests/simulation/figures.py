"""A small reporting service: facts kept in all their versions, the months of cells kept up to date, sums over a tree.

The first path, in place of the SQL; `recount.py` and `rollup.py` of the reporting service are the second.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.reporting.facts import PLACING, input_digest
from shared.contracts.envelope import RecordedEvent

# What this model knows of a meeting and of a month; the recount knows more.
MEETING = ("unit_id", "period", "body", "outcome", "regular", "expected", "discrepancies", "sittings", "speakers",
           "with_documents", "events", "input_digest")  # fmt: skip
MONTH = ("met", "conflicts", "meetings", "expected", "discrepancies", "sittings", "speakers", "with_documents",
         "events", "input_digest")  # fmt: skip
SUMMED = MONTH[3:8]
Heads = Mapping[str, int]


@dataclass(frozen=True)
class Fact:
    """One event about a meeting, or about a unit. Never changed, so never copied."""

    log_id: str
    position: int
    event_id: str
    type: str
    body: Mapping[str, Any]
    digest: int

    @classmethod
    def of(cls, row: RecordedEvent) -> "Fact":
        return cls(row.log_id, row.position, str(row.event_id), row.type, json.loads(row.data), input_digest(row))

    def __deepcopy__(self, _: object) -> "Fact":
        return self


class Figures(dict[str, Any]):
    """Of a meeting or a month, by name. Never changed, so never copied."""

    def __deepcopy__(self, _: object) -> "Figures":
        return self


class Tables:
    """Over the effects of a consumer's transaction, or over what was committed."""

    def __init__(self, effects: dict[Any, Any]) -> None:
        self.facts: dict[str, list[Fact]] = effects.setdefault("facts", {})
        self.meetings: dict[str, Figures] = effects.setdefault("meetings", {})
        self.months: dict[tuple[str, str], Figures] = effects.setdefault("months", {})
        self.tree: list[Fact] = effects.setdefault("tree", [])

    def take(self, fact: Fact) -> None:
        """A fact about a meeting: only that meeting is computed again, and the months that it leaves and enters."""
        meeting = fact.body["meeting_id"]
        self.facts.setdefault(meeting, []).append(fact)
        before, after = self.meetings.get(meeting), contribution(self.facts[meeting])
        if after is not None:
            self.meetings[meeting] = after
        for place in {(figures["unit_id"], figures["period"]) for figures in (before, after) if figures}:
            together = {
                name: figures
                for name, figures in self.meetings.items()
                if (figures["unit_id"], figures["period"]) == place
            }
            self.months.pop(place, None)
            if together:
                self.months[place] = month_of(together)

    def meetings_known(self, heads: Heads) -> dict[str, Figures]:
        """What each meeting contributed when each log was known up to its head."""
        known = {
            meeting: contribution([fact for fact in facts if fact.position <= heads[fact.log_id]])
            for meeting, facts in self.facts.items()
        }
        return {meeting: figures for meeting, figures in known.items() if figures is not None}

    def sums(
        self, months: Mapping[tuple[str, str], Figures], period: str, day: date, head: int
    ) -> dict[str, Counter[str]]:
        """Every unit's figures for `period`, over the tree that held on `day` and was known at `head`."""
        parents = self._parents(day, head)
        children: defaultdict[str | None, list[str]] = defaultdict(list)
        for unit, parent in parents.items():
            children[parent].append(unit)

        def below(unit: str) -> Counter[str]:
            own = months.get((unit, period), Figures())
            summed = Counter({name: own.get(name, 0) for name in SUMMED})
            for child in children[unit]:
                summed.update(below(child))
            return summed

        return {unit: below(unit) for unit in parents}

    def _parents(self, day: date, head: int) -> dict[str, str | None]:
        known = [fact for fact in self.tree if fact.position <= head]
        withdrawn = {fact.body["withdrawn_event_id"] for fact in known if fact.type == "UnitChangeWithdrawn"}
        said = [
            (fact.body["effective_on"], fact.position, fact.body)
            for fact in known
            if fact.type != "UnitChangeWithdrawn" and fact.event_id not in withdrawn
        ]
        in_time = sorted(change for change in said if change[0] <= day.isoformat())
        return {body["unit_id"]: body["parent_id"] for _, _, body in in_time}


def contribution(facts: Sequence[Fact]) -> Figures | None:
    """Of each kind of fact the one with the highest position of its log counts; None before the meeting has a place."""
    placing = [fact for fact in facts if fact.type in PLACING and fact.body.get("period")]
    if not placing:
        return None
    place = _last(placing)
    outcome = _last(fact for fact in facts if fact.type in ("MeetingHeld", "OutcomeWithdrawn"))
    held = outcome.type == "MeetingHeld" if outcome else False
    withdrawn = any(fact.type == "MeetingWithdrawn" for fact in facts)
    figures = {name: place.body[name] for name in ("unit_id", "period", "body")} if place else {}
    figures |= dict.fromkeys(MEETING[5:10], 0) | {
        "outcome": "withdrawn" if withdrawn else "held" if held else "planned",
        "regular": "regular" in place.body["parts"] if place else False,
        "first": min(fact.position for fact in placing),
    }
    if outcome and held and not withdrawn:
        figures |= _as_held(facts, outcome)
    return Figures(figures, events=len(facts), input_digest=sum(fact.digest for fact in facts))


def _as_held(facts: Sequence[Fact], held: Fact) -> dict[str, int]:
    corrected = [
        fact for fact in facts if fact is held or (fact.type == "MeetingCorrected" and fact.position > held.position)
    ]
    speakers = _last(fact for fact in corrected if fact.body.get("speakers") is not None)
    return {
        **_of_roster(facts),
        "sittings": len(held.body["sittings"]),
        "speakers": speakers.body["speakers"] if speakers else 0,
        "with_documents": int(any(fact.type == "DocumentPublished" for fact in facts)),
    }


def _of_roster(facts: Sequence[Fact]) -> dict[str, int]:
    drawn = _last(fact for fact in facts if fact.type == "RosterDrawn")
    if drawn is None:
        return {}
    rows = {row["member_id"]: row for row in drawn.body["rows"]}
    found = sorted(
        (fact.position, fact.body)
        for fact in facts
        if fact.type == "RosterDiscrepancyFound" and fact.position > drawn.position
    )
    later = {body["member_id"]: body["row"] for _, body in found}
    return {
        "expected": sum(row["expected"] for row in rows.values()),
        "discrepancies": sum(row != rows.get(member) for member, row in later.items()),
    }


def month_of(together: Mapping[str, Figures]) -> Figures:
    """One cell's period. Of several live regular meetings of the cell the first that was held counts."""
    rivals = sorted(
        (figures["outcome"] != "held", figures["first"], name)
        for name, figures in together.items()
        if figures["regular"] and figures["body"] == "cell" and figures["outcome"] != "withdrawn"
    )
    counted = [
        figures
        for name, figures in together.items()
        if figures["outcome"] == "held"
        and figures["body"] == "cell"
        and (not figures["regular"] or name == rivals[0][2])
    ]
    return Figures(
        {
            "met": sum(figures["regular"] for figures in counted),
            "conflicts": max(len(rivals) - 1, 0),
            "meetings": len(counted),
            **{name: sum(figures[name] for figures in counted) for name in SUMMED},
            **{name: sum(figures[name] for figures in together.values()) for name in ("events", "input_digest")},
        }
    )


def _last(facts: Iterable[Fact]) -> Fact | None:
    return max(facts, key=lambda fact: fact.position, default=None)
