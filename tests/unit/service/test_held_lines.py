"""`parked list` names every held key and every quarantined record whole, and the first line of why."""

from datetime import UTC, datetime

from shared.contracts.envelope import FetchedRecord
from shared.held_lines import key_lines, quarantine_lines
from shared.messaging.store import HeldKey, HeldState, KeyOf, Quarantined

NOW = datetime(2026, 3, 15, 8, 30, 1, 5, tzinfo=UTC)


def test_a_held_key_stands_as_a_redrive_takes_it_with_its_reason() -> None:
    reason = "body: [type=missing]\nDETAIL: a row"
    key = HeldKey(KeyOf("meetings", "cell-1"), 0, HeldState.PARKED, reason, events=3, since=NOW)
    assert list(key_lines([("directory", key)])) == [
        "parked  directory meetings cell-1  3 events since 2026-03-15T08:30:01+00:00\n    body: [type=missing]"
    ]


def test_a_quarantined_record_is_named_by_its_place() -> None:
    kept = Quarantined(FetchedRecord("meetings.events", 2, 7, b"secret", b"secret", ()), "no position")
    assert list(quarantine_lines([("directory", kept)])) == [
        "quarantined  directory meetings.events/2 at offset 7\n    no position"
    ]
