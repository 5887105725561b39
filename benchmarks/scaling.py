"""What a report costs in milliseconds, asked of reporting's tables, with more and more cells in the deployment.

A report has the unit and those directly below it: of a province all its communes. Of the country: 250,000 cells of 34
provinces. As known before: before the guests of every twentieth cell's meeting were counted.
"""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from statistics import median
from uuid import UUID

import asyncpg

from benchmarks.databases import fresh_database
from deploy.local.postgres import start_postgres
from services.reporting.figures import shifted
from services.reporting.known import EVERYTHING, KnownAsOf
from services.reporting.queries import Reports
from shared.database.migrate import migrate
from shared.database.pool import open_pool, queries

MIGRATIONS = Path(__file__).parents[1] / "services" / "reporting" / "sql" / "migrations"
SQL = queries(Path(__file__).with_name("scaling.sql"))
PERIOD = "2026-03"
MONTHS = 36
SIZES = (1_000, 10_000, 50_000, 250_000)
CELLS_PER_COMMUNE = 75
CELLS_PER_PROVINCE = 7_500
LEVELS = ("country", "province", "commune", "cell")
QUESTIONS = (
    "of a cell",
    "of a commune",
    "of a province",
    "of the country",
    "36 months of a province",
    "a province as known before",
)


def measure(rounds: int) -> str:
    """A table in Markdown: medians in milliseconds."""
    lines = [f"| cells | {' | '.join(QUESTIONS)} |", "|---" * (1 + len(QUESTIONS)) + "|"]
    with tempfile.TemporaryDirectory() as folder:
        postgres = start_postgres(Path(folder) / "postgres")
        try:
            for cells in SIZES:
                lines.append(asyncio.run(_measured(postgres.url, cells, rounds)))
                print(lines[-1], flush=True)
        finally:
            postgres.stop()
    return "\n".join(lines)


async def _measured(server: str, cells: int, rounds: int) -> str:
    async with fresh_database(server) as url:
        await migrate(url, MIGRATIONS)
        await _fill(url, cells)
        pool = await open_pool(url)
        try:
            reports = Reports(pool)
            questions = [partial(_report, reports, level) for level in range(len(LEVELS), 0, -1)]
            questions += [partial(_series, reports), partial(_known_before, reports, cells)]
            times = [await _median(question, rounds) for question in questions]
        finally:
            await pool.close()
    return f"| {cells:,} | {' | '.join(f'{milliseconds:,.0f}' for milliseconds in times)} |"


async def _fill(url: str, cells: int) -> None:
    """As the superuser."""
    numbers = [1, max(1, cells // CELLS_PER_PROVINCE), max(1, cells // CELLS_PER_COMMUNE), cells]
    connection = await asyncpg.connect(url)
    try:
        await SQL.make_ids(connection)
        await SQL.fill_kinds(connection)
        for level, kind in enumerate(LEVELS, 1):
            parents = numbers[max(0, level - 2)]
            await SQL.fill_units(connection, kind=kind, level=level, units=numbers[level - 1], parents=parents)
        await SQL.fill_facts(connection, cells=cells, level=len(LEVELS))
        await SQL.fill_contributions(connection)
        await SQL.fill_months(connection, months=MONTHS)
        await SQL.analyze(connection)
    finally:
        await connection.close()


async def _median(question: Callable[[], Awaitable[None]], rounds: int) -> float:
    """In milliseconds; the first time is left out: it plans the queries."""
    taken = []
    for _ in range(rounds + 1):
        began = time.perf_counter()
        await question()
        taken.append((time.perf_counter() - began) * 1000)
    return median(taken[1:])


async def _report(reports: Reports, level: int) -> None:
    """The unit with those directly below it."""
    figures = (await reports.report(_unit(level), PERIOD)).unit.figures
    assert figures.met == figures.cells > 0


async def _series(reports: Reports) -> None:
    periods = [shifted(PERIOD, -back) for back in range(MONTHS)]
    found = await reports.series(_unit(2), periods, None, KnownAsOf())
    assert all(month.figures and month.figures.met == month.figures.cells > 0 for month in found)


async def _known_before(reports: Reports, cells: int) -> None:
    """Before the guests of every twentieth cell were counted."""
    known = KnownAsOf(positions={"meetings": cells, "attendance": cells, "membership": EVERYTHING})
    figures = (await reports.report(_unit(2), PERIOD, known_as_of=known)).unit.figures
    assert figures.met == figures.cells > 0 == figures.guests


def _unit(level: int) -> UUID:
    """The first of its level."""
    return UUID(f"{level:08x}-0000-0000-0000-{1:012x}")
