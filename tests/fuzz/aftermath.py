"""What must hold when all inputs are done: logs whole, claims and texts theirs, nobody held up, the recount equal."""

from collections.abc import AsyncIterator, Sequence
from itertools import groupby

from services.reporting.figures import last_day
from services.reporting.recount import Recount, differences
from services.reporting.rollup import TreeTally, sum_differences, sums
from services.reporting.stored import read_stored, stored_sums
from shared.contracts.catalogue import MODULES, types_of
from shared.contracts.envelope import RecordedEvent
from shared.eventstore.claims_table import rebuild_claims
from tests.fuzz.system import SERVICES, System

TYPES = types_of(*MODULES)


async def what_is_wrong(system: System) -> list[str]:
    """One line for each thing; empty if all is well."""
    await system.deliver()
    return [line for check in (_logs, _beside_logs, _held, _recount) async for line in check(system)]


async def _logs(system: System) -> AsyncIterator[str]:
    """Commands are whole, streams have no holes, and every event can be read."""
    for name in MODULES:
        rows = await system.rows(name)
        for command, numbers in _grouped([(str(row.command_id), row.n) for row in rows]):
            if numbers != [*range(len(numbers))]:
                yield f"{name}: command {command} has the events {numbers}"
        for stream, versions in _grouped([(row.stream, row.version) for row in rows]):
            if versions != [*range(1, len(versions) + 1)]:
                yield f"{name}: stream {stream} has the versions {versions}"
        for row in rows:
            TYPES.decode(row.type, row.schema_version, row.data)


def _grouped(pairs: Sequence[tuple[str, int]]) -> list[tuple[str, list[int]]]:
    return [(name, [number for _, number in group]) for name, group in groupby(sorted(pairs), lambda pair: pair[0])]


async def _beside_logs(system: System) -> AsyncIterator[str]:
    """Claims are those that the log gives; of every text, an event has the id."""
    for service in SERVICES:
        runtime = system.services[service.name].runtime
        read_claims = "SELECT name, key, holder FROM claims ORDER BY name, key"
        before = [tuple(row) for row in await runtime.pool.fetch(read_claims)]
        if service.aggregates:
            rebuilt = await rebuild_claims(runtime.pool, runtime.log, service.aggregates)
            for conflict in rebuilt.conflicts:
                yield f"{service.name}: {conflict}"
        if before != [tuple(row) for row in await runtime.pool.fetch(read_claims)]:
            yield f"{service.name}: claims are not those of the log"
        said = "".join(row.data for row in await system.rows(service.name))
        texts = [str(row["text_id"]) for row in await runtime.pool.fetch("SELECT text_id FROM texts")]
        for orphan in [text for text in texts if text not in said]:
            yield f"{service.name}: text {orphan} belongs to no event"


async def _held(system: System) -> AsyncIterator[str]:
    """What services record themselves, every consumer takes; something may wait, for a name that never came."""
    for name, service in system.services.items():
        for consumer, key in await service.runtime.store.held_keys():
            yield f"{name}: {consumer} holds {key.of}: {key.state} {key.reason}"
        for consumer, record in await service.runtime.store.quarantined():
            yield f"{name}: {consumer} quarantined {record.reason}"


async def _recount(system: System) -> AsyncIterator[str]:
    again, tree = Recount(), TreeTally()
    rows: list[RecordedEvent] = [row for name in MODULES for row in await system.rows(name)]
    for row in rows:
        again.add(row)
        tree.add(row)
    pool = system.services["reporting"].runtime.pool
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
        stored = await read_stored(connection)
        for difference in differences(stored, again):
            yield str(difference)
        for month in sorted({month for _, month in stored.months}):
            added = sums(tree, stored.months, month, last_day(month))
            for difference in sum_differences(month, await stored_sums(connection, month), added):
                yield str(difference)
