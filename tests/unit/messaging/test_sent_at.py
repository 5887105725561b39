"""When a record was sent is known while the record comes from Kafka, reaches the handler, and is never a danger."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from shared.contracts.envelope import FetchedRecord
from shared.messaging.consumer import Consumer
from shared.messaging.handler import Received
from shared.messaging.kafka_topic import fetched
from shared.messaging.memory_store import MemoryStore
from tests.fixtures.notes import SOURCE, Keeper, Notes

SENT = datetime(2026, 3, 15, 3, 0, 0, 250_000, tzinfo=UTC)


def record(timestamp: int | None) -> FetchedRecord:
    return fetched(
        SimpleNamespace(
            topic="notes.events", partition=0, offset=7, key=b"k", value=b"{}", headers=(), timestamp=timestamp
        )
    )


def test_a_fetched_record_says_when_it_was_sent() -> None:
    assert record(round(SENT.timestamp() * 1000)).sent_at == SENT


@pytest.mark.parametrize("timestamp", [None, -1, 0, 2**62, 10**15])
def test_a_time_that_no_relay_writes_is_not_known(timestamp: int | None) -> None:
    assert record(timestamp).sent_at is None


def test_what_was_sent_at_another_time_is_the_same_record() -> None:
    assert record(1) == record(2)


class Looking(Keeper):
    """Remembers when what it got was sent."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[datetime | None] = []

    async def apply(self, tx: Any, batch: Sequence[Received]) -> None:
        self.sent += [received.sent_at for received in batch]
        await super().apply(tx, batch)


async def test_a_handler_is_told_when_each_event_was_sent(store: MemoryStore, notes: Notes) -> None:
    looking = Looking()
    consumer = Consumer(looking, store, topics={"notes.events": SOURCE})
    await consumer.handle([replace(notes.add("a"), sent_at=SENT), notes.add("b")])
    assert looking.sent == [SENT, None]
