"""Recount: the months of cells computed again from the events alone, and every difference to the stored ones named.

Pure. `recount_command.py` reads the topics and the tables; `fold.py` and `tally.py` say what a meeting contributes.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.reporting.facts import TYPES, input_digest
from services.reporting.fold import fold
from services.reporting.tally import COUNTS, Contribution, Tally
from shared.contracts.envelope import RecordedEvent

# A cell and a period; months and meetings are known by text ids, as they stand in events.
Place = tuple[str, str]
Month = dict[str, Any]
RANK = ("held", "not_held", "planned")
EventId = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Difference:
    """One indicator of one cell's month that is not what the events say; `events` are those that one side lacks."""

    unit_id: str
    period: str
    indicator: str
    stored: object
    recounted: object
    meetings: tuple[str, ...]
    events: tuple[str, ...]

    def __str__(self) -> str:
        place = f"unit {self.unit_id}, period {self.period}, {self.indicator}"
        cause = f"; meetings {', '.join(self.meetings)}" if self.meetings else ""
        missing = f"; events {', '.join(self.events)}" if self.events else ""
        return f"{place}: stored {self.stored}, recounted {self.recounted}{cause}{missing}"


@dataclass(frozen=True, slots=True)
class Stored:
    """What the tables say, in one snapshot: months, contributions by meeting, the digest of every kept event."""

    months: Mapping[Place, Month]
    meetings: Mapping[str, Contribution]
    events: Mapping[EventId, tuple[str, int]]


class Recount:
    """Folds events. Those of one log have to come in its order per key, as a topic's partition gives them."""

    def __init__(self) -> None:
        self._tallies: defaultdict[str, Tally] = defaultdict(Tally)
        self._seen: set[EventId] = set()

    def add(self, recorded: RecordedEvent) -> None:
        """A repeated event, and one that is about no meeting, changes nothing."""
        event_id = (recorded.log_id, recorded.position)
        if recorded.type not in TYPES or event_id in self._seen:
            return
        body = json.loads(recorded.data)
        if "meeting_id" not in body:
            return
        self._seen.add(event_id)
        fold(self._tallies[body["meeting_id"]], *event_id, recorded.type, body, input_digest(recorded))

    @property
    def events(self) -> Mapping[EventId, tuple[str, int]]:
        """(log id, position) -> (meeting, digest) of every event that was folded."""
        return {
            event: (meeting, digest)
            for meeting, tally in self._tallies.items()
            for event, digest in tally.events.items()
        }

    def meetings(self) -> dict[str, Contribution]:
        """What each meeting contributes; those without a cell and period are left out."""
        computed = {meeting: tally.contribution() for meeting, tally in self._tallies.items()}
        return {meeting: contribution for meeting, contribution in computed.items() if contribution is not None}

    def months(self) -> dict[Place, Month]:
        """The month of each cell that has a meeting."""
        cells: defaultdict[Place, list[tuple[str, Contribution]]] = defaultdict(list)
        for meeting, contribution in self.meetings().items():
            cells[contribution["unit_id"], contribution["period"]].append((meeting, contribution))
        return {place: month_of(together) for place, together in cells.items()}


