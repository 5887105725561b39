"""What every log promises: the double in memory, PostgreSQL append by append, and with group commit."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from shared.contracts.envelope import RecordedEvent
from shared.database.pool import open_pool
from shared.eventstore import (
    AppendRefused,
    Claim,
    ClaimTaken,
    CommandRecorded,
    EventTooLarge,
    Log,
    MemoryLog,
    Release,
    Text,
    VersionConflict,
)
from shared.eventstore.entry import MAX_EVENT_BYTES
from shared.eventstore.group_commit import GroupCommitLog
from shared.eventstore.postgres import PostgresLog
from shared.eventstore.statements import MIGRATIONS
from tests.conformance.appends import EMISSION, METADATA, Reworded, append_of, texts_of
from tests.fixtures.databases import DatabaseFactory

LogFactory = Callable[[], Awaitable[Log]]


@pytest.fixture(params=["memory", "postgres", "group commit"])
async def new_log(request: pytest.FixtureRequest, database: DatabaseFactory) -> AsyncIterator[LogFactory]:
    """Makes empty logs of one kind, all called "notes"."""
    closing: list[Callable[[], Awaitable[None]]] = []

    async def make() -> Log:
        if request.param == "memory":
            return MemoryLog("notes", emission=EMISSION)
        pool = await open_pool(await database(MIGRATIONS))
        closing.append(pool.close)
        if request.param == "postgres":
            return PostgresLog(pool, "notes", EMISSION)
        log = GroupCommitLog(pool, "notes", EMISSION)
        await log.start()
        closing.append(log.stop)
        return log

    yield make
    for close in reversed(closing):
        await close()


@pytest.fixture
async def log(new_log: LogFactory) -> Log:
    return await new_log()


async def everything(log: Log) -> list[RecordedEvent]:
    return list(await log.read(after=0))


async def test_an_empty_log_has_nothing_and_its_head_is_0(log: Log) -> None:
    assert await everything(log) == []
    assert await log.head() == 0
    assert await log.read_stream("note-1") == []
    assert await log.find_command(uuid4()) == []


async def test_an_event_is_written_in_the_version_that_every_reader_knows(log: Log) -> None:
    [row] = await log.append(replace(append_of(), events=(Reworded(new="word"),)))
    assert (row.type, row.schema_version, row.data) == ("Reworded", 1, '{"old":"word"}')
    assert await everything(log) == [row]


async def test_an_append_is_answered_with_its_rows_as_they_are_read(log: Log) -> None:
    append = append_of("one", "two", stream="note-7", key="cell")
    rows = await log.append(append)

    assert list(rows) == await everything(log)
    assert list(rows) == list(await log.read_stream("note-7"))
    assert list(rows) == list(await log.find_command(append.command_id))
    assert [(row.version, row.n, row.type, row.schema_version) for row in rows] == [
        (1, 0, "Noted", 1),
        (2, 1, "Noted", 1),
    ]
    assert {(row.log_id, row.stream, row.key, row.command_id, row.metadata) for row in rows} == {
        ("notes", "note-7", "cell", append.command_id, METADATA)
    }
    assert await log.head() == rows[-1].position


async def test_data_is_kept_byte_for_byte(log: Log) -> None:
    text = 'chi bộ thôn Đông "1"\\u0041 \\\\u0000 \U0001f600\n'
    [row] = await log.append(append_of(text))
    [read] = await everything(log)
    assert row.data == read.data == append_of(text).events[0].model_dump_json()


async def test_event_ids_are_uuids_of_version_7(log: Log) -> None:
    rows = await log.append(append_of("one", "two"))
    assert [row.event_id.version for row in rows] == [7, 7]
    assert rows[0].event_id != rows[1].event_id


async def test_positions_rise_over_streams_and_versions_within_one(log: Log) -> None:
    await log.append(append_of("a", stream="x"))
    await log.append(append_of("b", stream="y"))
    await log.append(append_of("c", stream="x", version=1))

    rows = await everything(log)
    assert texts_of(rows) == ["a", "b", "c"]
    assert [(row.stream, row.version) for row in rows] == [("x", 1), ("y", 1), ("x", 2)]
    assert [row.position for row in rows] == sorted({row.position for row in rows})


async def test_recorded_times_are_aware_and_never_run_backwards(log: Log) -> None:
    for version in range(5):
        await log.append(append_of(version=version))
    times = [row.recorded_at for row in await everything(log)]
    assert times == sorted(times)
    assert all(abs(datetime.now(UTC) - time) < timedelta(minutes=5) for time in times)


async def test_reads_after_a_position_and_no_more_than_asked(log: Log) -> None:
    rows = await log.append(append_of("a", "b", "c", "d"))
    assert texts_of(await log.read(after=rows[0].position, limit=2)) == ["b", "c"]
    assert texts_of(await log.read(after=rows[2].position)) == ["d"]
    assert await log.read(after=rows[3].position) == []


async def test_reads_a_stream_after_a_version(log: Log) -> None:
    await log.append(append_of("a", "b", "c"))
    assert texts_of(await log.read_stream("note-1", after_version=1)) == ["b", "c"]
    assert await log.read_stream("note-1", after_version=3) == []


async def test_refuses_an_append_decided_on_an_old_version(log: Log) -> None:
    await log.append(append_of("a"))
    with pytest.raises(VersionConflict) as refused:
        await log.append(append_of("b"))
    assert (refused.value.stream, refused.value.expected, refused.value.actual) == ("note-1", 0, 1)
    assert texts_of(await everything(log)) == ["a"]


async def test_refuses_an_append_decided_on_a_version_yet_to_come(log: Log) -> None:
    with pytest.raises(VersionConflict):
        await log.append(append_of(version=3))
    assert await everything(log) == []


async def test_a_recorded_command_is_answered_with_its_rows_also_when_the_stream_went_on(log: Log) -> None:
    command = uuid4()
    rows = await log.append(append_of("a", "b", command=command))
    await log.append(append_of("c", version=2))
    with pytest.raises(CommandRecorded) as refused:
        await log.append(append_of("a", "b", command=command))
    assert list(refused.value.rows) == list(rows)
    assert texts_of(await everything(log)) == ["a", "b", "c"]


async def test_one_of_many_appends_at_the_same_version_wins(log: Log) -> None:
    answers = await asyncio.gather(*(log.append(append_of(str(n))) for n in range(10)), return_exceptions=True)
    assert sum(isinstance(answer, VersionConflict) for answer in answers) == 9
    assert len(await everything(log)) == 1


async def test_one_of_many_appends_of_a_command_wins_and_the_others_get_its_rows(log: Log) -> None:
    command = uuid4()
    appends = [log.append(append_of("same", stream=f"note-{n}", command=command)) for n in range(5)]
    answers = await asyncio.gather(*appends, return_exceptions=True)
    rows = await everything(log)
    assert len(rows) == 1
    assert [list(answer.rows) for answer in answers if isinstance(answer, CommandRecorded)] == [rows] * 4


async def test_concurrent_appends_to_many_streams_are_all_there_in_whole_pieces(log: Log) -> None:
    answers = await asyncio.gather(*(log.append(append_of("a", "b", stream=f"note-{n}")) for n in range(30)))
    rows = await everything(log)
    assert sorted(row.event_id for answer in answers for row in answer) == sorted(row.event_id for row in rows)
    for answer in answers:
        assert answer[1].position == answer[0].position + 1


@pytest.mark.parametrize("text", ["\x00", "a\x00b", "\\\x00", "\\\\\x00"])
async def test_refuses_the_character_u0000(log: Log, text: str) -> None:
    with pytest.raises(AppendRefused, match=r"U\+0000"):
        await log.append(append_of(text))
    assert await everything(log) == []


async def test_refuses_the_character_u0000_beside_the_events_too(log: Log) -> None:
    text = Text.of("a\x00", subject="member:1", kind="reason", text_id=uuid4())
    for wrong in (
        append_of(erasable=[text]),
        append_of(stream="a\x00"),
        append_of(key="a\x00"),
        replace(append_of(), metadata=replace(METADATA, on_behalf_of="a\x00")),
    ):
        with pytest.raises(AppendRefused, match=r"U\+0000"):
            await log.append(wrong)
    assert await everything(log) == []


async def test_refuses_an_event_that_the_relay_could_not_send(log: Log) -> None:
    envelope = len(append_of("").events[0].model_dump_json())
    with pytest.raises(EventTooLarge, match="Noted dài 262145 byte"):
        await log.append(append_of("small", "x" * (MAX_EVENT_BYTES - envelope + 1)))
    assert await everything(log) == []
    await log.append(append_of("x" * (MAX_EVENT_BYTES - envelope)))


async def test_refuses_an_append_without_events(log: Log) -> None:
    with pytest.raises(AppendRefused):
        await log.append(replace(append_of(), events=()))


async def test_a_text_of_an_id_that_exists_is_refused_with_its_events(log: Log) -> None:
    text = Text.of("lý do", subject="member:1", kind="reason", text_id=uuid4())
    await log.append(append_of(stream="a", erasable=[text]))
    with pytest.raises(AppendRefused):
        await log.append(append_of(stream="b", erasable=[text]))
    assert [row.stream for row in await everything(log)] == ["a"]


MARCH = Claim("regular meeting", "cell-1:2026-03", "meeting-1")


async def test_a_claim_is_one_holders_and_the_others_append_is_refused_whole(log: Log) -> None:
    await log.append(append_of(stream="meeting-1", claims=[MARCH]))
    with pytest.raises(ClaimTaken) as refused:
        await log.append(append_of(stream="meeting-2", claims=[replace(MARCH, holder="meeting-2")]))
    assert (refused.value.key, refused.value.holder) == ("cell-1:2026-03", "meeting-1")
    assert [row.stream for row in await everything(log)] == ["meeting-1"]


async def test_a_holder_may_claim_again_what_it_holds(log: Log) -> None:
    await log.append(append_of(claims=[MARCH]))
    await log.append(append_of(version=1, claims=[MARCH]))


async def test_a_released_claim_is_free_for_another(log: Log) -> None:
    await log.append(append_of(stream="meeting-1", claims=[MARCH]))
    await log.append(append_of(stream="meeting-1", version=1, claims=[Release(MARCH.name, MARCH.holder)]))
    await log.append(append_of(stream="meeting-2", claims=[replace(MARCH, holder="meeting-2")]))


async def test_a_moved_claim_frees_the_old_key_and_takes_the_new_one(log: Log) -> None:
    april = replace(MARCH, key="cell-1:2026-04")
    await log.append(append_of(stream="meeting-1", claims=[MARCH]))
    await log.append(append_of(stream="meeting-1", version=1, claims=[Release(MARCH.name, MARCH.holder), april]))
    await log.append(append_of(stream="meeting-2", claims=[replace(MARCH, holder="meeting-2")]))
    with pytest.raises(ClaimTaken):
        await log.append(append_of(stream="meeting-3", claims=[replace(april, holder="meeting-3")]))


async def test_a_refused_append_leaves_its_holders_claims_as_they_were(log: Log) -> None:
    april = replace(MARCH, key="cell-1:2026-04", holder="meeting-2")
    await log.append(append_of(stream="meeting-1", claims=[MARCH]))
    await log.append(append_of(stream="meeting-2", claims=[april]))
    move: list[Claim | Release] = [Release(MARCH.name, MARCH.holder), replace(april, holder=MARCH.holder)]
    with pytest.raises(ClaimTaken):
        await log.append(append_of(stream="meeting-1", version=1, claims=move))
    with pytest.raises(ClaimTaken, match="meeting-1"):
        await log.append(append_of(stream="meeting-3", claims=[replace(MARCH, holder="meeting-3")]))


async def test_of_many_that_claim_a_key_together_one_gets_it(log: Log) -> None:
    appends = [
        log.append(append_of(stream=f"meeting-{n}", claims=[replace(MARCH, holder=f"meeting-{n}")])) for n in range(8)
    ]
    answers = await asyncio.gather(*appends, return_exceptions=True)
    assert sum(isinstance(answer, ClaimTaken) for answer in answers) == 7
    assert len(await everything(log)) == 1


async def test_rows_of_a_copy_are_restored_as_they_were_and_the_log_goes_on_above_them(new_log: LogFactory) -> None:
    original, restored = await new_log(), await new_log()
    await original.append(append_of("a", "b"))
    await original.append(append_of("c", stream="note-2"))
    rows = [row._replace(position=row.position * 10) for row in await everything(original)]

    await restored.restore(rows[:1])
    await restored.restore(rows[1:])
    assert await everything(restored) == rows
    [later] = await restored.append(append_of("d", version=2))
    assert later.position > rows[-1].position


async def test_refuses_to_restore_below_its_head_or_out_of_order_or_of_another_log(new_log: LogFactory) -> None:
    original, other = await new_log(), await new_log()
    rows = await original.append(append_of("a", "b"))
    for wrong in (rows, [row._replace(log_id="others", position=row.position + 9) for row in rows]):
        with pytest.raises(AppendRefused):
            await original.restore(wrong)
    with pytest.raises(AppendRefused):
        await other.restore(list(reversed(rows)))
    assert await everything(other) == []


def test_an_id_of_a_text_and_its_salted_hash_are_all_that_an_event_holds() -> None:
    text = Text.of("ốm", subject="member:1", kind="reason", text_id=UUID(int=7), salt=b"salt")
    assert text.ref.text_id == UUID(int=7)
    assert text.ref.sha256 == "a0caaa1096b39a81ab3e43a510f2e840024aec93f5950def078fa3c1a5d5bf86"
    assert Text.of("ốm", subject="s", kind="k", text_id=UUID(int=7)).ref != text.ref


async def test_what_is_appended_after_a_seal_is_recorded_after_it_though_the_clock_is_behind(
    new_log: LogFactory, log: Log
) -> None:
    [row] = await log.append(append_of("of a clock that was ahead"))
    ahead = row._replace(recorded_at=row.recorded_at + timedelta(hours=1))
    other = await new_log()
    await other.restore([ahead])
    sealed = await other.seal()
    assert sealed >= ahead.recorded_at
    [later] = await other.append(append_of("later", stream="later"))
    assert later.recorded_at > sealed
    assert await other.seal() >= later.recorded_at
