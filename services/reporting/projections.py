"""Events of meetings, attendance and evaluation -> facts, contributions and the months of cells."""

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from uuid import UUID

import asyncpg

from services.reporting import facts
from services.reporting.sql import SQL
from shared.contracts import membership
from shared.contracts.evaluation import CriteriaSetPublished, CriteriaSetWithdrawn
from shared.contracts.event import EventTypes, declared_in
from shared.messaging.handler import Received, Tx

Place = tuple[UUID, str]
# Meetings that are computed by one statement: what it sorts and joins of them fits into memory.
MEETINGS = 2_500

TREE_EVENTS = [event for event in declared_in(membership) if event.__name__.startswith("Unit")]


class FactsProjection:
    """Keeps every fact, and sums again the months of those cells that a batch says something about.

    A batch costs the same few statements whatever its size: each meeting is computed once per batch, not per event.
    """

    name = "reporting.facts"
    sources = facts.SOURCES
    types = facts.TYPES
    max_records = 10_000

    async def apply(self, tx: Tx, batch: Sequence[Received]) -> None:
        await SQL.lock_figures(tx)
        rules = [
            facts.rule_of(received.recorded, received.event) for received in batch if facts.is_rule(received.event)
        ]
        if rules:
            await keep_rules(tx, rules)
        kept = [
            facts.fact_of(received.recorded, received.event) for received in batch if not facts.is_rule(received.event)
        ]
        if kept:
            await keep_facts(tx, kept)
            await refresh(tx, {fact.meeting_id for fact in kept})

    async def figures(self, tx: Tx, batch: Sequence[Received]) -> Mapping[str, object]:
        """The months that the batch's meetings stand in, indicator by indicator: a dry run compares them."""
        meetings = {
            UUID(str(meeting)) for received in batch if (meeting := getattr(received.event, "meeting_id", None))
        }
        months = [dict(row) async for row in SQL.months_of_meetings(tx, meetings=sorted(meetings))]
        return {
            f"{month['unit_id']} {month['period']} {indicator}": value
            for month in months
            for indicator, value in month.items()
            if indicator not in ("unit_id", "period")
        }


class TreePositions:
    """When each change of the tree was recorded, so that a time can be turned into a position of membership's log."""

    name = "reporting.tree"
    sources = ("membership",)
    types = EventTypes(TREE_EVENTS)

    async def apply(self, tx: Tx, batch: Sequence[Received]) -> None:
        await SQL.keep_tree_positions(
            tx,
            log_ids=[received.recorded.log_id for received in batch],
            positions=[received.recorded.position for received in batch],
            times=[received.recorded.recorded_at for received in batch],
        )


class RatingNames:
    """What the ratings of criteria sets are called: pages show names, figures keep codes."""

    name = "reporting.criteria"
    sources = ("evaluation",)
    types = EventTypes([CriteriaSetPublished, CriteriaSetWithdrawn])

    async def apply(self, tx: Tx, batch: Sequence[Received]) -> None:
        bands = [
            (received.recorded, received.event, band)
            for received in batch
            if isinstance(received.event, CriteriaSetPublished)
            for band in received.event.bands
        ]
        await SQL.keep_bands(
            tx,
            log_ids=[recorded.log_id for recorded, _, _ in bands],
            positions=[recorded.position for recorded, _, _ in bands],
            criteria_sets=[published.criteria_set for _, published, _ in bands],
            revisions=[published.revision for _, published, _ in bands],
            ratings=[band.rating for _, _, band in bands],
            names=[band.name for _, _, band in bands],
            points=[band.at_least for _, _, band in bands],
        )
        gone = [received.event for received in batch if isinstance(received.event, CriteriaSetWithdrawn)]
        await SQL.withdraw_bands(
            tx, criteria_sets=[event.criteria_set for event in gone], revisions=[event.revision for event in gone]
        )


async def keep_facts(tx: Tx, kept: Sequence[facts.Fact]) -> None:
    """By COPY, at half the cost of an INSERT; unless one is there already, which only an INSERT passes over."""
    try:
        async with tx.transaction():
            await tx.copy_records_to_table("meeting_fact", records=kept, columns=facts.Fact._fields)
    except asyncpg.UniqueViolationError:
        await _keep_missing(tx, kept)


async def _keep_missing(tx: Tx, kept: Sequence[facts.Fact]) -> None:
    await SQL.keep_missing_facts(
        tx,
        log_ids=[fact.log_id for fact in kept],
        positions=[fact.position for fact in kept],
        event_ids=[fact.event_id for fact in kept],
        times=[fact.recorded_at for fact in kept],
        meeting_ids=[fact.meeting_id for fact in kept],
        types=[fact.type for fact in kept],
        member_ids=[fact.member_id for fact in kept],
        unit_ids=[fact.unit_id for fact in kept],
        periods=[fact.period for fact in kept],
        bodies=[fact.data for fact in kept],
        digests=[fact.digest for fact in kept],
    )


async def keep_rules(tx: Tx, rules: Sequence[facts.PresenceRule]) -> None:
    await SQL.keep_rules(
        tx,
        log_ids=[rule.log_id for rule in rules],
        positions=[rule.position for rule in rules],
        unit_ids=[rule.unit_id for rule in rules],
        days=[rule.valid_from for rule in rules],
        needed=[rule.both_calls_needed for rule in rules],
        sources=[rule.source for rule in rules],
        times=[rule.recorded_at for rule in rules],
    )


async def refresh(tx: Tx, meetings: Iterable[UUID]) -> None:
    """Computes these meetings again and sums the months they left and the months they are in now."""
    ids = sorted(meetings, key=attrgetter("int"))  # of two UUIDs Python would ask which is the smaller
    for first in range(0, len(ids), MEETINGS):
        await _refresh(tx, ids[first : first + MEETINGS])


async def _refresh(tx: Tx, ids: Sequence[UUID]) -> None:
    left = [place async for place in SQL.forget_contributions(tx, meetings=ids)]
    entered = [place async for place in SQL.compute_contributions(tx, meetings=ids)]
    places: list[Place] = sorted({(row["unit_id"], row["period"]) for row in (*left, *entered)})
    units, periods = [unit for unit, _ in places], [period for _, period in places]
    await SQL.forget_months(tx, units=units, periods=periods)
    await SQL.sum_months(tx, units=units, periods=periods)
