"""One transaction of the log: lock, checks, insert. Everything that an append writes goes through here."""

from collections.abc import Sequence
from uuid import UUID

from shared.contracts.envelope import RecordedEvent
from shared.database.pool import Connection
from shared.decider import DomainError
from shared.eventstore.claims import ClaimTaken
from shared.eventstore.claims_table import load_touched, store_changes
from shared.eventstore.entry import Entry
from shared.eventstore.log import CommandRecorded, Text, VersionConflict
from shared.eventstore.rows import columns, recorded
from shared.eventstore.statements import QUERIES
from shared.failpoints import failpoint

Outcome = Sequence[RecordedEvent] | DomainError
# By command id.
Outcomes = dict[UUID, Outcome]


async def write(connection: Connection, log_id: str, entries: Sequence[Entry]) -> list[Outcome]:
    """Writes those of `entries` that nothing speaks against; an outcome per entry, in order.

    Streams and command ids must differ between entries. After a lost connection nobody knows whether they were written:
    write the same entries again, which finds out under the same lock. Any other error of the driver: they were not.
    """
    if any(entry.append.claims or entry.append.texts for entry in entries):
        async with connection.transaction(isolation="read_committed"):
            outcomes = await _with_claims_and_texts(connection, log_id, entries)
            failpoint("log.before_commit")
    else:
        failpoint("log.before_commit")
        outcomes = await _append(connection, log_id, entries)
    failpoint("log.after_commit")
    return [outcomes[entry.append.command_id] for entry in entries]


async def _with_claims_and_texts(connection: Connection, log_id: str, entries: Sequence[Entry]) -> Outcomes:
    await QUERIES.lock_log(connection)
    outcomes = await _refusals(connection, log_id, entries)
    outcomes |= await _claims(connection, _without(entries, outcomes))
    left = _without(entries, outcomes)
    await _insert_texts(connection, [text for entry in left for text in entry.append.texts])
    return outcomes | await _append(connection, log_id, left)


async def _append(connection: Connection, log_id: str, entries: Sequence[Entry]) -> Outcomes:
    """One statement, which is a transaction of its own unless one is open."""
    outcomes: Outcomes = {}
    # Who is neither stored nor refused expected a version that the stream has come to since it was tried.
    while left := _without(entries, outcomes):
        rows = [row for entry in left for row in entry.rows]
        stored = {row["stored_id"]: row async for row in QUERIES.append_events(connection, **columns(rows))}
        for entry in left:
            if found := [stored[row.event_id] for row in entry.rows if row.event_id in stored]:
                positions = (row["stored_position"] for row in found)
                outcomes[entry.append.command_id] = entry.stored(positions, found[0]["stored_at"])
        outcomes |= await _refusals(connection, log_id, _without(left, outcomes))
    return outcomes


def _without(entries: Sequence[Entry], outcomes: Outcomes) -> list[Entry]:
    return [entry for entry in entries if entry.append.command_id not in outcomes]


async def _refusals(connection: Connection, log_id: str, entries: Sequence[Entry]) -> Outcomes:
    """Of those whose command is recorded (with its rows, if by this very attempt) or whose stream is elsewhere."""
    if not entries:
        return {}
    appends = [entry.append for entry in entries]
    streams = [append.stream for append in appends]
    commands = [append.command_id for append in appends]
    found = [row async for row in QUERIES.check_appends(connection, streams=streams, command_ids=commands)]
    outcomes: Outcomes = {}
    for entry, append, row in zip(entries, appends, found, strict=True):
        if row["recorded"]:
            kept = QUERIES.find_command(connection, command_id=append.command_id)
            rows = [recorded(log_id, row) async for row in kept]
            outcomes[append.command_id] = rows if entry.was_stored_as(rows) else CommandRecorded(rows)
        elif row["version"] != append.expected_version:
            outcomes[append.command_id] = VersionConflict(append.stream, append.expected_version, row["version"])
    return outcomes


async def _claims(connection: Connection, entries: Sequence[Entry]) -> Outcomes:
    changes = [change for entry in entries for change in entry.append.claims]
    if not changes:
        return {}
    claims = await load_touched(connection, changes)
    before = claims.held()
    refusals: Outcomes = {}
    for entry in entries:
        try:
            claims.apply(entry.append.claims)
        except ClaimTaken as taken:
            refusals[entry.append.command_id] = taken
    await store_changes(connection, before, claims.held())
    return refusals


async def _insert_texts(connection: Connection, texts: Sequence[Text]) -> None:
    if texts:
        await QUERIES.insert_texts(
            connection,
            text_ids=[text.text_id for text in texts],
            subjects=[text.subject for text in texts],
            kinds=[text.kind for text in texts],
            bodies=[text.body for text in texts],
            salts=[text.salt for text in texts],
        )
