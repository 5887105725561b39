"""Law: it does not matter whether the tree is learned before the facts, after them, or in between."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date
from decimal import Decimal
from uuid import UUID

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.figures import last_day
from services.reporting.known import EVERYTHING
from services.reporting.projections import FactsProjection
from services.reporting.rollup import TreeTally, sum_differences, sums
from services.reporting.sql import SQL
from shared.contracts import attendance, membership
from shared.contracts.envelope import RecordedEvent
from shared.contracts.event import Event
from shared.database.migrate import SHARED_MIGRATIONS
from shared.directory.projection import DirectoryHandler
from shared.messaging.handler import EventHandler, Received
from tests.fixtures.databases import DatabaseFactory
from tests.properties.histories import histories, interleavings, recorded
from tests.properties.test_figures import LAW, MIGRATIONS, recounted

SINCE = date(2025, 7, 1)
PROVINCE, COMMUNE, OTHER = UUID(int=9001), UUID(int=9002), UUID(int=9003)
CELLS = (UUID(int=2001), UUID(int=2002))
UNITS = (PROVINCE, COMMUNE, OTHER, *CELLS)
PERIODS = ("2026-02", "2026-03", "2026-04")
ENDS = [last_day(period) for period in PERIODS]


def _unit(unit_id: UUID, kind: str, parent: UUID | None) -> membership.UnitRegistered:
    return membership.UnitRegistered(unit_id=unit_id, kind=kind, name=kind, parent_id=parent, effective_on=SINCE)


def _kind(kind: str, *, is_cell: bool, since: date = SINCE) -> membership.UnitKindDefined:
    return membership.UnitKindDefined(
        kind=kind, name=kind, is_cell=is_cell, decides_ratings=not is_cell, valid_from=since
    )


TREE: Sequence[Event] = (
    _kind("committee", is_cell=False),
    _kind("cell", is_cell=True),
    _unit(PROVINCE, "committee", None),
    _unit(COMMUNE, "committee", PROVINCE),
    _unit(OTHER, "committee", PROVINCE),
    _unit(CELLS[0], "cell", COMMUNE),
    _unit(CELLS[1], "cell", COMMUNE),
    membership.UnitMoved(unit_id=CELLS[1], parent_id=OTHER, effective_on=date(2026, 3, 10)),
)
# What may be said of the tree later: moves there and back, an end, a kind that is no cell's, a change that never was.
DAYS = st.sampled_from([date(2026, 2, 28), date(2026, 3, 10), date(2026, 3, 31), date(2026, 4, 1)])
LATER: st.SearchStrategy[Event] = st.one_of(
    st.builds(
        membership.UnitMoved,
        unit_id=st.sampled_from(CELLS),
        parent_id=st.sampled_from([COMMUNE, OTHER]),
        effective_on=DAYS,
        decision=st.none(),
    ),
    st.builds(
        membership.UnitMoved,
        unit_id=st.just(COMMUNE),
        parent_id=st.sampled_from([PROVINCE, OTHER]),
        effective_on=DAYS,
        decision=st.none(),
    ),
    st.builds(
        membership.UnitDissolved, unit_id=st.sampled_from([COMMUNE, *CELLS]), effective_on=DAYS, decision=st.none()
    ),
    st.builds(_kind, st.just("cell"), is_cell=st.booleans(), since=DAYS),
    st.builds(
        membership.UnitChangeWithdrawn,
        unit_id=st.just(CELLS[1]),
        withdrawn_event_id=st.just(recorded("membership", len(TREE), TREE[-1]).event_id),
        withdrawn_version=st.just(len(TREE)),
        reason=st.just("typo"),
    ),
)
CLOSURE = "SELECT ancestor, descendant, depth FROM unit_closure($1, $2)"
trees = st.lists(LATER, max_size=4).map(
    lambda later: [recorded("membership", position, event) for position, event in enumerate([*TREE, *later], start=1)]
)


RULES: st.SearchStrategy[list[Event]] = st.lists(
    st.one_of(
        st.builds(
            attendance.PresenceRuleDecided,
            unit_id=st.sampled_from([PROVINCE, COMMUNE, OTHER]),
            both_calls_needed=st.booleans(),
            valid_from=DAYS,
            source=st.just("decision"),
        ),
        st.builds(
            attendance.PresenceRuleWithdrawn,
            unit_id=st.sampled_from([PROVINCE, COMMUNE, OTHER]),
            valid_from=DAYS,
            reason=st.just("typo"),
        ),
    ),
    max_size=4,
)


@pytest.fixture
async def connection(database: DatabaseFactory) -> AsyncIterator[asyncpg.Connection]:
    opened = await asyncpg.connect(await database(*SHARED_MIGRATIONS, MIGRATIONS))
    yield opened
    await opened.close()


async def _apply(connection: asyncpg.Connection, arrived: Sequence[RecordedEvent]) -> None:
    """One by one."""
    handlers: dict[bool, EventHandler] = {True: DirectoryHandler(), False: FactsProjection()}
    for event in arrived:
        handler = handlers[event.log_id == "membership"]
        decoded = handler.types.decode(event.type, event.schema_version, event.data)
        await handler.apply(connection, [Received(event, decoded, 0, event.position)])


async def _figures(
    connection: asyncpg.Connection, periods: Sequence[str], trees: Sequence[date], units: Sequence[UUID] = UNITS
) -> dict[tuple[str, UUID], dict[str, object]]:
    """Of all units or of one, by period and unit; `trees`: of which day for each period."""
    rows = SQL.unit_figures(
        connection,
        units=units,
        top=units[0] if len(units) == 1 else None,
        periods=periods,
        valid_on=trees,
        due_on=[last_day(period) for period in periods],
        tree_position=EVERYTHING,
        known=None,
    )
    return {(row["period"], row["unit_id"]): dict(row) async for row in rows}


async def figures_after(
    connection: asyncpg.Connection, arrived: Sequence[RecordedEvent]
) -> dict[tuple[str, UUID], dict[str, object]]:
    """All units' figures of three months, each by the tree of its last day; the same however they are asked for."""
    async with _undone(connection):
        await _apply(connection, arrived)
        await _ask_otherwise(connection, [ENDS[1]] * 3)
        return await _ask_otherwise(connection, ENDS)


