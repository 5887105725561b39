"""Every outcome that an event can have at a consumer."""

import dataclasses

import pytest

from shared.contracts.envelope import FetchedRecord, Record, to_record
from shared.messaging.consumer import Consumer
from shared.messaging.memory_store import MemoryStore
from shared.messaging.parking import redrive
from shared.messaging.stop_rule import ConsumerStopped, StopRule
from shared.messaging.store import HeldState, KeyOf, Place
from tests.fixtures.notes import SOURCE, Keeper, Noted, Notes, Scribbled, recorded


def note(text: str, needs: str | None = None, brings: str | None = None) -> Noted:
    return Noted(text=text, needs=needs, brings=brings)


async def held(store: MemoryStore) -> dict[str, tuple[HeldState, int]]:
    return {key.of.key: (key.state, key.events) for _, key in await store.held_keys()}


async def position(store: MemoryStore, partition: int = 0) -> tuple[int, int]:
    at = (await store.positions("keeper"))[Place(SOURCE, partition)]
    return at.position, at.next_offset


async def test_applies_a_batch_of_several_partitions_at_once(
    consumer: Consumer, store: MemoryStore, keeper: Keeper, notes: Notes
) -> None:
    for key in ("a", "b", "a"):
        notes.add(key)

    outcome = await consumer.handle(notes.all())

    assert outcome.applied == 3
    assert keeper.calls == [3]
    assert store.effects == {"a": ["note 1", "note 3"], "b": ["note 2"]}
    assert (await position(store, 0), await position(store, 1)) == ((3, 2), (2, 1))


async def test_drops_what_it_has_seen_whatever_the_offset(consumer: Consumer, store: MemoryStore, notes: Notes) -> None:
    first, second = notes.add("a"), notes.add("a")
    await consumer.handle([first, second])

    again = dataclasses.replace(first, offset=2)
    outcome = await consumer.handle([again])

    assert (outcome.applied, outcome.duplicates) == (0, 1)
    assert store.effects == {"a": ["note 1", "note 2"]}
    assert await position(store) == (2, 3)


async def test_a_duplicate_fetched_from_elsewhere_does_not_move_the_offset(
    consumer: Consumer, store: MemoryStore, notes: Notes
) -> None:
    first = notes.add("a")
    await consumer.handle([first])

    await consumer.handle([dataclasses.replace(first, offset=77)])

    assert await position(store) == (1, 1)


