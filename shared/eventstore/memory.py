"""A log in memory: the double that passes the same conformance suite as the PostgreSQL log."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from shared.contracts.envelope import RecordedEvent
from shared.eventstore.claims import Claim, Claims
from shared.eventstore.log import (
    Append,
    CommandRecorded,
    Text,
    VersionConflict,
    check_restorable,
    check_sendable,
)


def _now() -> datetime:
    return datetime.now(UTC)


class MemoryLog:
    """Everything that `Log` promises, until the process ends. Clock and ids can be given, for runs that replay."""

    def __init__(
        self, log_id: str = "memory", *, clock: Callable[[], datetime] = _now, new_id: Callable[[], UUID] = uuid7
    ) -> None:
        self.log_id = log_id
        self.texts: dict[UUID, Text] = {}
        self._rows: list[RecordedEvent] = []
        self._claims = Claims()
        self._clock = clock
        self._new_id = new_id

    @property
    def claims(self) -> frozenset[Claim]:
        return self._claims.held()

    async def append(self, append: Append) -> Sequence[RecordedEvent]:
        bodies = [event.model_dump_json() for event in append.events]
        check_sendable(append, bodies)
        if recorded := await self.find_command(append.command_id):
            raise CommandRecorded(recorded)
        actual = sum(1 for row in self._rows if row.stream == append.stream)
        if actual != append.expected_version:
            raise VersionConflict(append.stream, append.expected_version, actual)
        self._claims.apply(append.claims)
        rows = self._record(append, bodies)
        self._rows.extend(rows)
        self.texts.update((text.text_id, text) for text in append.texts)
        return rows

    def _record(self, append: Append, bodies: Sequence[str]) -> list[RecordedEvent]:
        last = self._rows[-1] if self._rows else None
        now = max(self._clock(), last.recorded_at) if last else self._clock()
        head = last.position if last else 0
        return [
            RecordedEvent(
                log_id=self.log_id,
                position=head + 1 + n,
                stream=append.stream,
                version=append.expected_version + 1 + n,
                key=append.key,
                event_id=self._new_id(),
                command_id=append.command_id,
                n=n,
                type=type(event).__name__,
                schema_version=event.schema_version,
                data=body,
                metadata=append.metadata,
                recorded_at=now,
            )
            for n, (event, body) in enumerate(zip(append.events, bodies, strict=True))
        ]

    async def read(self, *, after: int, limit: int = 1000) -> Sequence[RecordedEvent]:
        return [row for row in self._rows if row.position > after][:limit]

    async def read_stream(self, stream: str, *, after_version: int = 0) -> Sequence[RecordedEvent]:
        return [row for row in self._rows if row.stream == stream and row.version > after_version]

    async def find_command(self, command_id: UUID) -> Sequence[RecordedEvent]:
        return [row for row in self._rows if row.command_id == command_id]

    async def head(self) -> int:
        return self._rows[-1].position if self._rows else 0

    async def restore(self, rows: Sequence[RecordedEvent]) -> None:
        check_restorable(await self.head(), rows)
        self._rows.extend(rows)
