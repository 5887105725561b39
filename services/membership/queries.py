"""Reads of membership. It keeps no read model of its own: states are folded from its log, lists of ids come from the
directory. So a preview compares with everything committed before it, also while Kafka is away."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from services.membership.aggregates import TYPES
from shared.database.pool import Connection, Pool, queries
from shared.decider import Decider

SQL = queries(Path(__file__).parent / "sql" / "queries.sql")
C = TypeVar("C")
S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class ImportFile:
    """A file that was sent. `content` is gone once it is applied, or too old; `mapping` and `preview` are JSON."""

    import_id: UUID
    kind: str
    mapping: str
    as_of: date
    content: bytes | None
    state: str
    preview: str
    digest: str
    left_out: tuple[int, ...] = ()
    confirmed_by: str | None = None
    body_hash: bytes | None = None


@dataclass(frozen=True, slots=True)
class Pulled:
    """How far a source was pulled. `etag` is of the page that was last taken at `cursor`."""

    cursor: str | None
    etag: str | None
    pages: int


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A row with a problem, as JSON; `tried_at` is the log's position then."""

    code_hash: bytes
    record: str
    tried_at: int


async def keep_import(pool: Pool, file: ImportFile, sent_at: datetime) -> None:
    await SQL.keep_import(
        pool,
        import_id=file.import_id,
        kind=file.kind,
        mapping=file.mapping,
        as_of=file.as_of,
        content=file.content,
        preview=file.preview,
        digest=file.digest,
        body_hash=file.body_hash,
        sent_at=sent_at,
    )


async def find_import(pool: Pool, import_id: UUID) -> ImportFile | None:
    row = await SQL.find_import(pool, import_id=import_id)
    return ImportFile(**{**dict(row), "left_out": tuple(row["left_out"])}) if row else None


async def start_import(pool: Pool, import_id: UUID, left_out: Iterable[int]) -> None:
    await SQL.start_import(pool, import_id=import_id, left_out=sorted(left_out))


async def finish_import(pool: Pool, import_id: UUID) -> None:
    await SQL.finish_import(pool, import_id=import_id)


async def confirm_import(pool: Pool, import_id: UUID, actor: str) -> None:
    await SQL.confirm_import(pool, import_id=import_id, actor=actor)


async def forget_old_contents(pool: Pool, before: datetime) -> None:
    await SQL.forget_old_contents(pool, before=before)


async def forget_contents(connection: Connection | Pool, kind: str) -> None:
    await SQL.forget_contents(connection, kind=kind)


async def identities(pool: Pool, hashes: Iterable[bytes]) -> dict[bytes, UUID]:
    """Member ids by keyed hash, of those that have one."""
    return {row["code_hash"]: row["member_id"] async for row in SQL.identities(pool, hashes=list(hashes))}


async def reserve_identities(pool: Pool, wanted: Mapping[bytes, UUID]) -> None:
    await SQL.reserve_identities(pool, hashes=list(wanted), member_ids=list(wanted.values()))


async def forget_identities(connection: Connection | Pool, member_id: UUID) -> None:
    await SQL.forget_quarantined(connection, member_id=member_id)
    await SQL.forget_identities(connection, member_id=member_id)


async def pulled(pool: Pool, source: str) -> Pulled:
    row = await SQL.pulled(pool, source=source)
    return Pulled(**dict(row)) if row else Pulled(None, None, 0)


async def quarantined(pool: Pool, source: str) -> list[Quarantined]:
    return [Quarantined(**dict(row)) async for row in SQL.quarantined(pool, source=source)]


async def advance_pull(pool: Pool, source: str, to: Pulled, held: Iterable[Quarantined]) -> bool:
    """Remembers that the page before `to` is done, and its rows with problems; false if somebody else did."""
    async with pool.acquire() as connection, connection.transaction():
        moved = await SQL.advance_pull(connection, source=source, cursor=to.cursor, etag=to.etag, pages=to.pages - 1)
        if moved is None:
            return False
        await SQL.empty_quarantine(connection, source=source)
        await SQL.quarantine(connection, [{"source": source, **asdict(row)} for row in held])
    return True


async def states(pool: Pool, decider: Decider[C, S], streams: Sequence[str]) -> dict[str, S]:
    """The states of many streams, of those that exist: two round trips for thousands instead of thousands."""
    rows = [row async for row in SQL.streams(pool, streams=list(streams))]
    return {
        stream: decider.fold(TYPES.decode(row["type"], row["schema_version"], row["data"]) for row in events)
        for stream, events in groupby(rows, key=lambda row: str(row["stream"]))
    }


async def recorded_commands(pool: Pool, command_ids: Sequence[UUID]) -> set[UUID]:
    """Those that are in the log."""
    return {row["command_id"] async for row in SQL.recorded_commands(pool, command_ids=list(command_ids))}


async def version_of(pool: Pool, event_id: UUID, stream: str) -> int:
    """The stream version of an event; 0 if the stream has no such event."""
    return int(await SQL.version_of(pool, event_id=event_id, stream=stream) or 0)


async def cell_sizes(pool: Pool) -> dict[UUID, int]:
    """Members by cell, after every change that the directory knows, those to come included."""
    return {row["cell_id"]: row["members"] async for row in SQL.cell_sizes(pool)}


async def members_of(pool: Pool, cell_ids: Iterable[UUID], on: date, *, after: UUID, limit: int) -> dict[UUID, UUID]:
    """Cell by member, of the members who belong to one of the cells on a day, in order of their ids."""
    rows = SQL.members_of(pool, cell_ids=list(cell_ids), valid_on=on, after=after, limit=limit)
    return {row["member_id"]: row["cell_id"] async for row in rows}


async def offices_of(pool: Pool, unit_ids: Iterable[UUID], on: date) -> list[dict[str, Any]]:
    """Tenures that cover a day, as rows of the directory."""
    return [dict(row) async for row in SQL.offices_of(pool, unit_ids=list(unit_ids), valid_on=on)]


async def assignments_of(pool: Pool, unit_ids: Iterable[UUID], on: date) -> list[dict[str, Any]]:
    """Assignments that cover a day, as rows of the directory."""
    return [dict(row) async for row in SQL.assignments_of(pool, unit_ids=list(unit_ids), valid_on=on)]
