"""Records on a topic: whatever somebody wrote there is read as an event, or refused with the declared error."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy
from hypothesis import strategies as st

from shared.contracts.catalogue import MODULES, types_of
from shared.contracts.envelope import (
    MAX_POSITION,
    FetchedRecord,
    Metadata,
    Record,
    RecordedEvent,
    UnreadableRecord,
    from_record,
    to_record,
)
from shared.contracts.event import UndecodableEvent, UnknownEventType
from shared.messaging.arrival import read
from shared.messaging.progress import ProgressRecord
from shared.messaging.tolerant_records import TolerantRecords
from tests.fuzz.damage import ODD_TEXTS, RAW, damaged_json
from tests.fuzz.target import Target

EXAMPLES = Path(__file__).parents[2] / "shared" / "contracts" / "examples"
TYPES = types_of(*MODULES)
TOPIC = "meetings.events"
NOW = datetime(2026, 3, 5, 14, 30, tzinfo=UTC)
# (service, type, version, body) of every kept example.
BODIES = [
    (path.parent.name, *path.stem.split(".v"), json.loads(path.read_text(encoding="utf-8")))
    for path in sorted(EXAMPLES.glob("*/*.json"))
]
ANY_BODY = st.sampled_from(BODIES)
HEADER_VALUES = st.none() | st.binary(max_size=20) | ODD_TEXTS.map(lambda text: text.encode(errors="surrogatepass"))
HEADER_NAMES = st.text(max_size=8) | st.binary(max_size=8).map(lambda name: name.decode(errors="surrogateescape"))


def row_of(position: int, log_id: str, name: str, version: int, body: Any) -> RecordedEvent:
    """The row of a log that holds `body`."""
    return RecordedEvent(
        log_id=log_id,
        position=position,
        stream="stream",
        version=position,
        key="cell",
        event_id=UUID(int=position),
        command_id=UUID(int=position),
        n=0,
        type=name,
        schema_version=version,
        data=json.dumps(body, ensure_ascii=False),
        metadata=Metadata(correlation_id=UUID(int=position), actor="office:1"),
        recorded_at=NOW,
    )


def fetched(record: Record, offset: int = 7) -> FetchedRecord:
    return FetchedRecord(TOPIC, 0, offset, record.key, record.value, record.headers)


@st.composite
def damaged_records(draw: st.DrawFn, position: int = 9, log_id: str | None = None) -> FetchedRecord:
    """A record as a relay sends it, but for its value, its key, or one or two of its headers."""
    service, name, version, body = draw(ANY_BODY)
    record = fetched(to_record(row_of(position, log_id or service, name, int(version), body), position - 1))
    log = json.loads(dict(record.headers)["log"])
    for _ in range(draw(st.integers(1, 2))):
        match draw(st.sampled_from(["value", "key", "log", "header", "drop", "add"])):
            case "value":
                record = replace(record, value=draw(st.none() | damaged_json(body)))
            case "key":
                record = replace(record, key=draw(HEADER_VALUES))
            case "log":
                record = replace(record, headers=_with(record, "log", draw(damaged_json(log))))
            case "header":
                damaged = draw(st.sampled_from([name for name, _ in record.headers]))
                record = replace(record, headers=_with(record, damaged, draw(HEADER_VALUES | RAW)))
            case "drop":
                gone = draw(st.sampled_from(range(len(record.headers))))
                record = replace(record, headers=record.headers[:gone] + record.headers[gone + 1 :])
            case _:
                added: Any = draw(st.tuples(HEADER_NAMES, HEADER_VALUES))
                record = replace(record, headers=(*record.headers, added))
    return record


def _with(record: FetchedRecord, name: str, value: bytes | None) -> Any:
    return tuple((known, value if known == name else kept) for known, kept in record.headers)


def check_record(record: FetchedRecord) -> None:
    """What is taken for a row is one, and has the copy that it came from; the place alone is sound as well."""
    try:
        row, prev = from_record(record)
    except UnreadableRecord:
        pass
    else:
        assert from_record(fetched(to_record(row, prev))) == (row, prev)
        assert row.recorded_at.tzinfo is not None
    try:
        arrived = read(record)
    except UnreadableRecord:
        return
    assert 0 <= arrived.prev < arrived.position <= MAX_POSITION
    assert "\x00" not in arrived.of.key + arrived.type


def check_body(body: tuple[str, int, bytes]) -> None:
    """An event that was read is written as it is read again."""
    name, version, data = body
    try:
        event = TYPES.decode(name, version, data.decode(errors="surrogateescape"))
    except (UnknownEventType, UndecodableEvent):
        return
    assert TYPES.decode(name, event.schema_version, event.model_dump_json()) == event


@st.composite
def damaged_bodies(draw: st.DrawFn) -> tuple[str, int, bytes]:
    _, name, version, body = draw(ANY_BODY)
    odd_name = draw(st.sampled_from([name, name, name, "Nothing", ""]) | ODD_TEXTS)
    odd_version = draw(st.sampled_from([int(version)] * 5 + [0, -1, 2, 10**30]))
    return odd_name, odd_version, draw(damaged_json(body))


PROGRESS = json.loads(ProgressRecord("meetings", 9, NOW, {0: 4, 11: 5}, {0: 8, 11: 9}).to_bytes()[1])


def check_progress(value: bytes) -> None:
    """What was read is written as it is read again, and a database can hold it."""
    try:
        progress = ProgressRecord.from_bytes(value)
    except ValueError:
        return
    assert ProgressRecord.from_bytes(progress.to_bytes()[1]) == progress
    assert progress.time.tzinfo is not None
    numbers = [progress.position, *progress.end_offsets.values(), *progress.last.values()]
    assert all(0 <= number <= MAX_POSITION for number in numbers)


HEADERS = st.lists(st.tuples(st.binary(max_size=12), st.none() | st.binary(max_size=12)), max_size=4)
MAYBE_BYTES = st.none() | st.binary(max_size=30)
BATCHES = st.lists(st.tuples(MAYBE_BYTES, MAYBE_BYTES, HEADERS), min_size=1, max_size=6)


class _Name(str):
    """A header's name that is not UTF-8, which aiokafka's writer would not take."""

    __slots__ = ()

    def encode(self, encoding: str = "utf-8", errors: str = "surrogateescape") -> bytes:
        return super().encode(encoding, errors)


def check_batch(batch: list[tuple[bytes | None, bytes | None, list[tuple[bytes, bytes | None]]]]) -> None:
    """Every record of a batch is handed on, byte for byte, whatever its headers are called."""
    written = _DefaultRecordBatchBuilderPy(2, 0, 0, -1, -1, -1, 1_000_000)
    for offset, (key, value, headers) in enumerate(batch):
        names = [(_Name(name.decode(errors="surrogateescape")), content) for name, content in headers]
        written.append(offset, 0, key, value, names)
    [*found] = TolerantRecords(bytes(written.build())).next_batch()
    read_back = [
        (
            record.key,
            record.value,
            [(name.encode(errors="surrogateescape"), content) for name, content in record.headers],
        )
        for record in found
    ]
    assert read_back == batch


TARGETS = (
    Target("records", damaged_records(), check_record, share=1500),
    Target("event bodies", damaged_bodies(), check_body, share=1500),
    Target("progress records", damaged_json(PROGRESS), check_progress, share=1500),
    Target("batches", BATCHES, check_batch, share=1000),
)
