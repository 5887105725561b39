"""Reads the index of traces."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.operations.actors import role_of
from services.operations.sql import SQL
from shared.database.pool import Pool
from shared.directory.directory import EVERYTHING
from shared.web.runtime import RegisteredClient


@dataclass(frozen=True, slots=True)
class Seen:
    """An event that became known: what the live view shows. `role`: the actor's, None if it is not known here."""

    seq: int
    log_id: str
    position: int
    type: str
    key: str
    subject: UUID | None
    correlation_id: UUID
    recorded_at: datetime
    role: str | None


@dataclass(frozen=True, slots=True)
class Traced:
    """An event of a timeline. `sent_at`: when its relay sent it, None where that is not known (any more)."""

    log_id: str
    position: int
    event_id: UUID
    command_id: UUID
    n: int
    correlation_id: UUID
    causation_id: UUID | None
    stream: str
    subject: UUID | None
    version: int
    key: str
    type: str
    schema_version: int
    actor: str
    on_behalf_of: str | None
    trace_id: str | None
    partition: int
    record_offset: int
    recorded_at: datetime
    sent_at: datetime | None
    indexed_at: datetime
    role: str | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the live view is limited to; None: all."""

    unit_id: UUID | None = None
    type: str | None = None
    role: str | None = None


@dataclass(frozen=True, slots=True)
class Index:
    """`today`: the day whose tree and memberships say what belongs to a unit."""

    pool: Pool
    clients: Mapping[str, RegisteredClient]
    today: date

    async def newest(self) -> int:
        """Where to begin with what comes from now on."""
        return int(await SQL.newest(self.pool))

    async def after(self, seq: int, wanted: Wanted, size: int) -> tuple[int, Sequence[Seen]]:
        """Of the next `size` events after `seq` those that are wanted; and how far this went."""
        rows = SQL.after(self.pool, seq=seq, unit_id=wanted.unit_id, size=size, **self._tree)
        found = [(self._of(Seen, row), row["within"]) async for row in rows]
        wished = [seen for seen, within in found if within and _wished(seen, wanted)]
        return (found[-1][0].seq if found else seq), wished

    async def timeline(self, named: UUID, size: int) -> Sequence[Traced]:
        """What `named` names, in the order of recording: an event, command or request, or what a stream is of."""
        rows = SQL.timeline(self.pool, id=named, size=size, **self._tree)
        return [self._of(Traced, row) async for row in rows]

    @property
    def _tree(self) -> Mapping[str, Any]:
        return {"valid_on": self.today, "known_position": EVERYTHING}

    def _of(self, shape: Any, row: Mapping[str, Any]) -> Any:  # noqa: ANN401 - one of the two above
        role = role_of(row["actor"], row["office_role"], of_cell=row["office_of_cell"], clients=self.clients)
        return shape(role=role, **{item.name: row[item.name] for item in fields(shape) if item.name != "role"})


def _wished(seen: Seen, wanted: Wanted) -> bool:
    return wanted.type in (None, seen.type) and wanted.role in (None, seen.role)
