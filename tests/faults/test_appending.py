"""A process that appends is ended with kill -9 in the middle of its work."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from itertools import pairwise
from pathlib import Path
from uuid import UUID

import pytest

from shared.database.pool import Pool
from shared.eventstore.postgres import PostgresLog
from tests.conformance.appends import append_of

ROOT = Path(__file__).parents[2]


async def appending(url: str, failpoint: str = "") -> Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.faults.appending", url),
        cwd=ROOT,
        stdout=PIPE,
        env={**os.environ, "FAILPOINT": failpoint},
    )


async def answered(process: Process, at_least: int | None = None) -> list[UUID]:
    """Command ids that the process had answers for until its end; it is killed once there are `at_least` of them."""
    assert process.stdout
    lines: list[bytes] = []
    async for line in process.stdout:
        lines.append(line)
        if len(lines) == at_least:
            process.kill()
    await process.wait()
    return [UUID(line.decode().strip()) for line in lines if line.endswith(b"\n")]


@pytest.mark.faults
@pytest.mark.parametrize(("failpoint", "written"), [("log.before_commit", False), ("log.after_commit", True)])
async def test_what_a_process_killed_at_commit_appended_is_there_whole_or_not_at_all(
    log_url: str, log_pool: Pool, failpoint: str, written: bool
) -> None:
    assert await answered(await appending(log_url, failpoint)) == []
    log = PostgresLog(log_pool, "notes")
    await log.append(append_of(stream="after"))  # waits for the lock of the killed one
    rows = [row for row in await log.read(after=0) if row.stream != "after"]
    assert (len(rows) > 0, len(rows) % 2) == (written, 0)


@pytest.mark.faults
async def test_what_was_answered_is_in_the_log_whole_and_the_next_process_goes_on(log_url: str, log_pool: Pool) -> None:
    for at_least in (300, 700):
        commands = await answered(await appending(log_url), at_least)
        log = PostgresLog(log_pool, "notes")
        # The killed process's transaction may still be going on: an append of ours waits for the lock until it is over.
        await log.append(append_of(stream=f"after {at_least}"))

        rows = await log.read(after=0, limit=1_000_000)
        assert set(commands) <= {row.command_id for row in rows}
        assert all(later.recorded_at >= earlier.recorded_at for earlier, later in pairwise(rows))
        pairs = [row for row in rows if not row.stream.startswith("after")]
        for first, second in zip(pairs[::2], pairs[1::2], strict=True):
            assert (first.command_id, first.n, second.n) == (second.command_id, 0, 1)
            assert (first.stream, first.version + 1) == (second.stream, second.version)
