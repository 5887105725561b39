"""The topic is a copy of the log: row to record to row is the row, and a record's bytes are golden."""

import dataclasses
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contracts.envelope import (
    FetchedRecord,
    Metadata,
    Record,
    RecordedEvent,
    UnreadableRecord,
    from_record,
    to_record,
)

GOLDEN = Path(__file__).parent / "golden" / "envelope"
FULL = RecordedEvent(
    log_id="meetings",
    position=48_213,
    stream="meeting-6f17343c-a94c-497e-aa41-8293800e5186",
    version=3,
    key="59e4aa5d-01ba-4b07-83da-58b5c1ae1b36",
    event_id=UUID("0198d9f2-7c3e-7c11-8a0f-5f2d3c6b7a91"),
    command_id=UUID("ddf19324-746c-5b11-96e5-86a7203e485f"),
    n=1,
    type="MeetingHeld",
    schema_version=2,
    data='{"meeting_id":"6f17343c-a94c-497e-aa41-8293800e5186","name":"Đông Hà \\u0041 \\"2\\"", "spaced" : 1.50}',
    metadata=Metadata(
        correlation_id=UUID("a29641a2-e7cc-44e9-81fd-8f6550c08608"),
        actor="office:9fb51cca-6eae-4fb0-b67e-e4d37f4be6be",
        causation_id=UUID("f360b084-29e4-45f5-811d-f76447321e58"),
        on_behalf_of="14cf32ef-3153-44eb-8cd9-0cbce610a2c7",
        traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        body_hash="ab" * 32,
    ),
    recorded_at=datetime(2026, 3, 5, 14, 30, 0, 123_456, tzinfo=UTC),
)
LEAST = FULL._replace(
    position=1,
    version=1,
    n=0,
    data="{}",
    metadata=Metadata(correlation_id=UUID(int=0), actor="service:attendance.roster"),
    recorded_at=datetime(2026, 3, 5, 14, 30, tzinfo=UTC),
)
EVENTS = {"full": (FULL, 48_001), "least": (LEAST, 0)}


def fetched(record: Record) -> FetchedRecord:
    return FetchedRecord("meetings.events", 2, 7, record.key, record.value, record.headers)


def as_json(record: Record) -> object:
    headers = [[name, value.decode()] for name, value in record.headers]
    return {"key": record.key.decode(), "value": record.value.decode(), "headers": headers}


@pytest.mark.parametrize("name", EVENTS)
def test_the_record_of_a_row_is_the_golden_one(name: str) -> None:
    event, prev = EVENTS[name]
    assert as_json(to_record(event, prev)) == json.loads((GOLDEN / f"{name}.json").read_text())


@pytest.mark.parametrize("name", EVENTS)
def test_the_golden_record_gives_the_row_again(name: str) -> None:
    golden = json.loads((GOLDEN / f"{name}.json").read_text())
    headers = tuple((header, value.encode()) for header, value in golden["headers"])
    record = FetchedRecord("meetings.events", 2, 7, golden["key"].encode(), golden["value"].encode(), headers)
    assert from_record(record) == EVENTS[name]


# Composed and decomposed, beyond the basic plane, invisible, turning the direction, and what looks like our own syntax.
ODD = st.sampled_from(
    [
        "ễ",
        "e\u0302\u0303",
        "𠮷",
        "👩‍👩‍👧",
        "\u200b",
        "\u202e",
        "\ufeff",
        "\ufffe",
        "\x01",
        "\r\n",
        "\u2028",
        "\x7f",
        ".v1",
        '"',
        "\\",
        "{}",
    ]
)
LETTERS = st.characters(codec="utf-8", exclude_characters="\x00")
TEXT = st.lists(ODD | st.text(LETTERS, min_size=1, max_size=9), min_size=1, max_size=5).map("".join)
# Any JSON, as some writer wrote it: spaces, escapes and numbers stay as they are.
BODY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
).flatmap(lambda value: st.sampled_from([json.dumps(value), json.dumps(value, ensure_ascii=False, indent=1)]))
LAST = 2**63 - 1
POSITIONS = st.sampled_from([1, 2**31, 2**53 + 1, LAST]) | st.integers(1, LAST)
ROWS = st.builds(
    RecordedEvent,
    log_id=TEXT,
    position=POSITIONS,
    stream=TEXT,
    version=POSITIONS,
    key=TEXT,
    event_id=st.uuids(),
    command_id=st.uuids(),
    n=st.sampled_from([0, 2**31 - 1]) | st.integers(0, 5000),
    type=TEXT,
    schema_version=st.sampled_from([1, 2**31 - 1]) | st.integers(1, 99),
    data=BODY | TEXT,
    metadata=st.builds(
        Metadata,
        correlation_id=st.uuids(),
        actor=TEXT,
        causation_id=st.none() | st.uuids(),
        on_behalf_of=st.none() | TEXT,
        traceparent=st.none() | TEXT,
        body_hash=st.none() | TEXT,
    ),
    recorded_at=st.datetimes(timezones=st.just(UTC)),
)


