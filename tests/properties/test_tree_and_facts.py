"""Law: it does not matter whether the tree is learned before the facts, after them, or in between."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.projections import FactsProjection
from services.reporting.rollup import TreeTally, sum_differences, sums
from services.reporting.sql import SQL
from shared.contracts import membership
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


def _unit(unit_id: UUID, kind: str, parent: UUID | None) -> membership.UnitRegistered:
    return membership.UnitRegistered(unit_id=unit_id, kind=kind, name=kind, parent_id=parent, effective_on=SINCE)


def _kind(kind: str, *, is_cell: bool) -> membership.UnitKindDefined:
    return membership.UnitKindDefined(
        kind=kind, name=kind, is_cell=is_cell, decides_ratings=not is_cell, valid_from=SINCE
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
# What may be said of the tree later: moves there and back, an end, another kind, a change that never was.
DAYS = st.sampled_from([date(2026, 2, 28), date(2026, 3, 10), date(2026, 3, 31), date(2026, 4, 1)])
LATER: st.SearchStrategy[Event] = st.one_of(
    st.builds(
        membership.UnitMoved,
        unit_id=st.sampled_from(CELLS),
        parent_id=st.sampled_from([COMMUNE, OTHER]),
        effective_on=DAYS,
        decision=st.none(),
    ),
    st.builds(membership.UnitDissolved, unit_id=st.sampled_from(CELLS), effective_on=DAYS, decision=st.none()),
    st.builds(
        membership.UnitChangeWithdrawn,
        unit_id=st.just(CELLS[1]),
        withdrawn_event_id=st.just(recorded("membership", len(TREE), TREE[-1]).event_id),
        withdrawn_version=st.just(len(TREE)),
        reason=st.just("typo"),
    ),
)
trees = st.lists(LATER, max_size=4).map(
    lambda later: [recorded("membership", position, event) for position, event in enumerate([*TREE, *later], start=1)]
)


@pytest.fixture
async def connection(database: DatabaseFactory) -> AsyncIterator[asyncpg.Connection]:
    opened = await asyncpg.connect(await database(*SHARED_MIGRATIONS, MIGRATIONS))
    yield opened
    await opened.close()


async def figures_after(connection: asyncpg.Connection, arrived: Sequence[RecordedEvent]) -> list[dict[str, object]]:
    """All units' March figures, after events came one by one."""
    handlers: dict[bool, EventHandler] = {True: DirectoryHandler(), False: FactsProjection()}
    transaction = connection.transaction()
    await transaction.start()
    try:
        for event in arrived:
            handler = handlers[event.log_id == "membership"]
            decoded = handler.types.decode(event.type, event.schema_version, event.data)
            await handler.apply(connection, [Received(event, decoded, 0, event.position)])
        end = date(2026, 3, 31)
        rows = SQL.unit_figures(
            connection,
            units=[PROVINCE, COMMUNE, OTHER, *CELLS],
            tops=[PROVINCE, COMMUNE, OTHER, *CELLS],
            valid_on=end,
            due_on=end,
            period_end=end,
            tree_position=2**63 - 1,
            period="2026-03",
            known=None,
        )
        return sorted([dict(row) async for row in rows], key=lambda row: str(row["unit_id"]))
    finally:
        await transaction.rollback()


def again_otherwise(arrived: Sequence[RecordedEvent]) -> Mapping[str, Counter[str]]:
    """The same by the recount, as its own order of arrival has it."""
    months, tree = recounted(arrived).months(), TreeTally()
    for event in arrived:
        tree.add(event)
    return sums(tree, months, "2026-03", date(2026, 3, 31))


def _whole(value: object) -> object:
    # A digest does not fit into the 28 digits of Python's decimal context.
    return int(value) if isinstance(value, Decimal) else value


@LAW
@given(data=st.data(), tree=trees, logs=histories)
async def test_tree_events_after_facts_give_what_tree_events_before_give(
    connection: asyncpg.Connection,
    data: st.DataObject,
    tree: list[RecordedEvent],
    logs: tuple[list[RecordedEvent], ...],
) -> None:
    tree_first = await figures_after(connection, [*tree, *(event for log in logs for event in log)])
    mixed = await figures_after(connection, data.draw(interleavings((tree, *logs))))
    assert mixed == tree_first
    stored = {str(row["unit_id"]): {name: _whole(value) for name, value in row.items()} for row in mixed}
    again = again_otherwise(data.draw(interleavings((tree, *logs))))
    assert [str(difference) for difference in sum_differences("2026-03", stored, again)] == []
    by_unit = {row["unit_id"]: row for row in mixed}
    for name in ("cells", "met", "expected", "input_digest", "facts_digest"):
        # int: the sum of two numeric digests does not fit into the 28 digits of Python's decimal context
        province, *below = (int(str(by_unit[unit][name])) for unit in (PROVINCE, COMMUNE, OTHER))
        assert province == sum(below)
