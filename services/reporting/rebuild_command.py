"""`rebuild`: fills an empty database from the topics, far faster than the consumer; the consumer goes on behind it."""

import os
from typing import Annotated

import typer

from services.reporting.rebuild import ends_of, rebuild
from services.reporting.settings import ReportingSettings
from shared.command import read_settings, run, say
from shared.database.pool import answering, open_pool
from shared.progress import progress

# The database waits for the topics, and a statement for nobody else's: neither is cut short.
NO_HURRY = 24 * 3600.0

commands = typer.Typer()


@commands.command(name="rebuild")
def rebuild_command(
    processes: Annotated[
        int, typer.Option(min=1, help="That read the topics side by side; the default: one per processor.")
    ] = os.cpu_count() or 1,
) -> None:
    """Fills the empty, migrated database of DATABASE_URL with the facts of the topics, in one transaction.

    Ends each partition before its first record that is not plain: from there the consumer goes on, as ever.
    """
    run("reporting", _rebuild(processes))


async def _rebuild(processes: int) -> None:
    settings = read_settings(ReportingSettings)
    ends = await ends_of(settings)
    with answering():
        pool = await open_pool(
            settings.database_url,
            application_name="reporting rebuild",
            max_size=1,
            command_timeout=NO_HURRY,
            idle_in_transaction=NO_HURRY,
        )
    try:
        async with pool.acquire() as connection:
            with progress("rebuild", sum(ends.values())) as advance:
                rebuilt = await rebuild(settings, connection, ends, processes, advance)
    finally:
        await pool.close()
    for place, reason in sorted(rebuilt.left.items()):
        say(f"{place.log_id}, partition {place.partition}: the rest is left to the consumer ({reason})")
    say(f"rebuild: {rebuilt.facts} facts; start the worker, and once it has caught up, `recount`")