@settings(max_examples=300)
@given(event=ROWS, prev=st.just(0) | POSITIONS)
def test_row_to_record_to_row_is_the_row(event: RecordedEvent, prev: int) -> None:
    record = to_record(event, prev)
    assert from_record(fetched(record)) == (event, prev)
    assert record.value == event.data.encode()
    # And again to the same record: a topic that was recovered from is the topic.
    assert to_record(*from_record(fetched(record))) == record


@given(event=ROWS, prev=POSITIONS)
def test_the_header_log_is_what_a_json_encoder_writes(event: RecordedEvent, prev: int) -> None:
    written = dict(to_record(event, prev).headers)["log"]
    said = json.loads(written)
    assert json.dumps(said, separators=(",", ":")).encode() == written
    assert list(said) == ["stream", "version", "command_id", "n", "recorded_at", "metadata", "prev"]
    assert said["metadata"] == event.metadata.to_json()


@given(event=ROWS)
def test_metadata_come_back_from_the_log_as_they_were_stored(event: RecordedEvent) -> None:
    stored = event.metadata.text
    assert Metadata.from_text(stored) == event.metadata
    assert Metadata.from_text(stored).text == json.dumps(event.metadata.to_json(), separators=(",", ":"))


def log_saying(**said: object) -> bytes:
    """The header `log` of a whole record, but for what it says otherwise."""
    whole = json.loads(dict(to_record(FULL, 1).headers)["log"])
    return json.dumps({**whole, **said}).encode()


def saying(name: str, value: bytes) -> FetchedRecord:
    """A whole record, but for what this header says."""
    record = to_record(FULL, 1)
    headers = (*(header for header in record.headers if header[0] != name), (name, value))
    return fetched(dataclasses.replace(record, headers=headers))


@pytest.mark.parametrize("missing", ["ce_id", "ce_type", "ce_source", "ce_sequence", "log"])
def test_a_record_without_a_needed_header_is_unreadable(missing: str) -> None:
    record = to_record(FULL, 1)
    headers = tuple(header for header in record.headers if header[0] != missing)
    with pytest.raises(UnreadableRecord, match=r"meetings.events/2@7"):
        from_record(fetched(dataclasses.replace(record, headers=headers)))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ce_sequence", b"seven"),
        ("ce_sequence", b"\xff\xfe"),
        ("ce_id", b"no uuid"),
        ("ce_type", b"MeetingHeld"),
        ("log", b"{"),
        ("log", b"[]"),
        ("log", b'{"stream": "s"}'),
        ("log", b"[" * 100_000),
        ("log", log_saying(version=float("inf"))),
        ("log", log_saying(stream=7)),
        ("log", log_saying(stream="\ud800")),
        ("log", log_saying(stream="\x00")),
        ("log", log_saying(metadata={"correlation_id": str(UUID(int=1)), "actor": None})),
        ("log", log_saying(recorded_at="2026-03-05T14:30:00")),
        ("log", log_saying(recorded_at="0001-01-01T00:00:00+14:00")),
        ("unknown", b"\xff\xfe"),
    ],
)
def test_a_record_with_a_broken_header_is_unreadable(name: str, value: bytes) -> None:
    with pytest.raises(UnreadableRecord):
        from_record(saying(name, value))


def test_a_record_whose_value_or_key_is_not_text_is_unreadable() -> None:
    record = to_record(FULL, 1)
    for broken in (dataclasses.replace(record, value=b"\xff"), dataclasses.replace(record, key=b"\xff")):
        with pytest.raises(UnreadableRecord):
            from_record(fetched(broken))


@given(st.uuids(), st.sampled_from([str, "{{{}}}".format, "urn:uuid:{}".format, lambda made: str(made).upper()]))
def test_an_id_is_read_as_by_the_standard_library(made: UUID, write: Callable[[UUID], str]) -> None:
    event, _ = from_record(saying("ce_id", write(made).encode()))
    read = event.event_id
    assert (read, hash(read), str(read), type(read)) == (made, hash(made), str(made), UUID)


@pytest.mark.parametrize("text", ["", "x" * 36, f"{UUID(int=1)} ", f"{UUID(int=1)}"[:-2] + " 1", "-" * 36])
def test_what_is_no_id_is_refused(text: str) -> None:
    for name, value in (("ce_id", text.encode()), ("log", log_saying(command_id=text))):
        with pytest.raises(UnreadableRecord):
            from_record(saying(name, value))


def test_why_a_header_is_refused_does_not_repeat_it() -> None:
    with pytest.raises(
        UnreadableRecord, match=r"^meetings.events/2@7: metadata.actor: Input should be a valid string$"
    ):
        from_record(saying("log", log_saying(metadata={"correlation_id": str(UUID(int=1)), "actor": ["a name"]})))
