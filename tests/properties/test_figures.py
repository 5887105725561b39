"""Laws of the figures: no order of arrival, repetition or second code path gives another sum or digest."""

import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from pathlib import Path

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.reporting.facts import SOURCES
from services.reporting.projections import FactsProjection
from services.reporting.recount import Month, Place, Recount, Stored, differences
from services.reporting.stored import read_stored, stored_month
from shared.contracts.envelope import RecordedEvent
from shared.database.migrate import SHARED_MIGRATIONS
from shared.messaging.handler import Received
from tests.fixtures.databases import DatabaseFactory
from tests.properties.histories import histories, interleavings

MIGRATIONS = Path("services/reporting/sql/migrations")
LAW = settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
HANDLER = FactsProjection()


@pytest.fixture
async def connection(database: DatabaseFactory) -> AsyncIterator[asyncpg.Connection]:
    opened = await asyncpg.connect(await database(*SHARED_MIGRATIONS, MIGRATIONS))
    yield opened
    await opened.close()


def received(recorded: RecordedEvent) -> Received:
    event = HANDLER.types.decode(recorded.type, recorded.schema_version, recorded.data)
    return Received(recorded, event, partition=0, offset=recorded.position)


async def applied(connection: asyncpg.Connection, arrived: Sequence[RecordedEvent], size: int) -> Stored:
    """What the tables say after `arrived` came in batches of `size`, starting from nothing."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        await apply(connection, arrived, size)
        return await read_stored(connection)
    finally:
        await transaction.rollback()


async def apply(connection: asyncpg.Connection, arrived: Sequence[RecordedEvent], size: int) -> None:
    for start in range(0, len(arrived), size):
        await HANDLER.apply(connection, [received(event) for event in arrived[start : start + size]])


@LAW
@given(data=st.data(), logs=histories, size=st.integers(1, 12))
async def test_any_interleaving_and_repetition_gives_the_figures_that_recount_gives(
    connection: asyncpg.Connection, data: st.DataObject, logs: tuple[list[RecordedEvent], ...], size: int
) -> None:
    stored = await applied(connection, data.draw(interleavings(logs)), size)
    # Log after log, each event once; and as the topics may give it, which is another way than the tables had it.
    in_order, mixed = recounted([event for log in logs for event in log]), recounted(data.draw(interleavings(logs)))

    assert [str(difference) for difference in differences(stored, in_order)] == []
    assert stored.meetings == in_order.meetings() == mixed.meetings()
    assert mixed.months() == in_order.months()
    assert mixed.events == in_order.events


def recounted(arrived: Iterable[RecordedEvent]) -> Recount:
    recount = Recount()
    for event in arrived:
        recount.add(event)
    return recount


@LAW
@given(data=st.data(), logs=histories, size=st.integers(1, 12))
async def test_what_was_known_at_positions_is_what_the_events_up_to_them_give(
    connection: asyncpg.Connection, data: st.DataObject, logs: tuple[list[RecordedEvent], ...], size: int
) -> None:
    heads = {log_id: data.draw(st.integers(0, len(log))) for log_id, log in zip(SOURCES, logs, strict=True)}
    arrived = [event for log in logs for event in log]
    known_then = recounted(event for event in arrived if event.position <= heads[event.log_id])

    assert await months_known(connection, arrived, heads, size) == known_then.months()


async def months_known(
    connection: asyncpg.Connection, arrived: Sequence[RecordedEvent], heads: Mapping[str, int], size: int
) -> Mapping[Place, Month]:
    transaction = connection.transaction()
    await transaction.start()
    try:
        await apply(connection, arrived, size)
        known = "SELECT month.* FROM unnest($1::text[]) AS of, months_of($2, of, $3) AS month"
        cells = await connection.fetchval("SELECT array_agg(DISTINCT unit_id) FROM meeting_fact")
        rows = await connection.fetch(known, ["2026-02", "2026-03"], cells or [], json.dumps(heads))
        return {(str(row["unit_id"]), row["period"]): stored_month(dict(row)) for row in rows}
    finally:
        await transaction.rollback()
