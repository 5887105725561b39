"""A fetched record as columns of a table, and back: kept byte for byte, headers included."""

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from shared.contracts.envelope import FetchedRecord


def headers_text(record: FetchedRecord) -> str:
    """JSON [[name, base64 or null], ...]."""
    # A foreign producer may send a header without a value, whatever the annotation says.
    headers: Iterable[tuple[str, bytes | None]] = record.headers
    return json.dumps([[name, None if value is None else base64.b64encode(value).decode()] for name, value in headers])


def digest(record: FetchedRecord) -> bytes:
    """Tells two records apart that had the same offset of a topic and of the one recreated after it."""
    parts = (record.key, record.value, headers_text(record).encode())
    framed = b"".join(b"-" if part is None else b"%d:%s" % (len(part), part) for part in parts)
    return hashlib.sha256(framed).digest()


def record_of(row: Mapping[str, Any]) -> FetchedRecord:
    kept: list[tuple[str, Any]] = json.loads(row["record_headers"])
    headers: tuple[tuple[str, Any], ...] = tuple(
        (name, None if value is None else base64.b64decode(value)) for name, value in kept
    )
    return FetchedRecord(
        row["topic"], row["partition"], row["record_offset"], row["record_key"], row["record_value"], headers
    )
