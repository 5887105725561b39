"""Records as one handler reads them: which are its events, which cannot be decoded, how far they are plain. Pure."""

from collections.abc import Iterable, Sequence

from shared.contracts.envelope import FetchedRecord
from shared.contracts.event import UndecodableEvent, UnknownEventType
from shared.messaging.arrival import Arrived, Followed, Looked, follow, look
from shared.messaging.handler import EventHandler, Received
from shared.messaging.store import Place, Position, Quarantined


def read_records(handler: EventHandler, records: Iterable[FetchedRecord]) -> list[Looked]:
    """All that does not depend on what was taken before."""
    looked = [look(record) for record in records]
    for arrived in looked:
        if isinstance(arrived, Arrived) and not is_ignored(handler, arrived):
            try:
                arrived.received = decode(handler, arrived)
            except UndecodableEvent as error:
                arrived.reason = str(error)
    return looked


def is_ignored(handler: EventHandler, arrived: Arrived) -> bool:
    """Whether its type is not declared."""
    return arrived.recorded is not None and arrived.recorded.type not in handler.types


def decode(handler: EventHandler, arrived: Arrived) -> Received:
    """The event that arrived. Raises `UndecodableEvent`, and `UnknownEventType` if it is not declared."""
    recorded = arrived.recorded
    if recorded is None:
        raise UndecodableEvent(arrived.reason)
    try:
        event = handler.types.decode(recorded.type, recorded.schema_version, recorded.data)
    except (UndecodableEvent, UnknownEventType):
        raise
    except Exception as error:  # an upcaster is code like a handler: whatever it raises, the event is unreadable
        raise UndecodableEvent(f"{recorded.type}: {error!r}") from error
    record = arrived.record
    return Received(recorded, event, record.partition, record.offset, record.sent_at)


def plain_prefix(
    handler: EventHandler, place: Place, position: Position, looked: Sequence[Looked]
) -> tuple[Followed, str | None]:
    """A partition's records up to the first that is not plain, and why that one is not (None: all are).

    Plain: a consumer would apply, ignore or drop it as known, and would neither hold nor park nor quarantine anything.
    """
    end, reason = _unreadable(handler, looked)
    followed = follow(place, position, looked[:end])
    strange = followed.quarantined[0].record if followed.quarantined else followed.gap and followed.gap.record
    if strange is None:
        return followed, reason
    end = next(n for n, item in enumerate(looked) if item.record is strange)
    reason = followed.quarantined[0].reason if followed.quarantined else "something before it is missing"
    return follow(place, position, looked[:end]), reason


def _unreadable(handler: EventHandler, looked: Sequence[Looked]) -> tuple[int, str | None]:
    """The index and the reason of the first that cannot be read or decoded."""
    for n, item in enumerate(looked):
        if isinstance(item, Quarantined) or (item.received is None and not is_ignored(handler, item)):
            return n, item.reason
    return len(looked), None
