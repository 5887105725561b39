"""What every relay store promises: the double in memory and PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from shared.database.migrate import SHARED_MIGRATIONS
from shared.messaging.memory_relay_store import MemoryRelayStore
from shared.messaging.postgres_relay_store import PostgresRelayStore
from shared.messaging.relay_store import Checkpoint, Fenced, Leadership, RelayStore
from tests.fixtures.databases import DatabaseFactory


@pytest.fixture(params=["memory", "postgres"])
async def store(request: pytest.FixtureRequest, database: DatabaseFactory) -> RelayStore:
    if request.param == "memory":
        return MemoryRelayStore()
    return PostgresRelayStore(await database(*SHARED_MIGRATIONS), session_seconds=4)


async def test_one_leads_at_a_time(store: RelayStore) -> None:
    async with store.lead() as first, store.lead() as second:
        assert first is not None
        assert second is None


async def test_each_leadership_has_a_later_epoch_and_finds_the_checkpoint(store: RelayStore) -> None:
    async with store.lead() as first:
        assert first is not None
        assert await first.checkpoint() == Checkpoint()
        await first.advance(Checkpoint(7, {0: 5, 2: 7}))
    async with leading(store) as second:
        assert second.epoch > first.epoch
        assert await second.checkpoint() == Checkpoint(7, {0: 5, 2: 7})


async def test_a_leader_whose_epoch_is_over_cannot_move_the_checkpoint(store: RelayStore) -> None:
    async with store.lead() as first:
        assert first is not None
        await begin_another_epoch(store)
        with pytest.raises(Fenced):
            await first.advance(Checkpoint(9, {0: 9}))
    async with leading(store) as second:
        assert await second.checkpoint() == Checkpoint()


async def test_a_leader_that_has_nothing_to_send_learns_that_the_log_is_to_be_sent_again(store: RelayStore) -> None:
    async with store.lead() as leadership:
        assert leadership is not None
        await leadership.wait(0.01)
        await store.reset()
        with pytest.raises(Fenced):
            await asyncio.wait_for(wait_for_ever(leadership), 20)


@asynccontextmanager
async def leading(store: RelayStore) -> AsyncIterator[Leadership]:
    """A leadership, as soon as the server has noticed that the session before it is gone."""
    async with asyncio.timeout(20):
        while True:
            async with store.lead() as leadership:
                if leadership is not None:
                    yield leadership
                    return


async def wait_for_ever(leadership: Leadership) -> None:
    while True:
        await leadership.wait(0.1)


async def begin_another_epoch(store: RelayStore) -> None:
    """As another relay does that got the lock because the server ended the first one's session."""
    if isinstance(store, MemoryRelayStore):
        store.epoch += 1
    elif isinstance(store, PostgresRelayStore):
        await store.reset()
