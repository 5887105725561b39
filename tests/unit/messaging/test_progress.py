"""What a progress record may say: anything else is refused as a whole, and put aside by who reads it."""

import json
from datetime import UTC, datetime

import pytest

from shared.messaging.progress import ProgressRecord

SAID = ProgressRecord("meetings", 9, datetime(2026, 3, 5, 14, 30, tzinfo=UTC), {0: 4, 11: 5}, {0: 8, 11: 9})


def test_what_was_written_is_read() -> None:
    assert ProgressRecord.from_bytes(SAID.to_bytes()[1]) == SAID


@pytest.mark.parametrize(
    "said",
    [
        {"log_id": 7},
        {"log_id": "\ud800"},
        {"position": float("inf")},
        {"position": 2**63},
        {"position": -1},
        {"time": "2026-03-05T14:30:00"},
        {"time": "0001-01-01T00:00:00+14:00"},
        {"end_offsets": {"0": 2**63}},
        {"end_offsets": {"-1": 4}},
        {"last": []},
    ],
)
def test_what_no_log_or_database_has_is_refused(said: dict[str, object]) -> None:
    body = json.loads(SAID.to_bytes()[1])
    with pytest.raises(ValueError, match=r"."):
        ProgressRecord.from_bytes(json.dumps({**body, **said}).encode())


def test_what_is_nested_beyond_reading_is_refused() -> None:
    with pytest.raises(ValueError, match="not a progress record"):
        ProgressRecord.from_bytes(b"[" * 100_000)
