"""What `parked list` and `quarantine list` print: two lines for each key that is held, and for each record put aside.

Lines and not a table: a terminal cuts a table's cells, and a key must be there whole, to be given to a redrive.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from shared.messaging.quarantine import Dismissal
from shared.messaging.store import HeldKey, Quarantined


def key_lines(keys: Sequence[tuple[str, HeldKey]]) -> Iterator[str]:
    """State, then consumer, log and key as `dry-run` and `redrive` take them; below it, why."""
    for consumer, held in keys:
        yield (
            f"{held.state}  {consumer} {held.of.log_id} {held.of.key}  {held.events} events{_since(held.since)}\n"
            f"    {_first_line(held.reason)}"
        )


def quarantine_lines(records: Sequence[tuple[str, Quarantined]]) -> Iterator[str]:
    """The consumer, and topic, partition and offset of the record, not its content; below it, why."""
    for consumer, kept in records:
        at = kept.record
        yield (
            f"quarantined  {consumer} {at.topic}/{at.partition} at offset {at.offset}{_since(kept.quarantined_at)}\n"
            f"    {_first_line(kept.reason)}"
        )


def dismissed_lines(records: Sequence[tuple[str, Quarantined, Dismissal | None]]) -> Iterator[str]:
    """The place of each record that was dismissed; below it, when, by whom and why."""
    for consumer, kept, dismissed in records:
        if dismissed is not None:
            at = kept.record
            yield (
                f"dismissed  {consumer} {at.topic}/{at.partition} at offset {at.offset}{_since(dismissed.at)}\n"
                f"    by {dismissed.by}: {dismissed.reason}; it was: {_first_line(kept.reason)}"
            )


def _since(time: datetime | None) -> str:
    return f" since {time.isoformat(timespec='seconds')}" if time else ""


def _first_line(reason: str) -> str:
    return reason.splitlines()[0] if reason else ""
