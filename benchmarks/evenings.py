"""Topics of facts to project, as relays would have filled them: meetings in bursts, or check-ins of all cells in turn.

Sent by confluent-kafka, since filling is not what is measured.
"""

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count, islice
from uuid import UUID

from confluent_kafka import Producer

from benchmarks.append import METADATA, MOMENT
from shared.contracts import attendance, meetings
from shared.contracts.attendance import Call, MemberCheckedIn, RosterRow, Way
from shared.contracts.envelope import RecordedEvent, to_record
from shared.contracts.evaluation import EvaluationScored
from shared.contracts.event import Event
from shared.contracts.meetings import Body, HeldSitting, MeetingHeld, MeetingScheduled, Part, PlannedSitting
from shared.messaging.partitioner import partition_for
from shared.messaging.topic import events_topic

CELLS = 10_000
CHECK_INS = 40  # of a meeting: cells of 20 to 60 members
PARTITIONS = 12
QUEUED = 50_000
# The service that says it, the cell, and what it says.
Said = tuple[str, UUID, Event]


def interleaved(events: int, cells: int = CELLS) -> Iterator[Said]:
    """One check-in of each cell in turn, month after month: no two events of one meeting are near each other.

    The worst order for figures that are computed meeting by meeting.
    """
    return islice(_interleaved(cells), events)


def _interleaved(cells: int) -> Iterator[Said]:
    chance = random.Random(1)
    ids = [_id(chance) for _ in range(cells)]
    for month in count():
        here = [(cell, _id(chance)) for cell in ids]
        for cell, meeting in here:
            yield "meetings", cell, _scheduled(cell, meeting, month)
        for _ in range(CHECK_INS):
            for cell, meeting in here:
                yield "attendance", cell, _check_in(meeting, _id(chance))


def bursts(events: int, cells: int = CELLS) -> Iterator[Said]:
    """One meeting after the other, from its plan to its score, as cells enter theirs on an evening."""
    return islice(_bursts(cells), events)


def _bursts(cells: int) -> Iterator[Said]:
    chance = random.Random(2)
    ids = [_id(chance) for _ in range(cells)]
    for month in count():
        for cell in ids:
            yield from _meeting(chance, cell, month)


def _meeting(chance: random.Random, cell: UUID, month: int) -> Iterator[Said]:
    meeting, members = _id(chance), [_id(chance) for _ in range(chance.randint(20, 60))]
    yield "meetings", cell, _scheduled(cell, meeting, month)
    yield "attendance", cell, _roster(cell, meeting, month, members)
    opened = attendance.RollCallOpened(meeting_id=meeting, unit_id=cell, call=Call.START, opened_at=MOMENT)
    yield "attendance", cell, opened
    for member in members:
        yield "attendance", cell, _check_in(meeting, member)
    yield "attendance", cell, attendance.RollCallClosed(meeting_id=meeting, call=Call.START, closed_at=MOMENT)
    yield "meetings", cell, _held(cell, meeting, month)
    yield "evaluation", cell, _scored(cell, meeting, month)


def fill(bootstrap: str, prefix: str, said: Iterable[Said]) -> dict[str, int]:
    """Onto the topics, without a log; how many records by topic. Positions and predecessors are those of three logs."""
    producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "linger.ms": 50})
    positions, last = defaultdict[str, int](int), defaultdict[tuple[str, int], int](int)
    chance = random.Random(3)
    for log_id, cell, event in said:
        positions[log_id] += 1
        partition = partition_for(str(cell), PARTITIONS)
        record = to_record(_row(log_id, positions[log_id], cell, event, chance), last[log_id, partition])
        last[log_id, partition] = positions[log_id]
        while len(producer) > QUEUED:
            producer.poll(0.1)
        producer.produce(
            events_topic(log_id, prefix),
            record.value,
            record.key,
            partition,
            headers=[(name, value) for name, value in record.headers],
        )
    producer.flush()
    return {events_topic(log_id, prefix): position for log_id, position in positions.items()}


def _row(log_id: str, position: int, cell: UUID, event: Event, chance: random.Random) -> RecordedEvent:
    return RecordedEvent(
        log_id=log_id,
        position=position,
        stream=f"{log_id}-{cell}",
        version=position,
        key=str(cell),
        event_id=_id(chance),
        command_id=_id(chance),
        n=0,
        type=type(event).__name__,
        schema_version=event.schema_version,
        data=event.model_dump_json(),
        metadata=METADATA,
        recorded_at=datetime.now(UTC),
    )


def _id(chance: random.Random) -> UUID:
    return UUID(int=chance.getrandbits(128), version=4)


def _period(month: int) -> str:
    return f"{2020 + month // 12}-{month % 12 + 1:02}"


def _scheduled(cell: UUID, meeting: UUID, month: int) -> MeetingScheduled:
    return MeetingScheduled(
        meeting_id=meeting,
        unit_id=cell,
        body=Body.CELL,
        period=_period(month),
        parts=(Part.REGULAR,),
        sittings=(PlannedSitting(sitting_id=meeting, starts_at=MOMENT),),
    )


def _roster(cell: UUID, meeting: UUID, month: int, members: Iterable[UUID]) -> attendance.RosterDrawn:
    return attendance.RosterDrawn(
        meeting_id=meeting,
        unit_id=cell,
        period=_period(month),
        held_on=MOMENT.date(),
        membership_position=1,
        rows=tuple(RosterRow(member_id=member, expected=True, votes=True) for member in members),
    )


def _check_in(meeting: UUID, member: UUID) -> MemberCheckedIn:
    return MemberCheckedIn(
        meeting_id=meeting, member_id=member, sitting_id=meeting, call=Call.START, at=MOMENT, way=Way.QR
    )


def _held(cell: UUID, meeting: UUID, month: int) -> MeetingHeld:
    sitting = HeldSitting(sitting_id=meeting, started_at=MOMENT, ended_at=MOMENT + timedelta(minutes=95))
    return meetings.MeetingHeld(
        meeting_id=meeting,
        unit_id=cell,
        body=Body.CELL,
        period=_period(month),
        parts=(Part.REGULAR,),
        held_on=date(2026, 3, 3),
        sittings=(sitting,),
        speakers=7,
    )


def _scored(cell: UUID, meeting: UUID, month: int) -> EvaluationScored:
    return EvaluationScored(
        meeting_id=meeting,
        unit_id=cell,
        period=_period(month),
        criteria_set="ward",
        revision=1,
        items=(),
        total=Decimal(88),
        rating="kha",
    )
