"""A relay that is behind reads the next batch while it sends one: it gains time by that, and claims nothing."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence

import pytest

from shared.contracts.envelope import Record, RecordedEvent
from shared.eventstore import MemoryLog
from shared.eventstore.log import LogUnavailable
from shared.messaging import relay
from shared.messaging.memory_relay_store import MemoryRelayStore
from shared.messaging.memory_topic import Broker, MemoryTopic
from shared.messaging.recover import verify
from shared.messaging.relay import Term
from shared.messaging.relay_store import Leadership
from shared.messaging.topic import SendFailed
from tests.unit.messaging.test_relay import clock, fill


class WatchedLog(MemoryLog):
    """`asked_after[position]`: somebody reads behind it. `stuck`: such a read never ends; `away`: it fails."""

    def __init__(self) -> None:
        super().__init__("notes")
        self.asked_after: defaultdict[int, asyncio.Event] = defaultdict(asyncio.Event)
        self.stuck: int | None = None
        self.away: int | None = None
        self.cancelled: list[int] = []

    async def read(self, *, after: int, limit: int = 1000) -> Sequence[RecordedEvent]:
        self.asked_after[after].set()
        if after == self.away:
            raise LogUnavailable("away")
        if after == self.stuck:
            try:
                await asyncio.Event().wait()
            finally:
                self.cancelled.append(after)
        return await super().read(after=after, limit=limit)


class WaitingTopic(MemoryTopic):
    """Answers the first send only when the log was asked for what follows it."""

    def __init__(self, broker: Broker, log: WatchedLog, *, fail_after: int | None = None) -> None:
        super().__init__(broker, fail_after=fail_after)
        self._asked = log.asked_after[2]

    async def send(self, batches: Mapping[int, Sequence[Record]]) -> Mapping[int, int]:
        async with asyncio.timeout(5):
            await self._asked.wait()
        return await super().send(batches)


@pytest.fixture(autouse=True)
def _two_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "BATCH_EVENTS", 3)  # of the third nobody knows yet whether its command goes on


@pytest.fixture
async def log() -> WatchedLog:
    log = WatchedLog()
    await fill(log, 8)
    return log


@pytest.fixture
def broker() -> Broker:
    return Broker("notes.events", 3)


@pytest.fixture
async def leadership() -> AsyncIterator[Leadership]:
    async with MemoryRelayStore().lead() as leading:
        assert leading is not None
        yield leading


async def test_the_next_batch_is_read_while_one_is_sent_and_sent_after_it(
    log: WatchedLog, broker: Broker, leadership: Leadership
) -> None:
    topic = WaitingTopic(broker, log)
    term = await Term.begin(log, topic, leadership, clock)
    sent = [await term.step() for _ in range(5)]
    assert sent == [2, 2, 2, 2, 0]
    assert (await verify(log, topic, await log.head())).is_copy


async def test_what_was_read_ahead_is_not_claimed(log: WatchedLog, broker: Broker, leadership: Leadership) -> None:
    term = await Term.begin(log, WaitingTopic(broker, log), leadership, clock)
    await term.step()
    told = broker.progress["notes"]
    first_unsent = (await log.read(after=2))[0]
    assert (term.checkpoint.position, told.position) == (2, 2)
    assert told.time < first_unsent.recorded_at


async def test_a_failed_send_ends_the_reading_ahead(log: WatchedLog, broker: Broker, leadership: Leadership) -> None:
    log.stuck = 2
    term = await Term.begin(log, WaitingTopic(broker, log, fail_after=1), leadership, clock)
    with pytest.raises(SendFailed):
        await term.step()
    assert log.cancelled == [2]
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_log_that_goes_away_while_a_batch_is_sent_takes_nothing_back(
    log: WatchedLog, broker: Broker, leadership: Leadership
) -> None:
    log.away = 2
    term = await Term.begin(log, WaitingTopic(broker, log), leadership, clock)
    with pytest.raises(LogUnavailable):
        await term.step()
    assert (await leadership.checkpoint()).position == 2
    log.away = None
    again = await Term.begin(log, MemoryTopic(broker), leadership, clock)
    assert [await again.step() for _ in range(4)] == [2, 2, 2, 0]
    assert (await verify(log, MemoryTopic(broker), await log.head())).is_copy
