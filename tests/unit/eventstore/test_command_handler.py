"""From a command to events: replay, conflicts, queues and a cache that never decides from the past."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

import pytest

from shared.contracts.envelope import Metadata, RecordedEvent
from shared.contracts.event import Event, EventTypes
from shared.decider import Decider, DomainError
from shared.eventstore import (
    Aggregate,
    Append,
    Claim,
    ClaimTaken,
    CommandHandler,
    CommandReused,
    ConcurrentChange,
    Context,
    MemoryLog,
    Text,
)


class SeatTaken(Event):
    seat: str


@dataclass(frozen=True)
class TakeSeat:
    seat: str
    room: int = 100


class RoomFull(DomainError):
    problem = "room-full"


def decide(command: TakeSeat, taken: frozenset[str]) -> Sequence[Event]:
    if command.seat in taken:
        return []
    if len(taken) >= command.room:
        raise RoomFull("the room is full")
    return [SeatTaken(seat=command.seat)]


def evolve(taken: frozenset[str], event: Event) -> frozenset[str]:
    assert isinstance(event, SeatTaken)
    return taken | {event.seat}


ROOM: Aggregate[TakeSeat, frozenset[str]] = Aggregate(Decider(frozenset(), decide, evolve), EventTypes([SeatTaken]))


def context_of(body_hash: str | None = "0" * 64) -> Context:
    return Context(uuid4(), Metadata(correlation_id=UUID(int=1), actor="office:tests", body_hash=body_hash))


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog("rooms")


@pytest.fixture
def handler(log: MemoryLog) -> CommandHandler[TakeSeat, frozenset[str]]:
    return CommandHandler(log, ROOM)


Handler = CommandHandler[TakeSeat, frozenset[str]]


async def take(
    handler: Handler, seat: str, *, room: int = 100, context: Context | None = None, key: str = "k"
) -> object:
    return await handler.handle(TakeSeat(seat, room), stream="room-1", key=key, context=context or context_of())


async def test_a_decision_is_recorded_and_answered_with_its_place(handler: Handler, log: MemoryLog) -> None:
    context = context_of()
    receipt = await handler.handle(TakeSeat("A"), stream="room-1", key="cell", context=context)
    [row] = await log.read(after=0)
    assert (receipt.stream, receipt.version, receipt.position) == ("room-1", 1, row.position)
    assert (receipt.changed, receipt.events) == (True, ("SeatTaken",))
    assert (row.key, row.command_id, row.metadata) == ("cell", context.command_id, context.metadata)


async def test_nothing_to_do_writes_nothing_and_says_so(handler: Handler, log: MemoryLog) -> None:
    await take(handler, "A")
    receipt = await handler.handle(TakeSeat("A"), stream="room-1", key="k", context=context_of())
    assert (receipt.version, receipt.position, receipt.changed, receipt.events) == (1, None, False, ())
    assert await log.head() == 1


async def test_a_refusal_reaches_the_caller_and_writes_nothing(handler: Handler, log: MemoryLog) -> None:
    with pytest.raises(RoomFull):
        await take(handler, "A", room=0)
    assert await log.head() == 0


async def test_a_stream_keeps_the_key_of_its_first_event(handler: Handler, log: MemoryLog) -> None:
    await take(handler, "A", key="cell-1")
    await take(handler, "B", key="cell-2")
    assert [row.key for row in await log.read(after=0)] == ["cell-1", "cell-1"]


async def test_a_new_handler_keeps_the_key_of_an_existing_stream(handler: Handler, log: MemoryLog) -> None:
    await take(handler, "A", key="cell-1")
    await take(CommandHandler(log, ROOM), "B", key="cell-2")
    assert [row.key for row in await log.read(after=0)] == ["cell-1", "cell-1"]


async def test_a_repeated_command_gets_its_first_answer_also_when_it_would_be_refused_now(handler: Handler) -> None:
    context = context_of()
    first = await take(handler, "A", room=1, context=context)
    await take(handler, "B")
    assert await take(handler, "A", room=1, context=context) == first
    assert await take(handler, "C", room=0, context=context) == first


async def test_a_repeated_command_with_another_body_is_refused(handler: Handler, log: MemoryLog) -> None:
    context = context_of()
    await take(handler, "A", context=context)
    other = replace(context, metadata=replace(context.metadata, body_hash="1" * 64))
    with pytest.raises(CommandReused) as refused:
        await take(handler, "B", context=other)
    assert refused.value.status == 422
    assert await log.head() == 1


async def test_a_command_of_version_0_1_0_is_the_same_when_it_is_repeated(handler: Handler) -> None:
    context = context_of(body_hash="plain")
    first = await take(handler, "A", context=context)
    keyed = replace(context, metadata=replace(context.metadata, body_hash="keyed"))
    assert await take(handler, "A", context=replace(keyed, plain_hash="plain")) == first
    with pytest.raises(CommandReused):
        await take(handler, "A", context=replace(keyed, plain_hash="of another body"))


async def test_a_repeated_reaction_has_no_body_to_compare(handler: Handler) -> None:
    context = context_of(body_hash=None)
    assert await take(handler, "A", context=context) == await take(handler, "B", context=context)


async def test_a_command_id_used_for_another_stream_is_refused_not_lost(handler: Handler) -> None:
    context = context_of()
    await take(handler, "A", context=context)
    with pytest.raises(CommandReused):
        await handler.handle(TakeSeat("A"), stream="room-2", key="k", context=context)


async def test_parts_of_a_request_append_to_several_streams_and_repeat_as_one(handler: Handler, log: MemoryLog) -> None:
    request = context_of()
    for _ in range(2):
        for room in ("room-1", "room-2"):
            await handler.handle(TakeSeat("A"), stream=room, key="k", context=request.part(room))
    assert [row.stream for row in await log.read(after=0)] == ["room-1", "room-2"]


async def test_a_command_that_changed_nothing_is_not_remembered(handler: Handler) -> None:
    context = context_of()
    await take(handler, "A")
    await take(handler, "A", context=context)
    receipt = await handler.handle(TakeSeat("B"), stream="room-1", key="k", context=context)
    assert receipt.changed


async def test_texts_are_written_with_the_events_and_not_without(handler: Handler, log: MemoryLog) -> None:
    for _ in range(2):
        text = Text.of("lý do", subject="member:1", kind="reason", text_id=uuid4())
        await handler.handle(TakeSeat("A"), stream="room-1", key="k", context=context_of(), texts=[text])
    assert len(log.texts) == 1


async def test_claims_follow_from_the_events(log: MemoryLog) -> None:
    def seats(event: Event) -> Iterable[Claim]:
        assert isinstance(event, SeatTaken)
        yield Claim("seat", event.seat, "somebody" if event.seat == "A" else "nobody")

    handler = CommandHandler(log, replace(ROOM, claims=seats))
    await take(handler, "A")
    assert log.claims == {Claim("seat", "A", "somebody")}
    await log.append(
        Append("room-9", 0, "k", uuid4(), (SeatTaken(seat="C"),), context_of().metadata, (), (Claim("seat", "C", "x"),))
    )
    with pytest.raises(ClaimTaken):
        await take(handler, "C")


async def test_decisions_silences_and_refusals_see_what_others_have_appended(log: MemoryLog) -> None:
    here, elsewhere = CommandHandler(log, ROOM), CommandHandler(log, ROOM)
    await take(here, "A")
    await take(elsewhere, "B")
    receipt = await here.handle(TakeSeat("B"), stream="room-1", key="k", context=context_of())
    assert not receipt.changed
    await take(elsewhere, "C")
    with pytest.raises(RoomFull):
        await take(here, "D", room=3)
    assert await here.state("room-1") == (frozenset("ABC"), 3)


async def test_a_stream_that_fell_out_of_the_cache_is_read_again(log: MemoryLog) -> None:
    handler = CommandHandler(log, ROOM, cached_streams=1)
    for n in range(3):
        await handler.handle(TakeSeat("A"), stream=f"room-{n}", key="k", context=context_of())
    assert len(handler._cache) == 1
    assert await handler.state("room-0") == (frozenset("A"), 1)


class Rival(MemoryLog):
    """Before each of the first `times` appends, another process appends to the same stream."""

    def __init__(self, times: int) -> None:
        super().__init__("rooms")
        self.times = times

    async def append(self, append: Append) -> Sequence[RecordedEvent]:
        if self.times > 0:
            self.times -= 1
            seat = SeatTaken(seat=f"rival {self.times}")
            await super().append(replace(append, command_id=uuid4(), events=(seat,), texts=(), claims=()))
        return await super().append(append)


async def test_a_conflict_makes_the_whole_decision_again() -> None:
    log = Rival(times=1)
    with pytest.raises(RoomFull):
        await take(CommandHandler(log, ROOM), "A", room=1)
    receipt = await CommandHandler(Rival(times=4), ROOM).handle(
        TakeSeat("A"), stream="r", key="k", context=context_of()
    )
    assert receipt.version == 5


async def test_a_command_that_meets_a_conflict_at_every_attempt_is_refused() -> None:
    with pytest.raises(ConcurrentChange) as refused:
        await take(CommandHandler(Rival(times=5), ROOM), "A")
    assert refused.value.status == 409


async def test_a_command_that_commutes_is_never_refused_for_a_conflict() -> None:
    handler = CommandHandler(Rival(times=50), replace(ROOM, commutes=lambda _: True))
    receipt = await handler.handle(TakeSeat("A"), stream="room-1", key="k", context=context_of())
    assert receipt.version == 51


async def test_a_command_that_restates_is_decided_again_where_others_would_get_their_first_answer(
    log: MemoryLog,
) -> None:
    context = context_of()
    for handler, seats in (
        (CommandHandler(log, ROOM), ["A"]),
        (CommandHandler(log, replace(ROOM, restates=lambda _: True)), ["A", "B"]),
    ):
        await take(handler, "A", context=context)
        await take(handler, "B", context=context)
        await take(handler, "B", context=context)
        assert [SeatTaken.model_validate_json(row.data).seat for row in await log.read(after=0)] == seats


class Yielding(MemoryLog):
    """Lets other tasks run between a read and what follows, and counts how many appends met a conflict."""

    def __init__(self) -> None:
        super().__init__("rooms")
        self.attempts = 0

    async def read_stream(self, stream: str, *, after_version: int = 0) -> Sequence[RecordedEvent]:
        rows = await super().read_stream(stream, after_version=after_version)
        await asyncio.sleep(0)
        return rows

    async def append(self, append: Append) -> Sequence[RecordedEvent]:
        self.attempts += 1
        await asyncio.sleep(0)
        return await super().append(append)


async def test_commands_of_one_stream_queue_instead_of_meeting_in_conflicts() -> None:
    log = Yielding()
    handler = CommandHandler(log, ROOM)
    await asyncio.gather(*(take(handler, str(n)) for n in range(20)))
    assert log.attempts == await log.head() == 20
    assert not handler._queues


async def test_the_same_command_at_the_same_moment_has_one_answer() -> None:
    log = Yielding()
    context = context_of()
    here, elsewhere = CommandHandler(log, ROOM), CommandHandler(log, ROOM)
    answers = await asyncio.gather(*(take(handler, "A", context=context) for handler in (here, elsewhere, here)))
    assert len(set(answers)) == 1
    assert await log.head() == 1


async def test_a_command_that_another_process_records_while_we_read_is_a_repetition_not_a_silence(
    log: MemoryLog,
) -> None:
    context = context_of()

    class ElsewhereMeanwhile(MemoryLog):
        async def read_stream(self, stream: str, *, after_version: int = 0) -> Sequence[RecordedEvent]:
            if not await log.head():
                await take(CommandHandler(log, ROOM), "A", context=context)
            return await log.read_stream(stream, after_version=after_version)

        async def find_command(self, command_id: UUID) -> Sequence[RecordedEvent]:
            return await log.find_command(command_id)

    receipt = await CommandHandler(ElsewhereMeanwhile(), ROOM).handle(
        TakeSeat("A"), stream="room-1", key="k", context=context
    )
    assert receipt.changed
    assert receipt.position == 1
