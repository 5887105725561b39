"""A consumer of notes over memory, for tests of its core."""

import pytest

from shared.messaging.consumer import Consumer
from shared.messaging.memory_store import MemoryStore
from tests.fixtures.notes import SOURCE, Keeper, Notes


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def keeper() -> Keeper:
    return Keeper()


@pytest.fixture
def consumer(store: MemoryStore, keeper: Keeper) -> Consumer:
    return Consumer(keeper, store, topics={"notes.events": SOURCE})


@pytest.fixture
def notes() -> Notes:
    return Notes()
