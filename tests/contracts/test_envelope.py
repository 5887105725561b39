"""The topic is a copy of the log: row to record to row is the row, and a record's bytes are golden."""

import dataclasses
import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
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
LEAST = dataclasses.replace(
    FULL,
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


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=40)
ROWS = st.builds(
    RecordedEvent,
    log_id=TEXT,
    position=st.integers(1, 2**62),
    stream=TEXT,
    version=st.integers(1, 2**31 - 1),
    key=TEXT,
    event_id=st.uuids(),
    command_id=st.uuids(),
    n=st.integers(0, 5000),
    type=TEXT,
    schema_version=st.integers(1, 99),
    data=TEXT,
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


@given(event=ROWS, prev=st.integers(0, 2**62))
def test_row_to_record_to_row_is_the_row(event: RecordedEvent, prev: int) -> None:
    assert from_record(fetched(to_record(event, prev))) == (event, prev)


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
        ("unknown", b"\xff\xfe"),
    ],
)
def test_a_record_with_a_broken_header_is_unreadable(name: str, value: bytes) -> None:
    record = to_record(FULL, 1)
    headers = (*(header for header in record.headers if header[0] != name), (name, value))
    with pytest.raises(UnreadableRecord):
        from_record(fetched(dataclasses.replace(record, headers=headers)))


def test_a_record_whose_value_or_key_is_not_text_is_unreadable() -> None:
    record = to_record(FULL, 1)
    for broken in (dataclasses.replace(record, value=b"\xff"), dataclasses.replace(record, key=b"\xff")):
        with pytest.raises(UnreadableRecord):
            from_record(fetched(broken))
