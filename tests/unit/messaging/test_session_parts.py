"""Around the core: batches are never skipped, offsets are believed only after a look, standing still is noticed."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError

from shared.contracts.envelope import FetchedRecord, to_record
from shared.messaging import progress_reader, subscription
from shared.messaging.brokers import Brokers
from shared.messaging.consumer import Consumer
from shared.messaging.consumer_status import status
from shared.messaging.intake import Intake, Pace
from shared.messaging.memory_store import MemoryStore
from shared.messaging.progress import ProgressRecord
from shared.messaging.start_offsets import StartOffsets
from shared.messaging.stop_rule import StopRule
from shared.messaging.store import Place, Position
from shared.messaging.topic_peek import TopicPeek
from shared.messaging.watchdog import Watchdog
from tests.fixtures.notes import SOURCE, START, Keeper, Noted, Notes

T0 = TopicPartition("notes.events", 0)
P0 = Place(SOURCE, 0)
PACE = Pace(first_retry=0.001, longest_retry=0.001, retry_when_stopped=0.001, check_every=0.001, stalled_after=0.02)


@dataclass
class Peek:
    """A topic with one partition, looked at without a broker."""

    notes: Notes
    away: int = 0
    looked: list[int] = field(default_factory=list)

    async def partitions(self, topics: Iterable[str]) -> list[TopicPartition]:
        return [TopicPartition(topic, 0) for topic in topics]

    async def ends(self, places: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        if self.away:
            self.away -= 1
            raise KafkaConnectionError("away")
        return {place: len(self.notes.records[place.partition]) for place in places}

    async def record_at(self, place: TopicPartition, offset: int) -> FetchedRecord | None:
        self.looked.append(offset)
        records = self.notes.records[place.partition]
        return records[offset] if offset < len(records) else None


@pytest.fixture
def consumer(store: MemoryStore, keeper: Keeper) -> Consumer:
    rule = StopRule(share=0.1, least=1, window=100)
    return Consumer(keeper, store, topics={"notes.events": SOURCE}, stop_rule=rule)


@pytest.fixture
def peek(notes: Notes) -> Peek:
    return Peek(notes)


async def until(condition: object) -> None:
    assert callable(condition)
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - a poll with a deadline
            await asyncio.sleep(0.001)


class TestIntake:
    async def test_repeats_a_batch_until_it_is_taken(self, consumer: Consumer, keeper: Keeper, notes: Notes) -> None:
        keeper.failures_before_success = 3
        outcome = await Intake(consumer, PACE).take([notes.add("a")])

        assert outcome.applied == 1
        assert keeper.calls == [1, 1, 1, 1]

    async def test_a_stopped_consumer_says_so_stays_up_and_goes_on_after_the_repair(
        self, consumer: Consumer, store: MemoryStore, keeper: Keeper, notes: Notes
    ) -> None:
        bad = [notes.add(key, Noted(text="bad")) for key in ("a", "aa", "aaa")]
        intake = Intake(consumer, PACE)
        taking = asyncio.create_task(intake.take(bad))
        await until(lambda: len(keeper.calls) > 8)

        stopped = await store.stopped("keeper")
        assert stopped is not None
        assert "3 of the last 3" in stopped.reason
        assert intake.busy
        assert (await status(store, ["keeper"]))[0].stopped == stopped

        keeper.bad.clear()
        assert (await taking).applied == 3
        assert await store.stopped("keeper") is None


class TestStartOffsets:
    async def test_starts_at_nothing_without_looking(self, consumer: Consumer, peek: Peek) -> None:
        assert await StartOffsets(consumer, peek).find_all() == {T0: 0}  # type: ignore[arg-type]
        assert peek.looked == []

    async def test_goes_on_where_the_last_event_still_stands(
        self, consumer: Consumer, notes: Notes, peek: Peek
    ) -> None:
        await consumer.handle([notes.add("a"), notes.add("a")])

        assert await StartOffsets(consumer, peek).find_all() == {T0: 2}  # type: ignore[arg-type]
        assert peek.looked == [1]

    @pytest.mark.parametrize("left", [0, 1, 3])
    async def test_starts_over_when_another_record_or_none_stands_there(
        self, consumer: Consumer, store: MemoryStore, notes: Notes, peek: Peek, left: int
    ) -> None:
        await consumer.handle([notes.add("a"), notes.add("a")])
        recreated = Notes()
        for _ in range(left):
            recreated.add("a", Noted(text="shifted"))
        peek.notes.records[0] = recreated.records[0][:1] * left

        assert await StartOffsets(consumer, peek).find_all() == {T0: 0}  # type: ignore[arg-type]
        at = (await store.positions("keeper"))[P0]
        assert (at.position, at.next_offset) == (2, 0)

    async def test_fetches_everything_at_the_second_gap_in_a_row(
        self, consumer: Consumer, notes: Notes, peek: Peek
    ) -> None:
        await consumer.handle([notes.add("a"), notes.add("a")])
        starts = StartOffsets(consumer, peek)  # type: ignore[arg-type]

        assert await starts.after_gap(T0, P0) == (2, 1)
        assert await starts.after_gap(T0, P0) == (0, 2)
        starts.passed(P0)
        assert (await starts.after_gap(T0, P0))[1] == 1


class TestWatchdog:
    def watch(self, consumer: Consumer, peek: Peek, *, excused: bool = False) -> asyncio.Task[str]:
        watchdog = Watchdog(consumer, peek, [T0], PACE)  # type: ignore[arg-type]
        return asyncio.create_task(watchdog.watch(lambda _: excused))

    async def test_asks_for_a_new_session_when_a_position_stands_still_with_lag(
        self, consumer: Consumer, notes: Notes, peek: Peek
    ) -> None:
        await consumer.handle([notes.add("a")])
        notes.add("a")

        assert await asyncio.wait_for(self.watch(consumer, peek), 10) == "stalled"

    async def test_asks_for_a_new_session_when_the_topic_ends_before_the_position(
        self, consumer: Consumer, notes: Notes, peek: Peek
    ) -> None:
        await consumer.handle([notes.add("a")])
        peek.notes.records[0].clear()

        assert await asyncio.wait_for(self.watch(consumer, peek), 10) == "topic recreated"

    async def test_asks_for_a_new_session_when_another_topic_happens_to_be_as_long(
        self, consumer: Consumer, store: MemoryStore, notes: Notes, peek: Peek
    ) -> None:
        """Only what the relay says that it sent tells of it: lag is 0, and no event comes that would open a gap."""
        sent = notes.add("a")
        await consumer.handle([sent, notes.put(0, to_record(notes.rows[0], 0))])
        idle = self.watch(consumer, peek)
        await store.record_progress(ProgressRecord(SOURCE, 1, START, {0: 2}, {0: 1}))
        done, _ = await asyncio.wait([idle], timeout=0.1)
        assert not done

        notes.add("a")
        del notes.records[0][1]
        await store.record_progress(ProgressRecord(SOURCE, 2, START, {0: 2}, {0: 2}))
        assert await asyncio.wait_for(idle, 10) == "topic recreated"

    async def test_leaves_alone_who_has_no_lag_or_a_reason(self, consumer: Consumer, notes: Notes, peek: Peek) -> None:
        await consumer.handle([notes.add("a")])
        idle = self.watch(consumer, peek)
        excused = self.watch(consumer, peek, excused=True)
        done, _ = await asyncio.wait([idle], timeout=0.1)
        assert not done

        notes.add("a")
        assert await asyncio.wait_for(idle, 10) == "stalled"
        assert not excused.done()
        excused.cancel()

    async def test_waits_for_a_broker_that_is_away(self, consumer: Consumer, notes: Notes, peek: Peek) -> None:
        peek.away = 5
        notes.add("a")

        assert await asyncio.wait_for(self.watch(consumer, peek), 10) == "stalled"
        assert peek.away == 0

    async def test_waits_for_a_database_that_refuses(
        self, consumer: Consumer, store: MemoryStore, notes: Notes, peek: Peek, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        refused: list[str] = []
        positions = store.positions

        async def refuse_first(name: str) -> Mapping[Place, Position]:
            if not refused:
                refused.append(name)
                raise RuntimeError("relation does not exist")
            return await positions(name)

        monkeypatch.setattr(store, "positions", refuse_first)
        notes.add("a")

        assert await asyncio.wait_for(self.watch(consumer, peek), 10) == "stalled"
        assert refused


async def test_status_tells_lag_and_what_is_held_per_partition(
    store: MemoryStore, keeper: Keeper, notes: Notes
) -> None:
    consumer = Consumer(keeper, store, topics={"notes.events": SOURCE})
    batch = [
        notes.add("a"),
        notes.add("b", Noted(text="bad")),
        notes.add("b"),
        notes.add("c", Noted(text="x", needs="u")),
    ]
    await consumer.handle(batch)
    await store.record_progress(ProgressRecord(SOURCE, 9, START, {0: 5, 1: 2, 2: 1}))

    (found,) = await status(store, ["keeper"])

    assert [(at.partition, at.position, at.lag, at.waiting, at.parked) for at in found.partitions] == [
        (0, 1, 4, 0, 0),
        (1, 3, 0, 0, 2),
        (2, 4, 0, 1, 0),
    ]
    assert found.partitions[0].lag_seconds > 0
    assert found.partitions[1].lag_seconds == 0
    assert (found.stopped, found.quarantined, found.ignored) == (None, 0, 0)


async def test_a_clients_own_cancellation_does_not_end_the_fetching(
    consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Queue[int]()

    async def run(session: subscription.Session) -> str:
        begun.put_nowait(id(session))
        raise asyncio.CancelledError

    monkeypatch.setattr(subscription.Session, "run", run)
    fetching = asyncio.create_task(subscription.keep_fetching(Brokers("nowhere"), Intake(consumer, PACE), PACE))
    assert await asyncio.wait_for(begun.get(), 10)
    assert await asyncio.wait_for(begun.get(), 10)
    fetching.cancel()
    await asyncio.wait([fetching])
    assert fetching.cancelled()


@pytest.mark.parametrize("raised", [None, KafkaConnectionError()])
async def test_fetching_ends_when_asked_though_a_client_swallows_its_cancellation(
    consumer: Consumer, monkeypatch: pytest.MonkeyPatch, raised: Exception | None
) -> None:
    begun = asyncio.Event()

    async def run(_: subscription.Session) -> str:
        first = not begun.is_set()
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if not first:
                raise
        if raised:
            raise raised
        return "ended"

    monkeypatch.setattr(subscription.Session, "run", run)
    fetching = asyncio.create_task(subscription.keep_fetching(Brokers("nowhere"), Intake(consumer, PACE), PACE))
    await begun.wait()
    fetching.cancel()
    await asyncio.wait([fetching], timeout=10)
    assert fetching.cancelled()


async def test_a_clients_own_cancellation_does_not_end_the_reading_of_progress(
    store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Queue[str]()

    class Opened:
        async def __aenter__(self) -> None:
            begun.put_nowait("again")
            raise asyncio.CancelledError

        async def __aexit__(self, *_: object) -> None:
            """Never reached."""

    monkeypatch.setattr(TopicPeek, "open", lambda _: Opened())
    monkeypatch.setattr(progress_reader, "RETRY_SECONDS", 0.001)
    reading = asyncio.create_task(progress_reader.follow_progress(Brokers("nowhere"), store, {"notes": "notes"}, []))
    assert await asyncio.wait_for(begun.get(), 10)
    assert await asyncio.wait_for(begun.get(), 10)
    reading.cancel()
    await asyncio.wait([reading])
    assert reading.cancelled()


async def test_a_clients_own_cancellation_does_not_end_the_fetching_again_after_a_gap(
    consumer: Consumer, peek: Peek, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, sought = iter((asyncio.CancelledError(), (3, 1))), list[tuple[str, int | None]]()

    class Kafka:
        def seek(self, _: TopicPartition, offset: int) -> None:
            sought.append(("seek", offset))

        def resume(self, _: TopicPartition) -> None:
            sought.append(("resume", None))

    async def after_gap(*_: object) -> object:
        found = next(looks)
        if isinstance(found, BaseException):
            raise found
        return found

    monkeypatch.setattr(StartOffsets, "after_gap", after_gap)
    session = subscription.Session(Brokers("nowhere"), Intake(consumer, PACE), PACE)
    session._kafka = Kafka()
    starts = StartOffsets(consumer, peek)  # type: ignore[arg-type]
    session._fetching_again[T0] = again = asyncio.create_task(session._fetch_again(starts, T0, P0))
    await asyncio.wait([again])
    assert not again.cancelled()
    assert sought == [("seek", 3), ("resume", None)]
