"""The port of a log: what an append is, why one is refused, and what every log promises.

Position order is commit order: whoever read up to a position never finds an older one later. Gaps are permanent.
"""

import hashlib
import itertools
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from shared.contracts.envelope import Metadata, RecordedEvent
from shared.contracts.event import Event
from shared.contracts.fields import TextRef
from shared.decider import DomainError
from shared.eventstore.claims import ClaimChange

# Of recorded times: PostgreSQL keeps microseconds.
RESOLUTION = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Text:
    """An erasable text, kept beside the log and written in the append's transaction.

    `subject` is whose it is ("member:<id>"): erasing a subject erases its texts. `salt` keeps the hash in the event
    from being guessed once the text is gone.
    """

    text_id: UUID
    subject: str
    kind: str
    body: str
    salt: bytes

    @classmethod
    def of(cls, body: str, *, subject: str, kind: str, text_id: UUID, salt: bytes | None = None) -> "Text":
        return cls(text_id, subject, kind, body, secrets.token_bytes(16) if salt is None else salt)

    @property
    def ref(self) -> TextRef:
        """What an event holds in place of the text."""
        digest = hashlib.sha256(self.salt + self.body.encode()).hexdigest()
        return TextRef(text_id=self.text_id, sha256=digest)


@dataclass(frozen=True, slots=True)
class Append:
    """Events that one command adds to one stream: all of them, with texts and claims, or nothing.

    `expected_version` is the stream's version that the decision was made on (0: the stream does not exist yet).
    `key` is the Kafka key of these events: order is promised per key.
    """

    stream: str
    expected_version: int
    key: str
    command_id: UUID
    events: tuple[Event, ...]
    metadata: Metadata
    texts: tuple[Text, ...] = ()
    claims: tuple[ClaimChange, ...] = ()


class AppendRefused(DomainError):
    """What the append holds cannot be stored or sent; repeating it does not help."""

    problem = "append-refused"
    status = 422


class EventTooLarge(AppendRefused):
    """The relay could not send it: an event may have 256 KiB of JSON."""

    problem = "event-too-large"


class VersionConflict(DomainError):
    """The stream has moved on since it was read: decide again on its new state."""

    problem = "version-conflict"

    def __init__(self, stream: str, expected: int, actual: int) -> None:
        super().__init__(f"{stream} is at version {actual}, not {expected}: read it and try again")
        self.stream = stream
        self.expected = expected
        self.actual = actual


class CommandRecorded(DomainError):
    """The command id is already in the log, with these rows: what was asked for has happened."""

    problem = "command-recorded"

    def __init__(self, rows: Sequence[RecordedEvent]) -> None:
        super().__init__(f"command {rows[0].command_id} is already recorded in {rows[0].stream}")
        self.rows = tuple(rows)


class LogUnavailable(DomainError, ConnectionError):
    """The database does not answer. The outcome is not known: repeat the command with the same Idempotency-Key.

    A ConnectionError too, so that whoever retries transient errors retries this one.
    """

    problem = "log-unavailable"
    status = 503
    retry_after = 2


class Log(Protocol):
    """One service's log. Every call may raise `LogUnavailable`."""

    @property
    def log_id(self) -> str: ...

    async def append(self, append: Append) -> Sequence[RecordedEvent]:
        """Stores the events and returns their rows.

        Checked in this order, and whatever fails leaves nothing behind: `AppendRefused`, `CommandRecorded`,
        `VersionConflict`, `ClaimTaken`.
        """

    async def read(self, *, after: int, limit: int = 1000) -> Sequence[RecordedEvent]:
        """Up to `limit` rows with a position above `after`, in order."""

    async def read_stream(self, stream: str, *, after_version: int = 0) -> Sequence[RecordedEvent]:
        """The rows of `stream` with a version above `after_version`, in order."""

    async def find_command(self, command_id: UUID) -> Sequence[RecordedEvent]:
        """The rows that the command wrote, in order; none if it is not recorded."""

    async def head(self) -> int:
        """The last position, 0 for an empty log."""

    async def seal(self) -> datetime:
        """A time up to which all rows can be read; what is appended later is recorded later, whatever the clock."""

    async def restore(self, rows: Sequence[RecordedEvent]) -> None:
        """Appends rows again that another copy of this log kept: positions, ids and times as they were.

        Rows must be in position order and above the head, else `AppendRefused`. Claims follow by `rebuild_claims`.
        """


def check_restorable(log_id: str, head: int, rows: Sequence[RecordedEvent]) -> None:
    """Refuses rows of another log, out of order, or at positions that the log already has."""
    if any(row.log_id != log_id for row in rows):
        raise AppendRefused(f"rows to restore must be of {log_id}")
    positions = [head, *(row.position for row in rows)]
    if any(later <= earlier for earlier, later in itertools.pairwise(positions)):
        raise AppendRefused(f"rows to restore must be in position order and above the head {head}")
