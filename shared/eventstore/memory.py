"""A log in memory: the double that passes the same conformance suite as the PostgreSQL log."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import count
from operator import attrgetter
from uuid import UUID

from uuid_utils.compat import uuid7

from shared.contracts.emission import AS_DECLARED, Emission
from shared.contracts.envelope import RecordedEvent
from shared.eventstore.claims import Claim, Claims
from shared.eventstore.entry import Entry
from shared.eventstore.log import (
    RESOLUTION,
    Append,
    AppendRefused,
    CommandRecorded,
    Text,
    VersionConflict,
    check_restorable,
)


def _now() -> datetime:
    return datetime.now(UTC)


class MemoryLog:
    """Everything that `Log` promises, until the process ends. Clock and ids can be given, for runs that replay."""

    def __init__(
        self,
        log_id: str = "memory",
        *,
        clock: Callable[[], datetime] = _now,
        new_id: Callable[[], UUID] = uuid7,
        emission: Emission = AS_DECLARED,
    ) -> None:
        self.log_id = log_id
        self._emission = emission
        self.texts: dict[UUID, Text] = {}
        self._rows: list[RecordedEvent] = []
        self._streams: defaultdict[str, list[RecordedEvent]] = defaultdict(list)
        self._commands: defaultdict[UUID, list[RecordedEvent]] = defaultdict(list)
        self._claims = Claims()
        self._sealed = datetime.min.replace(tzinfo=UTC)
        self._clock = clock
        self._new_id = new_id

    @property
    def claims(self) -> frozenset[Claim]:
        return self._claims.held()

    async def append(self, append: Append) -> Sequence[RecordedEvent]:
        entry = Entry.of(append, self.log_id, self._new_id, self._emission)
        if append.command_id in self._commands:
            raise CommandRecorded(self._commands[append.command_id])
        actual = len(self._streams.get(append.stream, ()))
        if actual != append.expected_version:
            raise VersionConflict(append.stream, append.expected_version, actual)
        if any(text.text_id in self.texts for text in append.texts):
            raise AppendRefused("a text of this id exists: take a new id")
        self._claims.apply(append.claims)
        rows = entry.stored(count(self._last() + 1), self._time())
        self._store(rows)
        self.texts.update((text.text_id, text) for text in append.texts)
        return rows

    async def read(self, *, after: int, limit: int = 1000) -> Sequence[RecordedEvent]:
        first = bisect_right(self._rows, after, key=attrgetter("position"))
        return self._rows[first : first + limit]

    async def read_stream(self, stream: str, *, after_version: int = 0) -> Sequence[RecordedEvent]:
        return self._streams.get(stream, [])[after_version:]

    async def find_command(self, command_id: UUID) -> Sequence[RecordedEvent]:
        return list(self._commands.get(command_id, ()))

    async def head(self) -> int:
        return self._last()

    async def seal(self) -> datetime:
        self._sealed = max([self._clock(), self._sealed, *(row.recorded_at for row in self._rows[-1:])])
        return self._sealed

    async def restore(self, rows: Sequence[RecordedEvent]) -> None:
        check_restorable(self.log_id, self._last(), rows)
        self._store(rows)

    def _store(self, rows: Sequence[RecordedEvent]) -> None:
        self._rows.extend(rows)
        for row in rows:
            self._streams[row.stream].append(row)
            self._commands[row.command_id].append(row)

    def _last(self) -> int:
        return self._rows[-1].position if self._rows else 0

    def _time(self) -> datetime:
        return max([self._clock(), self._sealed + RESOLUTION, *(row.recorded_at for row in self._rows[-1:])])
