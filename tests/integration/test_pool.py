"""What a pooled connection is like when it comes back."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.database.pool import Pool, open_pool


@pytest.fixture
async def pool(log_url: str) -> AsyncIterator[Pool]:
    pool = await open_pool(log_url, max_size=1)
    yield pool
    await pool.close()


async def test_a_short_read_is_one_round_trip(pool: Pool) -> None:
    said: list[str] = []

    def listen(query: Any) -> None:
        said.append(query.query)

    async with pool.acquire() as connection:
        connection.add_query_logger(listen)
    said.clear()
    assert await pool.fetchval("SELECT 1") == 1
    assert said == ["SELECT 1"]


async def test_what_is_open_when_a_connection_is_given_back_is_rolled_back(pool: Pool) -> None:
    async with pool.acquire() as connection:
        await connection.execute("BEGIN")
        await connection.execute("SELECT pg_advisory_xact_lock(1)")
    async with pool.acquire() as connection:
        assert not connection.is_in_transaction()
        assert not await connection.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 1")
