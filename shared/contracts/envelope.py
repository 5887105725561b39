"""A recorded event, and its one way to a Kafka record and back (CloudEvents 1.0, binary mode).

The topic is a full copy of the log: row -> record -> row gives the same row, held by golden examples.
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Annotated, NamedTuple
from uuid import UUID

from pydantic import Field, StringConstraints, TypeAdapter, ValidationError

from shared.contracts.event import said

# `json.dumps` would make one for every record.
_COMPACT = json.JSONEncoder(separators=(",", ":"))
# What a log's column holds.
MAX_POSITION = 2**63 - 1
# A text that a log can hold, and a number that is written as one.
Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]
Number = Annotated[int, Field(strict=True)]


@dataclass(frozen=True)
class Metadata:
    """Who and why, beside every event. The actor is an office, a machine or a pseudonym; never a person's name.

    All events of a command share one.
    """

    correlation_id: UUID
    actor: Text
    causation_id: UUID | None = None
    on_behalf_of: Text | None = None
    traceparent: Text | None = None
    body_hash: Text | None = None

    def to_json(self) -> dict[str, str]:
        fields = (
            ("correlation_id", self.correlation_id),
            ("actor", self.actor),
            ("causation_id", self.causation_id),
            ("on_behalf_of", self.on_behalf_of),
            ("traceparent", self.traceparent),
            ("body_hash", self.body_hash),
        )
        return {name: str(value) for name, value in fields if value is not None}

    @cached_property
    def text(self) -> str:
        """The JSON of `to_json`, as log and topic have it."""
        return _COMPACT.encode(self.to_json())

    @classmethod
    def from_text(cls, stored: str) -> "Metadata":
        """Raises ValueError."""
        metadata: Metadata = _metadata_of(stored)
        vars(metadata)["text"] = stored  # a `text` that somebody made before
        return metadata


class RecordedEvent(NamedTuple):
    """One row of a log. `data` is the stored JSON text, byte for byte; `n` counts within the command, from 0."""

    log_id: str
    position: int
    stream: str
    version: int
    key: str
    event_id: UUID
    command_id: UUID
    n: int
    type: str
    schema_version: int
    data: str
    metadata: Metadata
    recorded_at: datetime


@dataclass(frozen=True)
class _Log:
    """The header `log`."""

    stream: Text
    version: Number
    command_id: UUID
    n: Number
    recorded_at: str
    metadata: Metadata
    prev: Number


# Every record of every consumer is read by these: in a third of the time of reading the JSON and checking its parts.
_metadata_of = TypeAdapter(Metadata).validator.validate_json
_log_of = TypeAdapter(_Log).validator.validate_json
_uuid_of = TypeAdapter(UUID).validator.validate_python


@dataclass(frozen=True, slots=True)
class Record:
    """What a relay hands to a topic: the partition follows from the key alone.

    `continues` the command of the record before it: both arrive, or none.
    """

    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]
    continues: bool = False


# Not frozen, though never changed: one is made for every record, in less than half of the time.
@dataclass(slots=True, unsafe_hash=True)
class FetchedRecord:
    """What a consumer gets from a topic, undecoded. `sent_at`: when its relay sent it; lost once it is held."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    sent_at: datetime | None = field(default=None, compare=False)


class UnreadableRecord(ValueError):
    """The record's source or position cannot be read: it is quarantined and holds no key."""


def to_record(event: RecordedEvent, prev: int) -> Record:
    """The record of `event`; `prev` is the position of its predecessor on the same partition (0: none)."""
    recorded_at = event.recorded_at.isoformat()
    # What the encoder would make of a dict, for a third of its time.
    log = (
        f'{{"stream":{_COMPACT.encode(event.stream)},"version":{event.version},"command_id":"{event.command_id}",'
        f'"n":{event.n},"recorded_at":"{recorded_at}","metadata":{event.metadata.text},"prev":{prev}}}'
    )
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", str(event.event_id).encode()),
        ("ce_type", f"{event.type}.v{event.schema_version}".encode()),
        ("ce_source", event.log_id.encode()),
        ("ce_time", recorded_at.encode()),
        ("ce_sequence", str(event.position).encode()),
        ("log", log.encode()),
    ]
    if event.metadata.traceparent:
        headers.append(("traceparent", event.metadata.traceparent.encode()))
    return Record(event.key.encode(), event.data.encode(), tuple(headers), continues=event.n > 0)


def from_record(record: FetchedRecord) -> tuple[RecordedEvent, int]:
    """The row that `record` copies, and its `prev`; raises `UnreadableRecord` for anything else."""
    try:
        headers = {name: value.decode() for name, value in record.headers}
        # A name whose bytes are not UTF-8 arrives with surrogates in their place, which nothing encodes.
        "".join(headers).encode()
        log: _Log = _log_of(headers["log"])
        name, _, version = headers["ce_type"].rpartition(".v")
        return RecordedEvent(
            headers["ce_source"],
            int(headers["ce_sequence"]),
            log.stream,
            log.version,
            (record.key or b"").decode(),
            _uuid_of(headers["ce_id"]),
            log.command_id,
            log.n,
            name,
            int(version),
            (record.value or b"").decode(),
            log.metadata,
            moment_of(log.recorded_at),
        ), log.prev
    except (KeyError, ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        why = said(error) if isinstance(error, ValidationError) else repr(error)
        raise UnreadableRecord(f"{record.topic}/{record.partition}@{record.offset}: {why}") from error


def text_of(value: object) -> str:
    """`value` as a text that a log can hold; raises TypeError or ValueError for what JSON may have in its place."""
    if not isinstance(value, str):
        raise TypeError(f"a text is needed, not {type(value).__name__}")
    if "\x00" in value:
        raise ValueError("a text with U+0000")
    value.encode()  # raises for half of a surrogate pair
    return value


def moment_of(value: str) -> datetime:
    """The moment that `isoformat` wrote; raises ValueError or OverflowError."""
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError(f"{value} has no zone")
    # A moment that no calendar holds in UTC is refused here and not by a database.
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)
