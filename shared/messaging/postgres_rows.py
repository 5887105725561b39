"""Rows of the consumer's tables as values of the port, and keys as columns for `unnest`."""

import json
from collections.abc import Collection, Mapping
from typing import Any

from shared.contracts.envelope import FetchedRecord
from shared.messaging.progress import ProgressRecord
from shared.messaging.store import HeldKey, HeldState, KeyOf, Place, Position, Quarantined


def place_columns(places: Collection[Place]) -> dict[str, list[Any]]:
    ordered = sorted(set(places))
    return {
        "log_ids": [place.log_id for place in ordered],
        "partitions": [place.partition for place in ordered],
    }


def key_columns(keys: Collection[KeyOf]) -> dict[str, list[str]]:
    ordered = sorted(set(keys))
    return {"log_ids": [key.log_id for key in ordered], "keys": [key.key for key in ordered]}


def position_of(row: Mapping[str, Any]) -> Position:
    return Position(row["position"], row["next_offset"], row["last_offset"], row["last_event_id"], row["recorded_at"])


def held_key_of(row: Mapping[str, Any], events: int) -> HeldKey:
    return HeldKey(
        KeyOf(row["log_id"], row["key"]),
        row["partition"],
        HeldState(row["state"]),
        row["reason"],
        row["waits_for"],
        row["ready"],
        row["since"],
        events,
        row.get("first_position"),
    )


def progress_of(row: Mapping[str, Any]) -> ProgressRecord:
    ends = {int(partition): end for partition, end in json.loads(row["end_offsets"]).items()}
    last = {int(partition): position for partition, position in json.loads(row["last"]).items()}
    return ProgressRecord(row["log_id"], row["position"], row["time"], ends, last)


def quarantined_of(row: Mapping[str, Any]) -> Quarantined:
    place = FetchedRecord(row["topic"], row["partition"], row["record_offset"], None, None, ())
    return Quarantined(place, row["reason"], row["quarantined_at"])
