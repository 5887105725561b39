"""Every event of every log -> the index of traces: where it is and what it hangs together with. No body is read."""

import re
from collections.abc import Sequence
from uuid import UUID

from services.operations.sql import SQL
from shared.contracts.event import Event, EventTypes
from shared.messaging.handler import Received, Tx

SOURCES = ("membership", "meetings", "attendance", "evaluation")

_OFFICE = "office:"
_ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_AT_THE_END = re.compile(rf"-({_ID})$")
_WHOLE = re.compile(_ID)
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")


class Unread(Event):
    """An event whose body stays with its owner."""


class EveryType(EventTypes):
    """Declares all types there are and will be: a place in the index needs no body."""

    def __init__(self) -> None:
        super().__init__([])

    def __contains__(self, _: str) -> bool:
        return True

    def decode(self, name: str, schema_version: int, data: str) -> Event:  # noqa: ARG002 - nothing is looked at
        """Never raises: what nobody can read has its place, too."""
        return Unread()


class TraceIndex:
    """The consumer "operations.trace"."""

    name = "operations.trace"
    sources = SOURCES
    types: EventTypes = EveryType()

    async def apply(self, tx: Tx, batch: Sequence[Received]) -> None:
        recorded = [received.recorded for received in batch]
        await SQL.lock_index(tx)
        await SQL.keep(
            tx,
            log_ids=[event.log_id for event in recorded],
            positions=[event.position for event in recorded],
            event_ids=[event.event_id for event in recorded],
            command_ids=[event.command_id for event in recorded],
            ns=[event.n for event in recorded],
            correlation_ids=[event.metadata.correlation_id for event in recorded],
            causation_ids=[event.metadata.causation_id for event in recorded],
            streams=[event.stream for event in recorded],
            subjects=[subject_of(event.stream) for event in recorded],
            versions=[event.version for event in recorded],
            keys=[event.key for event in recorded],
            key_ids=[id_of(event.key) for event in recorded],
            types=[event.type for event in recorded],
            schema_versions=[event.schema_version for event in recorded],
            actors=[event.metadata.actor for event in recorded],
            office_ids=[office_of(event.metadata.actor) for event in recorded],
            on_behalf_ofs=[event.metadata.on_behalf_of for event in recorded],
            trace_ids=[trace_of(event.metadata.traceparent) for event in recorded],
            partitions=[received.partition for received in batch],
            record_offsets=[received.offset for received in batch],
            recorded_ats=[event.recorded_at for event in recorded],
            sent_ats=[received.sent_at for received in batch],
        )


def subject_of(stream: str) -> UUID | None:
    """What a stream is of, e.g. the meeting of `roll-call-<id>`; None for a stream of something without an id."""
    found = _AT_THE_END.search(stream)
    return UUID(found[1]) if found else None


def id_of(key: str) -> UUID | None:
    """The key as an id; None for the constant keys of tree and catalogues."""
    return UUID(key) if _WHOLE.fullmatch(key) else None


def office_of(actor: str) -> UUID | None:
    """The office that acted; None for machines, members and services."""
    return id_of(actor.removeprefix(_OFFICE)) if actor.startswith(_OFFICE) else None


def trace_of(traceparent: str | None) -> str | None:
    """The trace's id, as a collector of traces shows it."""
    found = _TRACEPARENT.fullmatch(traceparent or "")
    return found[1] if found else None
