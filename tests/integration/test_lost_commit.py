"""The answer to COMMIT is lost, or the database stays away: nobody is told anything that is not so."""

import asyncio
from collections.abc import Sequence
from uuid import uuid4

import asyncpg
import pytest

from shared.database.pool import Pool, open_pool
from shared.eventstore import Claim, LogUnavailable
from shared.eventstore.group_commit import GroupCommitLog
from shared.eventstore.postgres import PostgresLog
from tests.conformance.appends import append_of
from tests.fixtures.commit_proxy import Lost, commit_proxy
from tests.fixtures.logs import waits_for_lock


@pytest.mark.parametrize("lost", [Lost.BEFORE, Lost.AFTER])
async def test_after_a_lost_commit_every_command_is_written_once_and_answered_with_its_rows(
    log_url: str, log_pool: Pool, lost: Lost
) -> None:
    appends = [append_of("a", "b", stream=f"note-{n}") for n in range(5)]
    async with commit_proxy(log_url, lost) as (proxy, url):
        pool = await open_pool(url)
        async with GroupCommitLog(pool, "notes") as log:
            answers = await asyncio.gather(*(log.append(append) for append in appends))
        await pool.close()
    assert proxy.commits_lost == 1
    stored = await PostgresLog(log_pool, "notes").read(after=0)
    assert [row for rows in answers for row in rows] == list(stored)


async def test_a_commit_that_is_still_under_way_is_waited_for_before_it_is_looked_up(
    log_url: str, log_pool: Pool, log_owner: asyncpg.Connection
) -> None:
    """Without the log's lock the look-up would find nothing, the command would be tried again and refused."""
    append = append_of("a", "b", claims=[Claim("name", "an", "note-1")])
    async with commit_proxy(log_url, Lost.LATE) as (proxy, url):
        pool = await open_pool(url)
        answer = asyncio.create_task(PostgresLog(pool, "notes").append(append))
        await waits_for_lock(log_owner)
        assert not answer.done()
        proxy.let_go.set()
        rows = await answer
        await pool.close()
    assert list(rows) == list(await PostgresLog(log_pool, "notes").read(after=0))


async def test_a_statement_that_arrives_after_it_was_repeated_stores_nothing(log_url: str, log_pool: Pool) -> None:
    async with commit_proxy(log_url, Lost.LATE) as (proxy, url):
        pool = await open_pool(url)
        rows = await PostgresLog(pool, "notes").append(append_of("a", "b"))
        proxy.let_go.set()
        await pool.close()
    assert proxy.commits_lost == 1
    log = PostgresLog(log_pool, "notes")
    await log.append(append_of("after", stream="after"))  # waits for the lock of the late one
    assert list(rows) == [row for row in await log.read(after=0) if row.stream != "after"]


async def test_a_database_that_stays_away_is_said_to_be(log_pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object) -> Sequence[object]:
        raise ConnectionRefusedError("away")

    monkeypatch.setattr("shared.eventstore.postgres.write", away)
    with pytest.raises(LogUnavailable) as refused:
        await PostgresLog(log_pool, "notes").append(append_of())
    assert refused.value.status == 503
    assert isinstance(refused.value.__cause__, ConnectionRefusedError)


async def test_reads_of_a_database_that_is_away_say_so(log_pool: Pool) -> None:
    log = PostgresLog(log_pool, "notes")
    await log_pool.close()
    for read in (log.head(), log.read(after=0), log.read_stream("a"), log.find_command(uuid4())):
        with pytest.raises(LogUnavailable):
            await read
