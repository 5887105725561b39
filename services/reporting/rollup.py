"""Recount above the cells: the tree folded from membership's events and the sums over it, in pure Python.

Shares no code with `unit_spans_below` (shared/directory) and `unit_figures` (sql/queries.sql), which it checks.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.reporting.recount import Difference, Month, Place
from shared.contracts.envelope import RecordedEvent

Sums = Mapping[str, Any]
# Indicators of a month that are plain sums in every unit above.
SUMMED = (
    "met", "not_held", "conflicts", "thematic_meetings", "committee_meetings", "meetings", "expected", "excused",
    "unexcused", "unknown", "exempt_present", "unlisted_present", "guests", "discrepancies", "sittings", "minutes",
    "speakers_known", "speakers", "superior_attended", "with_documents", "self_scored", "self_points", "rated",
    "awaiting_rating", "events", "input_digest", "facts_digest",
)  # fmt: skip
MAX_DEPTH = 32


@dataclass(slots=True)
class Change:
    """What one event says of a unit from a day on; `said` holds only what it says."""

    valid_from: str
    position: int
    event_id: str
    said: dict[str, Any]


class TreeTally:
    """Units, kinds and presence rules, as events say them. Order does not matter, repetition neither."""

    def __init__(self) -> None:
        self._changes: defaultdict[str, dict[tuple[int, str], Change]] = defaultdict(dict)
        self._kinds: defaultdict[str, dict[int, tuple[str, bool]]] = defaultdict(dict)
        self._withdrawn: set[str] = set()
        self._rules: defaultdict[str, dict[int, tuple[str, bool]]] = defaultdict(dict)
        self._rules_withdrawn: defaultdict[tuple[str, str], set[int]] = defaultdict(set)

    def add(self, recorded: RecordedEvent) -> None:
        """Events that say nothing about the tree or a presence rule change nothing."""
        if recorded.type.startswith(("Unit", "PresenceRule")):  # few are: the JSON of all others is not read
            self._add(recorded, json.loads(recorded.data), recorded.position)

    def _add(self, recorded: RecordedEvent, body: dict[str, Any], position: int) -> None:
        match recorded.type:
            case "UnitRegistered":
                self._say(recorded, body["unit_id"], body, {name: body[name] for name in ("kind", "parent_id")})
            case "UnitMoved":
                self._say(recorded, body["unit_id"], body, {"parent_id": body["parent_id"]})
            case "UnitDissolved":
                self._say(recorded, body["unit_id"], body, {"ended": True})
            case "UnitsMerged":
                for unit in body["merged"]:
                    self._say(recorded, unit, body, {"ended": True})
            case "UnitChangeWithdrawn":
                self._withdrawn.add(body["withdrawn_event_id"])
            case "UnitKindDefined":
                self._kinds[body["kind"]][position] = body["valid_from"], body["is_cell"]
            case "PresenceRuleDecided":
                self._rules[body["unit_id"]][position] = body["valid_from"], body["both_calls_needed"]
            case "PresenceRuleWithdrawn":
                self._rules_withdrawn[body["unit_id"], body["valid_from"]].add(position)

    def _say(self, recorded: RecordedEvent, unit: str, body: dict[str, Any], said: dict[str, Any]) -> None:
        change = Change(body["effective_on"], recorded.position, str(recorded.event_id), said)
        self._changes[unit][recorded.position, unit] = change

    def on(self, day: date) -> dict[str, tuple[str | None, bool]]:
        """Each unit that exists on `day`: its parent, and whether it is a cell."""
        units: dict[str, tuple[str | None, bool]] = {}
        for unit, changes in self._changes.items():
            said: dict[str, Any] = {}
            for change in sorted(changes.values(), key=lambda change: (change.valid_from, change.position)):
                if change.valid_from <= day.isoformat() and change.event_id not in self._withdrawn:
                    said |= {name: value for name, value in change.said.items() if value is not None}
            if "kind" in said and not said.get("ended"):
                units[unit] = said.get("parent_id"), self._is_cell(said["kind"], day)
        return units

    def both_calls_needed(self, chain: list[str], day: date) -> bool:
        """By the latest rule of the nearest unit of `chain` that has one on `day`; false where nobody decided."""
        for unit in chain:
            rule = _latest(self._rules_of(unit), day)
            if rule is not None:
                return rule
        return False

    def _rules_of(self, unit: str) -> dict[int, tuple[str, bool]]:
        """By position, without those that a later event took back."""
        return {
            position: rule
            for position, rule in self._rules.get(unit, {}).items()
            if not any(later > position for later in self._rules_withdrawn.get((unit, rule[0]), ()))
        }

    def _is_cell(self, kind: str, day: date) -> bool:
        return bool(_latest(self._kinds.get(kind, {}), day))


def _latest(versions: Mapping[int, tuple[str, bool]], day: date) -> bool | None:
    known = [(valid_from, position, value) for position, (valid_from, value) in versions.items()]
    return max((version for version in known if version[0] <= day.isoformat()), default=(None, 0, None))[2]


def sums(tree: TreeTally, months: Mapping[Place, Month], period: str, day: date) -> dict[str, Counter[str]]:
    """Every unit's figures for `period`, by the tree and the rules of `day`."""
    units = tree.on(day)
    summed: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for unit, (_, is_cell) in units.items():
        chain = list(_chain(unit, units))
        figures = _of_leaf(months.get((unit, period)), is_cell=is_cell, strict=tree.both_calls_needed(chain, day))
        for above in chain:
            summed[above].update(figures)
    return summed


def _chain(unit: str, units: Mapping[str, tuple[str | None, bool]]) -> Iterator[str]:
    above: str | None = unit
    for _ in range(MAX_DEPTH + 1):
        if above is None or above not in units:
            return
        yield above
        above = units[above][0]


def _of_leaf(month: Month | None, *, is_cell: bool, strict: bool) -> dict[str, int]:
    answered = month is not None and month["met"] + month["not_held"] > 0
    figures = {"cells": int(is_cell), "not_reported": int(is_cell and not answered)}
    if month is None:
        return figures
    whole, part = month["present_full"], month["present_part"]
    presence = {"attended": whole, "partly": part} if strict else {"attended": whole + part, "partly": 0}
    thematic = {"cells_with_thematic": int(month["thematic_meetings"] > 0)}
    return figures | presence | thematic | {name: month[name] for name in SUMMED}


def sum_differences(period: str, stored: Mapping[str, Sums], again: Mapping[str, Sums]) -> Iterator[Difference]:
    """Indicators of units that the queries sum up otherwise. A unit that one side lacks has zeros there."""
    names = ("cells", "not_reported", "attended", "partly", "cells_with_thematic", *SUMMED)
    for unit in sorted(stored.keys() | again.keys()):
        for name in names:
            sides = stored.get(unit, {}).get(name, 0), again.get(unit, {}).get(name, 0)
            if sides[0] != sides[1]:
                yield Difference(unit, period, f"sum of {name}", *sides, (), ())
