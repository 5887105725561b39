"""One transaction of the log: lock, checks, insert. Everything that an append writes goes through here."""

from collections.abc import Sequence
from uuid import UUID

from shared.contracts.envelope import RecordedEvent
from shared.database.pool import Connection, Pool
from shared.decider import DomainError
from shared.eventstore.claims import ClaimTaken
from shared.eventstore.claims_table import load_touched, store_changes
from shared.eventstore.entry import Entry
from shared.eventstore.log import CommandRecorded, VersionConflict
from shared.eventstore.rows import columns, recorded
from shared.eventstore.statements import QUERIES
from shared.failpoints import failpoint

Outcome = Sequence[RecordedEvent] | DomainError


async def write(connection: Connection, log_id: str, entries: Sequence[Entry]) -> list[Outcome]:
    """Writes those of `entries` that nothing speaks against; an outcome per entry, in order.

    Streams and command ids must differ between entries. A driver's error means that nothing was written, except when
    the connection is lost at COMMIT: then write the same entries again, which finds out under the same lock.
    """
    outcomes: dict[UUID, Outcome] = {}
    async with connection.transaction(isolation="read_committed"):
        await QUERIES.lock_log(connection)
        outcomes |= await _recorded_or_outdated(connection, log_id, entries)
        outcomes |= await _claims(connection, _without(entries, outcomes))
        outcomes |= await _insert(connection, _without(entries, outcomes))
        failpoint("log.before_commit")
    failpoint("log.after_commit")
    return [outcomes[entry.append.command_id] for entry in entries]


def _without(entries: Sequence[Entry], outcomes: dict[UUID, Outcome]) -> list[Entry]:
    return [entry for entry in entries if entry.append.command_id not in outcomes]


async def _recorded_or_outdated(connection: Connection, log_id: str, entries: Sequence[Entry]) -> dict[UUID, Outcome]:
    appends = [entry.append for entry in entries]
    streams = [append.stream for append in appends]
    commands = [append.command_id for append in appends]
    found = [row async for row in QUERIES.check_appends(connection, streams=streams, command_ids=commands)]
    outcomes: dict[UUID, Outcome] = {}
    for entry, append, row in zip(entries, appends, found, strict=True):
        if row["recorded"]:
            rows = await find_command(connection, log_id, append.command_id)
            outcomes[append.command_id] = rows if entry.was_stored_as(rows) else CommandRecorded(rows)
        elif row["version"] != append.expected_version:
            outcomes[append.command_id] = VersionConflict(append.stream, append.expected_version, row["version"])
    return outcomes


async def _claims(connection: Connection, entries: Sequence[Entry]) -> dict[UUID, Outcome]:
    changes = [change for entry in entries for change in entry.append.claims]
    if not changes:
        return {}
    claims = await load_touched(connection, changes)
    before = claims.held()
    refusals: dict[UUID, Outcome] = {}
    for entry in entries:
        try:
            claims.apply(entry.append.claims)
        except ClaimTaken as taken:
            refusals[entry.append.command_id] = taken
    await store_changes(connection, before, claims.held())
    return refusals


async def _insert(connection: Connection, entries: Sequence[Entry]) -> dict[UUID, Outcome]:
    if not entries:
        return {}
    inserted = QUERIES.insert_events(connection, **columns([row for entry in entries for row in entry.rows]))
    stored = {row["event_id"]: row async for row in inserted}
    texts = [text for entry in entries for text in entry.append.texts]
    if texts:
        await QUERIES.insert_texts(
            connection,
            text_ids=[text.text_id for text in texts],
            subjects=[text.subject for text in texts],
            kinds=[text.kind for text in texts],
            bodies=[text.body for text in texts],
            salts=[text.salt for text in texts],
        )
    time = next(iter(stored.values()))["recorded_at"]
    return {
        entry.append.command_id: entry.stored((stored[row.event_id]["position"] for row in entry.rows), time)
        for entry in entries
    }


async def find_command(connection: Connection | Pool, log_id: str, command_id: UUID) -> Sequence[RecordedEvent]:
    return [recorded(log_id, row) async for row in QUERIES.find_command(connection, command_id=command_id)]
