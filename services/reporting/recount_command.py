"""`recount`: reads the topics from the beginning to where the projection is, and compares. Exits 1 on a difference."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import asyncpg
import typer
from pydantic import TypeAdapter, ValidationError

from services.reporting.figures import last_day
from services.reporting.known import EVERYTHING
from services.reporting.projections import FactsProjection
from services.reporting.recount import Difference, EventId, Place, Recount, Stored, differences
from services.reporting.rollup import TreeTally, sum_differences, sums
from services.reporting.settings import ReportingSettings
from services.reporting.sql import SQL
from services.reporting.stored import read_stored, stored_sums
from shared.advance import Advance
from shared.command import NOT_WELL, read_settings, run, say
from shared.contracts.envelope import RecordedEvent
from shared.contracts.fields import Period
from shared.database.pool import Connection, answering
from shared.directory.directory import SQL as DIRECTORY
from shared.directory.directory import UnitUnknown
from shared.messaging.copies import rows_of
from shared.messaging.kafka_topic import KafkaTopic
from shared.messaging.store import Place as Partition
from shared.progress import progress

# The consumers that figures come from: facts, and the tree that they are summed over. They share no log.
CONSUMERS = (FactsProjection.name, "directory")

commands = typer.Typer()


@dataclass(frozen=True, slots=True)
class Applied:
    """How far a consumer is on one partition of one log's topic."""

    log_id: str
    partition: int
    position: int
    next_offset: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the tables say, at which positions, without which events: all of one moment."""

    stored: Stored
    applied: tuple[Applied, ...]
    held: frozenset[EventId]


def _checked_period(given: str | None) -> str | None:
    try:
        return None if given is None else TypeAdapter(Period).validate_python(given)
    except ValidationError:
        raise typer.BadParameter("a year and month, such as 2026-03") from None


@dataclass(frozen=True, slots=True)
class Recounted:
    """`months`: of cells, that were compared. `events`: facts that were folded, in scope or not."""

    differences: tuple[Difference, ...]
    months: int
    events: int


@commands.command()
def recount(
    unit: Annotated[UUID | None, typer.Option(help="Only this unit and everything below it.")] = None,
    period: Annotated[
        str | None, typer.Option(help="Only this period, such as 2026-03.", callback=_checked_period)
    ] = None,
) -> None:
    """Computes every cell's month again from the topics, by other code, and names each difference.

    A period's tree is that of its last day. Exit status 1 if anything differs.
    """
    run("reporting", _recount(unit, period))


async def _recount(unit: UUID | None, period: str | None) -> None:
    found = await run_recount(read_settings(ReportingSettings), unit, period)
    for difference in found.differences:
        say(str(difference))
    say(f"recount: {len(found.differences)} differences in {found.months} months of cells ({found.events} events)")
    if found.differences:
        raise typer.Exit(NOT_WELL)


async def run_recount(settings: ReportingSettings, unit: UUID | None = None, period: str | None = None) -> Recounted:
    """Compares what is in scope. Raises `UnitUnknown`, `TopicUnavailable`."""
    async with snapshot_of(settings.database_url) as (connection, taken):
        if unit is not None and not await DIRECTORY.unit_known(connection, unit_id=unit):
            raise UnitUnknown(unit)
        again, tree = await _fold(settings, taken)
        found = list(differences(taken.stored, again))
        # Over the stored leaves: a wrong leaf is named above, once, and not again in every unit above it.
        leaves = taken.stored.months
        for month in sorted({month for _, month in leaves if period in (None, month)}):
            stored = await stored_sums(connection, month)
            found += sum_differences(month, stored, sums(tree, leaves, month, last_day(month)))
        places = {*leaves.keys(), *again.months().keys()}
        asked = await _asked(connection, unit, period, places | {(each.unit_id, each.period) for each in found})
        return Recounted(
            tuple(each for each in found if (each.unit_id, each.period) in asked),
            len(places & asked),
            len(again.events),
        )


async def _asked(connection: Connection, unit: UUID | None, period: str | None, places: set[Place]) -> set[Place]:
    """Those of `places` that are asked for: `unit` and what is below it on the last day of each period."""
    wanted = {place for place in places if period in (None, place[1])}
    if unit is None:
        return wanted
    inside = {place for place in wanted if place[0] == str(unit)}
    for month in {month for _, month in wanted}:
        units = [UUID(found) for found, of in wanted if of == month]
        tree = {"valid_on": last_day(month), "tree_position": EVERYTHING}
        rows = SQL.cells_below(connection, unit_id=unit, units=units, **tree)
        inside |= {(str(row["unit_id"]), month) async for row in rows}
    return inside


async def _fold(settings: ReportingSettings, taken: Snapshot) -> tuple[Recount, TreeTally]:
    """Months and tree from the topics, up to where the consumers are."""
    again, tree = Recount(), TreeTally()
    for log_id in dict.fromkeys(at.log_id for at in taken.applied):
        ends = [at for at in taken.applied if at.log_id == log_id]
        topic = await KafkaTopic.open(settings.brokers, log_id, settings.topic_prefix, sends=False)
        try:
            with progress(f"recount {log_id}", sum(at.next_offset for at in ends)) as advance:
                async for recorded in applied_events(topic, ends, taken.held, advance):
                    again.add(recorded)
                    tree.add(recorded)
        finally:
            await topic.close()
    return again, tree


@asynccontextmanager
async def snapshot_of(database_url: str) -> AsyncIterator[tuple[Connection, Snapshot]]:
    """Figures and positions of one moment: the projections go on meanwhile, and are not waited for."""
    with answering():
        connection = await asyncpg.connect(database_url)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            consumers = list(CONSUMERS)
            applied = [Applied(**dict(row)) async for row in SQL.applied_positions(connection, consumers=consumers)]
            rows = SQL.held_positions(connection, consumers=consumers)
            held = frozenset([(row["log_id"], row["position"]) async for row in rows])
            yield connection, Snapshot(await read_stored(connection), tuple(applied), held)
    finally:
        await connection.close()


async def applied_events(
    topic: KafkaTopic, ends: Sequence[Applied], held: frozenset[EventId], advanced: Advance
) -> AsyncIterator[RecordedEvent]:
    """A topic from offset 0 to where the projection is, without what it holds back or quarantined."""
    for end in ends:
        of = Partition(end.log_id, end.partition)
        async for recorded in rows_of(topic, of, end.next_offset, advance=advanced):
            if recorded.position <= end.position and (recorded.log_id, recorded.position) not in held:
                yield recorded
