"""Sums above the cells, by the tree and the rules of a day."""

from datetime import date
from uuid import UUID

from services.reporting.recount import Month
from services.reporting.rollup import SUMMED, TreeTally, sums
from shared.contracts import membership
from shared.contracts.attendance import PresenceRuleDecided, PresenceRuleWithdrawn
from shared.contracts.event import Event
from tests.properties.histories import recorded

PROVINCE, COMMUNE, OTHER, CELL = (UUID(int=n) for n in range(1, 5))
SINCE, END = date(2025, 7, 1), date(2026, 3, 31)
MONTH: Month = dict.fromkeys(SUMMED, 0) | {"met": 1, "expected": 10, "present_full": 6, "present_part": 3}


def unit(unit_id: UUID, kind: str, parent: UUID | None) -> membership.UnitRegistered:
    return membership.UnitRegistered(unit_id=unit_id, kind=kind, name="x", parent_id=parent, effective_on=SINCE)


FOUNDING: list[Event] = [
    membership.UnitKindDefined(kind="cell", name="x", is_cell=True, decides_ratings=False, valid_from=SINCE),
    unit(PROVINCE, "committee", None),
    unit(COMMUNE, "committee", PROVINCE),
    unit(OTHER, "committee", PROVINCE),
    unit(CELL, "cell", COMMUNE),
]
RuleEvent = PresenceRuleDecided | PresenceRuleWithdrawn
MOVED = membership.UnitMoved(unit_id=CELL, parent_id=OTHER, effective_on=date(2026, 3, 10))


def met(*later: Event, day: date = END) -> dict[UUID, int]:
    """Where the cell's meeting counts."""
    found = sums(tally(*later), {(str(CELL), "2026-03"): MONTH}, "2026-03", day)
    return {UUID(name): counted["met"] for name, counted in found.items() if counted["met"]}


def tally(*later: Event) -> TreeTally:
    tree = TreeTally()
    for position, event in enumerate([*FOUNDING, *later], start=1):
        tree.add(recorded("attendance" if isinstance(event, RuleEvent) else "membership", position, event))
    return tree


def test_a_cell_counts_in_every_unit_above_it() -> None:
    assert met() == {PROVINCE: 1, COMMUNE: 1, CELL: 1}


def test_a_moved_cell_counts_where_it_stands_on_the_day() -> None:
    assert met(MOVED) == {PROVINCE: 1, OTHER: 1, CELL: 1}
    assert met(MOVED, day=date(2026, 3, 9)) == {PROVINCE: 1, COMMUNE: 1, CELL: 1}


def test_a_withdrawn_move_never_was() -> None:
    withdrawn = membership.UnitChangeWithdrawn(
        unit_id=CELL,
        withdrawn_event_id=recorded("membership", len(FOUNDING) + 1, MOVED).event_id,
        withdrawn_version=1,
        reason="typo",
    )
    assert met(MOVED, withdrawn) == {PROVINCE: 1, COMMUNE: 1, CELL: 1}


def test_a_dissolved_or_merged_unit_is_not_in_the_tree() -> None:
    assert met(membership.UnitDissolved(unit_id=CELL, effective_on=END)) == {}
    merged = membership.UnitsMerged(into=OTHER, merged=(COMMUNE,), effective_on=END)
    assert met(merged) == {CELL: 1}


def test_a_silent_cell_owes_its_meeting() -> None:
    found = sums(tally(), {}, "2026-03", END)
    assert (found[str(PROVINCE)]["cells"], found[str(PROVINCE)]["not_reported"]) == (1, 1)


def test_the_rule_of_the_nearest_unit_decides_what_partly_is() -> None:
    def attended(*rules: RuleEvent) -> tuple[int, int]:
        found = sums(tally(*rules), {(str(CELL), "2026-03"): MONTH}, "2026-03", END)
        return found[str(PROVINCE)]["attended"], found[str(PROVINCE)]["partly"]

    def rule(unit_id: UUID, *, both: bool, day: date = SINCE) -> PresenceRuleDecided:
        return PresenceRuleDecided(unit_id=unit_id, both_calls_needed=both, valid_from=day, source="x")

    assert attended() == (9, 0)
    assert attended(rule(PROVINCE, both=True)) == (6, 3)
    assert attended(rule(PROVINCE, both=True), rule(COMMUNE, both=False)) == (9, 0)
    assert attended(rule(PROVINCE, both=True, day=date(2026, 4, 1))) == (9, 0)
    withdrawn = PresenceRuleWithdrawn(unit_id=COMMUNE, valid_from=SINCE, reason="typo")
    assert attended(rule(PROVINCE, both=True), rule(COMMUNE, both=False), withdrawn) == (6, 3)
    assert attended(rule(COMMUNE, both=False), withdrawn, rule(COMMUNE, both=True)) == (6, 3)
