"""What `parked list` prints: keys that wait or are parked, and records in quarantine. Reasons are shown as they are."""

from collections.abc import Sequence
from datetime import datetime

from rich.table import Table
from rich.text import Text

from shared.messaging.store import HeldKey, Quarantined


def keys_table(keys: Sequence[tuple[str, HeldKey]]) -> Table:
    """A row per (consumer, key)."""
    table = Table("consumer", "log", "key", "state", "events", "since", "reason", title="held keys")
    for consumer, held in keys:
        table.add_row(
            consumer,
            held.of.log_id,
            Text(held.of.key),
            held.state,
            str(held.events),
            _second(held.since),
            Text(held.reason),
        )
    return table


def quarantine_table(records: Sequence[tuple[str, Quarantined]]) -> Table:
    """A row per (consumer, record): its place, not its content."""
    table = Table("consumer", "topic", "partition", "offset", "since", "reason", title="quarantined records")
    for consumer, kept in records:
        at = kept.record
        since = _second(kept.quarantined_at)
        table.add_row(consumer, at.topic, str(at.partition), str(at.offset), since, Text(kept.reason))
    return table


def _second(time: datetime | None) -> str:
    return time.isoformat(timespec="seconds") if time else ""