async def _ask_otherwise(
    connection: asyncpg.Connection, trees: Sequence[date]
) -> dict[tuple[str, UUID], dict[str, object]]:
    """All at once, as month by month and as of some units alone, which do not see what stands above them."""
    together = await _figures(connection, PERIODS, trees)
    for period, day in zip(PERIODS, trees, strict=True):
        for units in (UNITS, [COMMUNE], [CELLS[1]]):
            alone = await _figures(connection, [period], [day], units)
            assert alone == {place: row for place, row in together.items() if place[0] == period and place[1] in units}
    return together


def again_otherwise(arrived: Sequence[RecordedEvent], period: str) -> Mapping[str, Counter[str]]:
    """The same of one month by the recount, as its own order of arrival has it."""
    months, tree = recounted(arrived).months(), TreeTally()
    for event in arrived:
        tree.add(event)
    return sums(tree, months, period, last_day(period))


@asynccontextmanager
async def _undone(connection: asyncpg.Connection) -> AsyncIterator[None]:
    transaction = connection.transaction()
    await transaction.start()
    try:
        yield
    finally:
        await transaction.rollback()


def _whole(value: object) -> object:
    # A digest does not fit into the 28 digits of Python's decimal context.
    return int(value) if isinstance(value, Decimal) else value


@LAW
@given(tree=trees)
async def test_the_units_below_some_units_on_some_days_are_those_of_each_day(
    connection: asyncpg.Connection, tree: list[RecordedEvent]
) -> None:
    async with _undone(connection):
        await _apply(connection, tree)
        days = [SINCE, *ENDS]
        spans = await connection.fetch("SELECT * FROM unit_spans_below($1, $2, $3)", UNITS, days, EVERYTHING)
        for day in days:
            below = {
                (row["top"], row["unit_id"], row["depth"])
                for row in spans
                if row["valid_from"] <= day < row["valid_until"]
            }
            assert below == {tuple(row) for row in await connection.fetch(CLOSURE, day, EVERYTHING)}


@LAW
@given(data=st.data(), tree=trees, logs=histories, rules=RULES)
async def test_tree_events_after_facts_give_what_tree_events_before_give(
    connection: asyncpg.Connection,
    data: st.DataObject,
    tree: list[RecordedEvent],
    logs: tuple[list[RecordedEvent], ...],
    rules: list[Event],
) -> None:
    met, checked_in, scored = logs
    places = range(len(checked_in) + 1, len(checked_in) + len(rules) + 1)
    ruled = [recorded("attendance", place, rule) for place, rule in zip(places, rules, strict=True)]
    logs = (met, [*checked_in, *ruled], scored)
    tree_first = await figures_after(connection, [*tree, *(event for log in logs for event in log)])
    mixed = await figures_after(connection, data.draw(interleavings((tree, *logs))))
    assert mixed == tree_first
    arrived = data.draw(interleavings((tree, *logs)))
    for period in PERIODS:
        stored = {
            str(unit): {name: _whole(value) for name, value in row.items()}
            for (month, unit), row in mixed.items()
            if month == period
        }
        again = again_otherwise(arrived, period)
        assert [str(difference) for difference in sum_differences(period, stored, again)] == []
