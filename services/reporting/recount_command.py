"""`recount`: reads the topics from the beginning to where the projection is, and compares. Exits 1 on a difference."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Annotated
from uuid import UUID

import asyncpg
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from services.reporting.figures import last_day
from services.reporting.known import EVERYTHING
from services.reporting.projections import FactsProjection
from services.reporting.recount import Difference, EventId, Recount, Stored, differences
from services.reporting.rollup import TreeTally, sum_differences, sums
from services.reporting.settings import ReportingSettings
from services.reporting.sql import SQL
from services.reporting.stored import read_stored, stored_sums
from shared.contracts.envelope import FetchedRecord, RecordedEvent, UnreadableRecord, from_record
from shared.database.pool import Connection
from shared.messaging.kafka_topic import KafkaTopic

# The consumers that figures come from: facts, and the tree that they are summed over. They share no log.
CONSUMERS = (FactsProjection.name, "directory")
BATCH = 2000
Advance = Callable[[float], None]

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


@commands.command()
def recount(
    unit: Annotated[UUID | None, typer.Option(help="Only cells in this unit's subtree.")] = None,
    period: Annotated[str | None, typer.Option(help="Only this period, such as 2026-03.")] = None,
) -> None:
    """Computes every cell's month again from the topics, by other code, and names each difference."""
    settings = ReportingSettings()
    console = Console()
    columns = (TextColumn("recount {task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        found, events = asyncio.run(run_recount(settings, progress, unit, period))
    for difference in found:
        console.print(str(difference), soft_wrap=True, markup=False, highlight=False)
    console.print(f"recount: {len(found)} differences ({events} events)", highlight=False)
    sys.exit(1 if found else 0)


async def run_recount(
    settings: ReportingSettings, progress: Progress, unit: UUID | None, period: str | None
) -> tuple[list[Difference], int]:
    """The differences in scope, and how many facts were folded. Raises `TopicUnavailable`."""
    async with snapshot_of(settings.database_url) as (connection, taken):
        again, tree = Recount(), TreeTally()
        for log_id in dict.fromkeys(at.log_id for at in taken.applied):
            ends = [at for at in taken.applied if at.log_id == log_id]
            task = progress.add_task(log_id, total=sum(at.next_offset for at in ends))
            topic = await KafkaTopic.open(settings.kafka_bootstrap, log_id, settings.topic_prefix)
            try:
                async for recorded in applied_events(topic, ends, taken.held, partial(progress.advance, task)):
                    again.add(recorded)
                    tree.add(recorded)
            finally:
                await topic.close()
        found = list(differences(taken.stored, again))
        # Over the stored leaves: a wrong leaf is named above, once, and not again in every unit above it.
        leaves = taken.stored.months
        for month in sorted({month for _, month in leaves}):
            stored = await stored_sums(connection, month)
            found += sum_differences(month, stored, sums(tree, leaves, month, last_day(month)))
        if period is not None:
            found = [difference for difference in found if difference.period == period]
        if unit is not None:
            found = [difference for difference in found if await _is_below(connection, unit, difference)]
        return found, len(again.events)


@asynccontextmanager
async def snapshot_of(database_url: str) -> AsyncIterator[tuple[Connection, Snapshot]]:
    """Figures and positions of one moment: the projections go on meanwhile, and are not waited for."""
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
    """A topic from offset 0 to where the projection is, without events that it holds back."""
    for end in ends:
        offset = 0
        while offset < end.next_offset:
            records = await topic.read(end.partition, offset, min(BATCH, end.next_offset - offset))
            if not records:
                break
            for recorded in _readable(records):
                if recorded.position <= end.position and (recorded.log_id, recorded.position) not in held:
                    yield recorded
            advanced(records[-1].offset + 1 - offset)
            offset = records[-1].offset + 1


def _readable(records: Iterable[FetchedRecord]) -> Iterator[RecordedEvent]:
    """Leaves out what the consumer quarantines: a record without source or position is no event of any log."""
    for record in records:
        try:
            recorded, _ = from_record(record)
        except UnreadableRecord:
            continue
        yield recorded


async def _is_below(connection: Connection, unit: UUID, difference: Difference) -> bool:
    cell = UUID(difference.unit_id)
    day = last_day(difference.period)
    rows = SQL.cells_below(connection, unit_id=unit, units=[cell], valid_on=day, tree_position=EVERYTHING)
    return cell == unit or cell in {row["unit_id"] async for row in rows}
