"""`python -m benchmarks.scaling`: what a report costs, and what its tables hold, with more and more cells."""

import asyncio
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Annotated
from uuid import UUID

import asyncpg
import typer

from benchmarks.databases import fresh_database
from deploy.local.postgres import start_postgres
from services.reporting.queries import Reports
from shared.database.migrate import migrate
from shared.database.pool import open_pool, queries

MIGRATIONS = Path(__file__).parents[1] / "services" / "reporting" / "sql" / "migrations"
SQL = queries(Path(__file__).with_name("scaling.sql"))
CELLS_PER_COMMUNE = 75
CELLS_PER_PROVINCE = 7_500
LEVELS = ("country", "province", "commune", "cell")


def main(
    cells: Annotated[list[int], typer.Option(help="How many; may be repeated.")] = [1_000, 10_000, 50_000, 250_000],  # noqa: B006
    months: int = 3,
    rounds: int = 5,
) -> None:
    """Starts PostgreSQL for itself. Times are medians in milliseconds."""
    print("| cells | a cell | a commune | a province | the country | MB a month of cells | MB of units |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        postgres = start_postgres(Path(folder) / "postgres")
        try:
            for number in cells:
                print(asyncio.run(_measured(postgres.url, number, months, rounds)), flush=True)
        finally:
            postgres.stop()


async def _measured(server: str, cells: int, months: int, rounds: int) -> str:
    async with fresh_database(server) as url:
        await migrate(url, MIGRATIONS)
        await _fill(url, cells, months)
        pool = await open_pool(url)
        try:
            times = [await _report(pool, _unit(level), rounds) for level in range(len(LEVELS), 0, -1)]
            month = await SQL.table_bytes(pool, table="cell_month") / months
            units = await SQL.table_bytes(pool, table="unit_version")
        finally:
            await pool.close()
    costs = " | ".join(f"{milliseconds:,.0f}" for milliseconds in times)
    return f"| {cells:,} | {costs} | {month / 1e6:.1f} | {units / 1e6:.1f} |"


async def _fill(url: str, cells: int, months: int) -> None:
    """As the superuser."""
    numbers = [1, max(1, cells // CELLS_PER_PROVINCE), max(1, cells // CELLS_PER_COMMUNE), cells]
    connection = await asyncpg.connect(url)
    try:
        await SQL.make_ids(connection)
        await SQL.fill_kinds(connection)
        for level, kind in enumerate(LEVELS, 1):
            parents = numbers[max(0, level - 2)]
            await SQL.fill_units(connection, kind=kind, level=level, units=numbers[level - 1], parents=parents)
        await SQL.fill_months(connection, months=months)
        await SQL.analyze(connection)
    finally:
        await connection.close()


async def _report(pool: asyncpg.Pool, unit: UUID, rounds: int) -> float:
    reports, taken = Reports(pool), []
    for _ in range(rounds):
        began = time.perf_counter()
        figures = (await reports.report(unit, "2026-03")).unit.figures
        taken.append((time.perf_counter() - began) * 1000)
        assert figures.met == figures.cells > 0
    return median(taken)


def _unit(level: int) -> UUID:
    """The first of its level."""
    return UUID(f"{level:08x}-0000-0000-0000-{1:012x}")


if __name__ == "__main__":
    typer.run(main)
