"""The table of claims: changed with the events, under the log's lock, and rebuilt from them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from shared.advance import Advance, unseen
from shared.contracts.envelope import RecordedEvent
from shared.contracts.event import Event, EventTypes, UndecodableEvent
from shared.database.pool import Connection, Pool
from shared.eventstore.claims import Claim, ClaimChange, Claims, ClaimTaken, Release
from shared.eventstore.command_handler import Aggregate
from shared.eventstore.log import Log
from shared.eventstore.statements import QUERIES

PAGE = 1000


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """`conflicts`: claims that the log holds twice (a rule younger than the events): the earlier holder keeps it."""

    claims: int
    conflicts: tuple[ClaimTaken, ...]


async def load_touched(connection: Connection, changes: Sequence[ClaimChange]) -> Claims:
    """Every stored claim that `changes` can meet."""
    taken = [change for change in changes if isinstance(change, Claim)]
    let_go = [change for change in changes if isinstance(change, Release)]
    found = QUERIES.claims_touched(
        connection,
        names=[claim.name for claim in taken],
        keys=[claim.key for claim in taken],
        holder_names=[release.name for release in let_go],
        holders=[release.holder for release in let_go],
    )
    return Claims([Claim(row["name"], row["key"], row["holder"]) async for row in found])


async def store_changes(connection: Connection, before: frozenset[Claim], after: frozenset[Claim]) -> None:
    """Writes the difference."""
    if gone := sorted(before - after, key=_place):
        await QUERIES.delete_claims(connection, names=[c.name for c in gone], keys=[c.key for c in gone])
    await _insert(connection, after - before)


async def rebuild_claims(
    pool: Pool, log: Log, aggregates: Sequence[Aggregate[Any, Any]], advance: Advance = unseen
) -> Rebuilt:
    """Writes the table anew from `log`. Appends wait only while the last rows are read and the table is written.

    Raises `UndecodableEvent`, with nothing done, naming the position.
    """
    claims, conflicts = Claims(), list[ClaimTaken]()
    position = await _fold(log, 0, aggregates, claims, conflicts, advance)
    async with pool.acquire() as connection, connection.transaction(isolation="read_committed"):
        await QUERIES.lock_log(connection)
        await _fold(log, position, aggregates, claims, conflicts, advance)
        await QUERIES.clear_claims(connection)
        await _insert(connection, claims.held())
    return Rebuilt(len(claims.held()), tuple(conflicts))


async def _fold(
    log: Log,
    position: int,
    aggregates: Sequence[Aggregate[Any, Any]],
    claims: Claims,
    conflicts: list[ClaimTaken],
    advance: Advance,
) -> int:
    while rows := await log.read(after=position, limit=PAGE):
        for row in rows:
            try:
                claims.apply(_changes(row, aggregates))
            except ClaimTaken as taken:
                conflicts.append(taken)
        advance(rows[-1].position - position)
        position = rows[-1].position
    return position


def _changes(row: RecordedEvent, aggregates: Sequence[Aggregate[Any, Any]]) -> Iterable[ClaimChange]:
    for aggregate in aggregates:
        if row.type in aggregate.types:
            yield from aggregate.claims(_decoded(row, aggregate.types))


def _decoded(row: RecordedEvent, types: EventTypes) -> Event:
    try:
        return types.decode(row.type, row.schema_version, row.data)
    except UndecodableEvent as error:
        raise UndecodableEvent(f"claims cannot be rebuilt: position {row.position}: {error}") from error


async def _insert(connection: Connection, claims: Iterable[Claim]) -> None:
    new = sorted(claims, key=_place)
    if new:
        await QUERIES.insert_claims(
            connection,
            names=[claim.name for claim in new],
            keys=[claim.key for claim in new],
            holders=[claim.holder for claim in new],
        )


def _place(claim: Claim) -> tuple[str, str]:
    return claim.name, claim.key
