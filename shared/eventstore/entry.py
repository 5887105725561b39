"""An append ready to be stored: checked, serialised, with its event ids."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from shared.contracts.emission import AS_DECLARED, Emission
from shared.contracts.envelope import RecordedEvent
from shared.eventstore.log import Append, AppendRefused, EventTooLarge

MAX_EVENT_BYTES = 256 * 1024
# JSON writes U+0000 as the escape \u0000; after an odd number of backslashes only, otherwise they escape each other.
_NUL_IN_JSON = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
_NOT_YET = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Entry:
    """`rows` lack position and time until they are stored; their ids tell later whether it was this very attempt."""

    append: Append
    rows: tuple[RecordedEvent, ...]

    @classmethod
    def of(
        cls,
        append: Append,
        log_id: str,
        new_id: Callable[[], UUID] = uuid7,
        emission: Emission = AS_DECLARED,
    ) -> "Entry":
        """Raises `AppendRefused`."""
        written = [emission.written(event) for event in append.events]
        _check_sendable(append, [body for _, body in written])
        rows = (
            RecordedEvent(
                log_id=log_id,
                position=0,
                stream=append.stream,
                version=append.expected_version + 1 + n,
                key=append.key,
                event_id=new_id(),
                command_id=append.command_id,
                n=n,
                type=type(event).__name__,
                schema_version=schema_version,
                data=body,
                metadata=append.metadata,
                recorded_at=_NOT_YET,
            )
            for n, (event, (schema_version, body)) in enumerate(zip(append.events, written, strict=False))
        )
        return cls(append, tuple(rows))

    def stored(self, positions: Iterable[int], recorded_at: datetime) -> tuple[RecordedEvent, ...]:
        return tuple(
            RecordedEvent(row.log_id, position, *row[2:-1], recorded_at)
            for row, position in zip(self.rows, positions, strict=False)
        )

    def was_stored_as(self, rows: Sequence[RecordedEvent]) -> bool:
        return [row.event_id for row in rows] == [row.event_id for row in self.rows]


def _check_sendable(append: Append, bodies: Sequence[str]) -> None:
    """Refuses what PostgreSQL cannot keep as text or the relay cannot send."""
    if not append.events:
        raise AppendRefused("an append needs at least one event")
    texts = (part for text in append.texts for part in (text.subject, text.kind, text.body))
    plain = (append.stream, append.key, *texts)
    if any("\x00" in value for value in plain) or any(map(_has_nul, (append.metadata.text, *bodies))):
        raise AppendRefused("Không lưu được ký tự U+0000: hãy bỏ khỏi nội dung.")
    for event, body in zip(append.events, bodies, strict=True):
        if (size := len(body.encode())) > MAX_EVENT_BYTES:
            raise EventTooLarge(f"Nội dung quá lớn: {type(event).__name__} dài {size} byte, tối đa {MAX_EVENT_BYTES}.")


def _has_nul(body: str) -> bool:
    return "\\u0000" in body and _NUL_IN_JSON.search(body) is not None  # the pattern alone is slow
