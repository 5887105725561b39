"""Two processes with a cache each decide on one stream: neither ever decides from the past."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from shared.contracts.envelope import Metadata
from shared.contracts.event import Event, EventTypes
from shared.database.pool import open_pool
from shared.decider import Decider, DomainError
from shared.eventstore import Aggregate, CommandHandler, Context
from shared.eventstore.group_commit import GroupCommitLog

SEATS = 30


class SeatTaken(Event):
    seat: int


@dataclass(frozen=True)
class TakeSeat:
    seat: int


class RoomFull(DomainError):
    problem = "room-full"


def decide(command: TakeSeat, taken: frozenset[int]) -> Sequence[Event]:
    if command.seat in taken:
        return []
    if len(taken) == SEATS:
        raise RoomFull("the room is full")
    return [SeatTaken(seat=command.seat)]


def evolve(taken: frozenset[int], event: Event) -> frozenset[int]:
    assert isinstance(event, SeatTaken)
    return taken | {event.seat}


ROOM: Aggregate[TakeSeat, frozenset[int]] = Aggregate(
    Decider(frozenset(), decide, evolve), EventTypes([SeatTaken]), commutes=lambda _: True
)


async def test_no_seat_is_taken_twice_and_no_room_overfilled(log: GroupCommitLog, log_url: str) -> None:
    elsewhere = await open_pool(log_url)
    try:
        async with GroupCommitLog(elsewhere, log.log_id) as other:
            processes = [CommandHandler(log, ROOM), CommandHandler(other, ROOM)]
            # More seats are asked for than there are, each in both processes at the same moment.
            asked = [(seat, process) for seat in range(SEATS + 10) for process in processes]
            answers = await asyncio.gather(*(_take(seat, process) for seat, process in asked), return_exceptions=True)
    finally:
        await elsewhere.close()
    seats = [SeatTaken.model_validate_json(row.data).seat for row in await log.read(after=0)]
    assert len(seats) == len(set(seats)) == SEATS
    changed = [answer for answer in answers if answer is True]
    refused = [answer for answer in answers if isinstance(answer, RoomFull)]
    silent = [answer for answer in answers if answer is False]
    assert (len(changed), len(silent), len(refused)) == (SEATS, SEATS, 20)


async def _take(seat: int, process: CommandHandler[TakeSeat, frozenset[int]]) -> bool:
    context = Context(uuid4(), Metadata(correlation_id=UUID(int=1), actor="office:tests"))
    receipt = await process.handle(TakeSeat(seat), stream="room", key="k", context=context)
    return receipt.changed