def month_of(together: Sequence[tuple[str, Contribution]]) -> Month:
    """The sum of one cell's period. Of several live regular meetings one counts, the others are conflicts."""
    regular = sorted(
        (
            (RANK.index(meeting["outcome"]), meeting["first_position"], name)
            for name, meeting in together
            if _rivals(meeting)
        ),
    )
    chosen = regular[0][2] if regular else None
    counted = [
        meeting for name, meeting in together if _held(meeting, "cell") and (not meeting["regular"] or name == chosen)
    ]
    committee = [meeting for _, meeting in together if _held(meeting, "committee")]
    not_held = [meeting for name, meeting in together if name == chosen and meeting["outcome"] == "not_held"]
    ratings = Counter(
        f"{kind}:{meeting[f'{kind}_rating']}"
        for meeting in counted
        for kind in ("self", "official")
        if meeting[f"{kind}_rating"] is not None
    )
    rated = sum(meeting["official_rating"] is not None for meeting in counted)
    return {
        "met": sum(meeting["regular"] for meeting in counted),
        "not_held": len(not_held),
        "conflicts": max(len(regular) - 1, 0),
        "thematic_meetings": sum(meeting["thematic"] for meeting in counted),
        "committee_meetings": len(committee),
        "meetings": len(counted),
        **{name: sum(meeting[name] for meeting in counted) for name in COUNTS},
        "self_scored": sum(meeting["self_rating"] is not None for meeting in counted),
        "self_points": sum(meeting["self_points"] for meeting in counted),
        "rated": rated,
        "awaiting_rating": len(counted) - rated,
        "ratings": dict(ratings),
        "events": sum(meeting["events"] for _, meeting in together),
        "input_digest": sum(meeting["input_digest"] for _, meeting in together),
        "facts_digest": sum(meeting["facts_digest"] for meeting in (*counted, *committee, *not_held)),
    }


def _rivals(meeting: Contribution) -> bool:
    return meeting["body"] == "cell" and bool(meeting["regular"]) and meeting["outcome"] != "withdrawn"


def _held(meeting: Contribution, body: str) -> bool:
    return bool(meeting["outcome"] == "held" and meeting["body"] == body)


def differences(stored: Stored, recount: Recount) -> Iterator[Difference]:
    """Every indicator that differs, month by month, with the meetings and events that make the difference.

    Kept events that differ are one too ("kept events"), even while the sums made of them before are still right.
    """
    months, meetings = recount.months(), recount.meetings()
    strange = _strange_events(stored.events, recount.events)
    culprits = _culprits(stored.meetings, meetings, strange)
    kept_of = Counter(meeting for meeting, _ in stored.events.values())
    for place in sorted(stored.months.keys() | months.keys()):
        before, after = stored.months.get(place, {}), months.get(place, {})
        causes = tuple(culprits.get(place, ()))
        events = tuple(event for meeting in causes for event in strange.get(meeting, ()))
        for name in dict.fromkeys((*before, *after)):
            if before.get(name) != after.get(name):
                yield Difference(*place, name, before.get(name), after.get(name), causes, events)
        if events and before == after:
            kept = sum(kept_of[meeting] for meeting in causes)
            folded = sum(meetings[meeting]["events"] for meeting in causes if meeting in meetings)
            yield Difference(*place, "kept events", kept, folded, causes, events)


def _culprits(
    stored: Mapping[str, Contribution], again: Mapping[str, Contribution], strange: Mapping[str, Sequence[str]]
) -> Mapping[Place, Sequence[str]]:
    """By place, before or after: meetings that contribute otherwise, or of which strange events are kept."""
    culprits: defaultdict[Place, list[str]] = defaultdict(list)
    for meeting in sorted(stored.keys() | again.keys()):
        sides = stored.get(meeting), again.get(meeting)
        if sides[0] != sides[1] or meeting in strange:
            for place in {(side["unit_id"], side["period"]) for side in sides if side is not None}:
                culprits[place].append(meeting)
    return culprits


def _strange_events(
    stored: Mapping[EventId, tuple[str, int]], again: Mapping[EventId, tuple[str, int]]
) -> Mapping[str, list[str]]:
    """By meeting: events that only one side has, or that differ."""
    strange: defaultdict[str, list[str]] = defaultdict(list)
    for event in sorted(stored.keys() | again.keys()):
        sides = stored.get(event), again.get(event)
        if sides[0] != sides[1]:
            meeting, _ = sides[0] or sides[1] or ("", 0)
            said = "only stored" if sides[1] is None else "only in the topic" if sides[0] is None else "different"
            strange[meeting].append(f"{event[0]}:{event[1]} ({said})")
    return strange
