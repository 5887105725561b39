"""Between rows of the table `events` and recorded events."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import asyncpg

from shared.contracts.envelope import Metadata, RecordedEvent


def recorded(log_id: str, row: asyncpg.Record) -> RecordedEvent:
    return RecordedEvent(
        log_id=log_id,
        position=row["position"],
        stream=row["stream"],
        version=row["version"],
        key=row["key"],
        event_id=row["event_id"],
        command_id=row["command_id"],
        n=row["n"],
        type=row["type"],
        schema_version=row["schema_version"],
        data=row["data"],
        metadata=_metadata(row["metadata"]),
        recorded_at=row["recorded_at"],
    )


# The events of a command, which stand together, have the same.
_metadata = lru_cache(maxsize=64)(Metadata.from_text)


def columns(rows: Sequence[RecordedEvent]) -> dict[str, list[Any]]:
    """The arrays that the inserting queries unnest; position and time are not among them."""
    return {
        "streams": [row.stream for row in rows],
        "versions": [row.version for row in rows],
        "keys": [row.key for row in rows],
        "event_ids": [row.event_id for row in rows],
        "command_ids": [row.command_id for row in rows],
        "ns": [row.n for row in rows],
        "types": [row.type for row in rows],
        "schema_versions": [row.schema_version for row in rows],
        "bodies": [row.data for row in rows],
        "metadata": [row.metadata.text for row in rows],
    }