async def test_a_failure_in_a_large_batch_is_looked_for_in_small_transactions(
    consumer: Consumer, store: MemoryStore, keeper: Keeper, notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("application", "consumer"):
        monkeypatch.setattr(f"shared.messaging.{module}.ONE_BY_ONE", 2)
    for text in ("1", "2", "3", "bad", "5"):
        notes.add("b" if text == "bad" else "a", note(text))
    notes.add("b", note("6"))

    outcome = await consumer.handle(notes.all())

    assert keeper.calls == [6, 2, 2, 2, 1]
    assert (outcome.applied, outcome.parked, outcome.gaps) == (4, 2, {})
    assert store.effects == {"a": ["1", "2", "3", "5"]}
    assert await held(store) == {"b": (HeldState.PARKED, 2)}
    assert (await position(store, 0), await position(store, 1)) == ((5, 4), (6, 2))


async def test_parts_of_a_large_batch_say_which_gaps_they_met(
    consumer: Consumer, store: MemoryStore, notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("application", "consumer"):
        monkeypatch.setattr(f"shared.messaging.{module}.ONE_BY_ONE", 2)
    first, _missing, third = notes.add("a"), notes.add("a"), notes.add("a")
    behind = [notes.add("b", note("bad")), notes.add("c"), notes.add("c")]

    outcome = await consumer.handle([first, third, *behind])

    assert list(outcome.gaps) == [Place(SOURCE, 0)]
    assert (outcome.applied, outcome.parked) == (3, 1)
    assert await position(store) == (1, 1)


async def test_applies_nothing_from_a_gap_on(consumer: Consumer, store: MemoryStore, notes: Notes) -> None:
    first, _missing, third = notes.add("a"), notes.add("a"), notes.add("a")
    other = notes.add("b")

    outcome = await consumer.handle([first, third, other])

    assert list(outcome.gaps) == [Place(SOURCE, 0)]
    assert store.effects == {"a": ["note 1"], "b": ["note 4"]}
    assert await position(store) == (1, 1)


async def test_quarantines_a_record_that_contradicts_the_log(
    consumer: Consumer, store: MemoryStore, notes: Notes
) -> None:
    await consumer.handle([notes.add("a"), notes.add("a")])
    forged = notes.put(0, to_record(recorded(1000, "a"), prev=0))

    outcome = await consumer.handle([forged, notes.add("a")])

    assert (outcome.quarantined, outcome.applied) == (1, 1)
    assert await position(store) == (3, 4)


async def test_ignores_and_counts_a_type_it_does_not_declare(
    consumer: Consumer, store: MemoryStore, notes: Notes
) -> None:
    outcome = await consumer.handle([notes.add("a", Scribbled()), notes.add("a")])

    assert (outcome.ignored, outcome.applied) == (1, 1)
    assert await store.ignored("keeper") == {(SOURCE, "Scribbled"): 1}


async def test_parks_a_key_whose_event_fails_and_goes_on_with_the_others(
    consumer: Consumer, store: MemoryStore, notes: Notes
) -> None:
    batch = [notes.add("a", note("good")), notes.add("a", note("bad")), notes.add("a", note("later"))]

    outcome = await consumer.handle([*batch, notes.add("b", note("other"))])

    assert (outcome.applied, outcome.parked) == (2, 2)
    assert store.effects == {"a": ["good"], "b": ["other"]}
    assert await held(store) == {"a": (HeldState.PARKED, 2)}


async def test_holds_later_batches_of_a_parked_key(consumer: Consumer, store: MemoryStore, notes: Notes) -> None:
    await consumer.handle([notes.add("a", note("bad"))])

    outcome = await consumer.handle([notes.add("a", note("later")), notes.add("ax", note("same partition"))])

    assert (outcome.applied, outcome.parked) == (1, 1)
    assert await held(store) == {"a": (HeldState.PARKED, 2)}


@pytest.mark.parametrize("data", ["not json", '{"text": 7}', "x" * 2_000_000], ids=["not json", "wrong schema", "2 MB"])
async def test_parks_a_declared_event_that_cannot_be_decoded(
    consumer: Consumer, store: MemoryStore, notes: Notes, data: str
) -> None:
    outcome = await consumer.handle([notes.add("a", data=data), notes.add("b")])

    assert (outcome.applied, outcome.parked) == (1, 1)
    assert await held(store) == {"a": (HeldState.PARKED, 1)}


async def test_an_undecodable_event_stays_behind_an_earlier_failure_of_its_key(
    consumer: Consumer, store: MemoryStore, notes: Notes
) -> None:
    await consumer.handle([notes.add("a", note("x", needs="unit:1")), notes.add("a", data="{}")])

    assert await held(store) == {"a": (HeldState.WAITING, 2)}


@pytest.mark.parametrize("name", ["ce_id", "ce_type", "extra"])
async def test_parks_an_event_with_a_damaged_header_beside_a_readable_place(
    consumer: Consumer, store: MemoryStore, notes: Notes, name: str
) -> None:
    record = to_record(recorded(1, "a"), prev=0)
    headers = tuple((known, value) for known, value in record.headers if known != name)
    damaged = notes.put(0, Record(record.key, record.value, (*headers, (name, b"\xff\xfe"))))

    outcome = await consumer.handle([damaged])

    assert outcome.parked == 1
    assert await held(store) == {"a": (HeldState.PARKED, 1)}


def without(record: Record, name: str) -> Record:
    return dataclasses.replace(record, headers=tuple(header for header in record.headers if header[0] != name))


def with_header(record: Record, name: str, value: bytes) -> Record:
    return dataclasses.replace(without(record, name), headers=(*without(record, name).headers, (name, value)))


GOOD = to_record(recorded(1, "a"), prev=0)
UNREADABLE = {
    "no headers": Record(b"a", b"{}", ()),
    "no value, no key": Record(None, None, ()),  # type: ignore[arg-type]
    "no source": without(GOOD, "ce_source"),
    "no position": without(GOOD, "ce_sequence"),
    "position is no number": with_header(GOOD, "ce_sequence", b"seven"),
    "position is negative": with_header(GOOD, "ce_sequence", b"-1"),
    "position above bigint": with_header(GOOD, "ce_sequence", b"9" * 30),
    "position not UTF-8": with_header(GOOD, "ce_sequence", b"\xff"),
    "source not UTF-8": with_header(GOOD, "ce_source", b"\xff\xfe"),
    "source of another topic": with_header(GOOD, "ce_source", b"elsewhere"),
    "source with NUL": with_header(GOOD, "ce_source", b"\x00"),
    "header without value": Record(b"a", b"{}", (("ce_source", None),)),  # type: ignore[arg-type]
    "log is not JSON": with_header(GOOD, "log", b"{"),
    "log is too deep": with_header(GOOD, "log", b"[" * 200_000),
}


@pytest.mark.parametrize("record", UNREADABLE.values(), ids=UNREADABLE.keys())
async def test_quarantines_what_has_no_readable_place_and_goes_on(
    consumer: Consumer, store: MemoryStore, notes: Notes, record: Record
) -> None:
    placed = notes.put(0, record)

    outcome = await consumer.handle([placed, notes.add("a")])
    await consumer.handle([placed])

    assert (outcome.quarantined, outcome.applied) == (1, 1)
    assert [kept.record.offset for _, kept in await store.quarantined()] == [placed.offset]
    assert await held(store) == {}


async def test_a_key_with_nul_is_parked_under_a_key_that_can_be_stored(
    consumer: Consumer, store: MemoryStore, notes: Notes
) -> None:
    nul = notes.put(0, dataclasses.replace(to_record(recorded(1, "a"), prev=0), key=b"a\x00"))

    await consumer.handle([nul])

    assert await held(store) == {"a\ufffd": (HeldState.PARKED, 1)}


async def test_waits_for_a_name_and_goes_on_when_it_is_announced(
    consumer: Consumer, store: MemoryStore, notes: Notes
) -> None:
    await consumer.handle([notes.add("a", note("first", needs="unit:1")), notes.add("a", note("second"))])
    assert await held(store) == {"a": (HeldState.WAITING, 2)}

    await consumer.handle([notes.add("b", note("unit", brings="unit:1"))])
    await consumer.release()

    assert store.effects["a"] == ["first", "second"]
    assert await held(store) == {}


async def test_a_name_announced_later_in_the_same_batch_releases_who_waits(
    consumer: Consumer, store: MemoryStore, notes: Notes
) -> None:
    await consumer.handle([notes.add("a", note("first", needs="unit:1")), notes.add("b", note("x", brings="unit:1"))])
    assert await consumer.release() == 1

    assert store.effects["a"] == ["first"]
    assert await held(store) == {}


async def test_an_event_behind_a_waiting_one_is_not_overtaken_by_a_new_one(
    consumer: Consumer, store: MemoryStore, notes: Notes
) -> None:
    await consumer.handle([notes.add("a", note("first", needs="unit:1"))])
    await consumer.handle([notes.add("b", note("unit", brings="unit:1"))])
    await consumer.handle([notes.add("a", note("second"))])
    await consumer.release()

    assert store.effects["a"] == ["first", "second"]


async def test_another_consumers_announcement_releases_who_waits(store: MemoryStore, notes: Notes) -> None:
    directory = Consumer(Keeper("directory"), store, topics={"notes.events": SOURCE})
    facts = Consumer(Keeper("facts"), store, topics={"meetings.events": "meetings"})
    meetings = Notes("meetings", "meetings.events")
    await facts.handle([meetings.add("a", note("meeting", needs="unit:1"))])

    await directory.handle([notes.add("b", note("unit", brings="unit:1"))])

    assert await directory.release() == 0
    assert await facts.release() == 1
    assert store.effects["a"] == ["meeting"]


async def test_waits_again_when_the_next_name_is_missing(consumer: Consumer, store: MemoryStore, notes: Notes) -> None:
    await consumer.handle([notes.add("a", note("first", needs="unit:1")), notes.add("a", note("next", needs="unit:2"))])
    await consumer.handle([notes.add("b", note("unit", brings="unit:1"))])
    await consumer.release()

    ((_, key),) = await store.held_keys()
    assert (key.state, key.waits_for, key.events) == (HeldState.WAITING, "unit:2", 1)
    assert store.effects["a"] == ["first"]


async def test_parks_an_unknown_name_of_its_own_key(consumer: Consumer, store: MemoryStore, notes: Notes) -> None:
    await consumer.handle([notes.add("a", note("moved", needs=f"{SOURCE}/a"))])

    assert await held(store) == {"a": (HeldState.PARKED, 1)}


async def test_parks_a_waiting_key_when_the_name_turns_out_to_be_its_own(
    consumer: Consumer, store: MemoryStore, notes: Notes
) -> None:
    await consumer.handle([notes.add("a", note("moved", needs="unit:1"))])
    await consumer.handle([notes.add("a", note("registered", brings="unit:1"))])

    assert await held(store) == {"a": (HeldState.PARKED, 2)}


async def test_a_transient_error_undoes_the_batch_and_is_raised(
    consumer: Consumer, store: MemoryStore, keeper: Keeper, notes: Notes
) -> None:
    batch = [notes.add("a", note("good")), notes.add("b", note("away"))]

    with pytest.raises(OSError, match="away"):
        await consumer.handle(batch)

    assert store.effects == {}
    assert await store.positions("keeper") == {}
    assert keeper.calls == [2]


class TestStopRule:
    """At most a tenth of the recent events may fail, once more than two have."""

    @pytest.fixture
    def consumer(self, store: MemoryStore, keeper: Keeper) -> Consumer:
        rule = StopRule(share=0.1, least=2, window=100)
        return Consumer(keeper, store, topics={"notes.events": SOURCE}, stop_rule=rule)

    def bad(self, notes: Notes, count: int) -> list[FetchedRecord]:
        return [notes.add(f"a{len(notes.rows)}", note("bad")) for _ in range(count)]

    async def test_stops_and_parks_nothing_of_the_batch(
        self, consumer: Consumer, store: MemoryStore, notes: Notes
    ) -> None:
        await consumer.handle(self.bad(notes, 2))

        with pytest.raises(ConsumerStopped, match="3 of the last 3"):
            await consumer.handle(self.bad(notes, 1))

        assert len(await store.held_keys()) == 2
        assert await position(store) == (2, 2)

    async def test_does_not_stop_for_few_among_many(self, consumer: Consumer, notes: Notes) -> None:
        await consumer.handle([notes.add("a") for _ in range(60)])

        outcome = await consumer.handle(self.bad(notes, 5))

        assert outcome.parked == 5

    async def test_a_long_queue_behind_one_failure_stops_nobody(self, consumer: Consumer, notes: Notes) -> None:
        outcome = await consumer.handle([notes.add("a", note("bad")), *(notes.add("a") for _ in range(50))])

        assert outcome.parked == 51

    async def test_goes_on_after_the_repair(
        self, consumer: Consumer, keeper: Keeper, store: MemoryStore, notes: Notes
    ) -> None:
        batch = self.bad(notes, 3)
        with pytest.raises(ConsumerStopped):
            await consumer.handle(batch)
        keeper.bad.clear()

        outcome = await consumer.handle(batch)

        assert outcome.applied == 3
        with pytest.raises(LookupError):
            await redrive(store, keeper, KeyOf(SOURCE, "a0"))
