"""What arrived: a fetched record with its place in its log, before anything is done with it. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias
from uuid import UUID

from shared.contracts.envelope import MAX_POSITION, FetchedRecord, RecordedEvent, UnreadableRecord, from_record
from shared.messaging.handler import Received
from shared.messaging.store import KeyOf, Place, Position, Quarantined

NUL, REPLACEMENT = "\x00", "\ufffd"  # PostgreSQL's text cannot hold the first


@dataclass(slots=True)
class Arrived:
    """A record whose place is known. `recorded` is None if the rest cannot be read: it is parked, `reason` says why.

    `received`: its event, once a handler's types have decoded it; `reason` says why they could not.
    """

    record: FetchedRecord
    log_id: str
    position: int
    prev: int
    recorded: RecordedEvent | None
    reason: str = ""
    received: Received | None = None
    of: KeyOf = field(init=False)

    def __post_init__(self) -> None:
        key = self.recorded.key if self.recorded else (self.record.key or b"").decode(errors="replace")
        self.of = KeyOf(self.log_id, key.replace(NUL, REPLACEMENT))

    @property
    def type(self) -> str:
        name = self.recorded.type if self.recorded else "unreadable"
        return name[:200].replace(NUL, REPLACEMENT)


def read(record: FetchedRecord) -> Arrived:
    """The place of `record` in its log, and its event; raises `UnreadableRecord` if the place cannot be read."""
    try:
        recorded, prev = from_record(record)
    except UnreadableRecord as error:
        log_id, position, prev = _place(record)
        return _checked(Arrived(record, log_id, position, prev, None, str(error)))
    if NUL in recorded.key:
        return _checked(Arrived(record, recorded.log_id, recorded.position, prev, None, "the key holds U+0000"))
    return _checked(Arrived(record, recorded.log_id, recorded.position, prev, recorded))


# A record that was looked at: it has a place in a log, or it is to be put aside.
Looked: TypeAlias = Arrived | Quarantined


def look(record: FetchedRecord) -> Looked:
    try:
        return read(record)
    except UnreadableRecord as error:
        return Quarantined(record, str(error))


def _place(record: FetchedRecord) -> tuple[str, int, int]:
    """Source, position and predecessor, from their own headers alone: the others are damaged."""
    try:
        headers = dict(record.headers)
        return headers["ce_source"].decode(), int(headers["ce_sequence"]), int(json.loads(headers["log"])["prev"])
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise UnreadableRecord(f"no readable source and position: {error!r}") from error


def _checked(arrived: Arrived) -> Arrived:
    if not 0 <= arrived.prev < arrived.position <= MAX_POSITION:
        raise UnreadableRecord(f"position {arrived.position} cannot follow {arrived.prev}")
    return arrived


@dataclass(slots=True)
class Followed:
    """One partition's part of a batch, compared with the consumer's position there."""

    position: Position
    fresh: list[Arrived] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)
    duplicates: int = 0
    gap: Arrived | None = None


def follow(place: Place, position: Position, looked: Sequence[Looked]) -> Followed:
    """Walks a partition's records, in offset order, from `position`: what is new, known, foreign; where a gap opens.

    `prev` is a function of the log alone, so a new record's predecessor is the very position where the consumer is.
    Above it, something is missing (a gap: nothing from here on is taken). Below it, the record contradicts the log
    that was read so far, and believing its position would make the log's own events look like duplicates.
    """
    followed = Followed(position)
    for item in looked:
        arrived, record = _of_place(place, item), item.record
        if isinstance(arrived, Quarantined):
            followed.quarantined.append(arrived)
            followed.position = _passed(followed.position, record)
            continue
        at = followed.position.position
        if arrived.position <= at:
            followed.duplicates += 1
            followed.position = _passed(followed.position, record, _event_id(arrived))
        elif arrived.prev > at:
            followed.gap = arrived
            break
        elif arrived.prev < at:
            followed.quarantined.append(
                Quarantined(
                    record, f"position {arrived.position} after {arrived.prev} contradicts the log: {at} was read"
                )
            )
            followed.position = _passed(followed.position, record)
        else:
            followed.fresh.append(arrived)
            followed.position = _advanced(arrived)
    return followed


def _of_place(place: Place, item: Looked) -> Looked:
    if isinstance(item, Arrived) and item.log_id != place.log_id:
        reason = f"source {item.log_id!r} does not belong on the topic of {place.log_id!r}"
        return Quarantined(item.record, reason)
    return item


def _advanced(arrived: Arrived) -> Position:
    """The unbroken chain up to this record proves that everything before it was seen."""
    offset, recorded = arrived.record.offset, arrived.recorded
    if recorded is None:
        return Position(arrived.position, offset + 1, offset)
    return Position(arrived.position, offset + 1, offset, recorded.event_id, recorded.recorded_at)


def _passed(position: Position, record: FetchedRecord, event_id: UUID | None = None) -> Position:
    """Past a record without effect; only from where the consumer is, as it may have been fetched from elsewhere."""
    if record.offset != position.next_offset:
        return position
    moved = position._replace(next_offset=record.offset + 1)
    return moved if event_id is None else moved._replace(last_offset=record.offset, last_event_id=event_id)


def _event_id(arrived: Arrived) -> UUID | None:
    return arrived.recorded.event_id if arrived.recorded else None
