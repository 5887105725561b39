"""Reads: a unit's report, its meetings, a meeting's facts. Each answer is taken from one snapshot of the database."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.reporting.facts import SOURCES
from services.reporting.figures import Figures, last_day
from services.reporting.known import EVERYTHING, MEMBERSHIP, KnownAsOf, Vector
from services.reporting.names import sort_key
from services.reporting.sql import SQL
from shared.database.pool import Connection
from shared.decider import DomainError

LOGS = (MEMBERSHIP, *SOURCES)
FIRST = UUID(int=0)
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class UnitUnknown(DomainError):
    """The unit did not exist on that day, or was not known yet."""

    problem = "unit-unknown"
    status = 404


class MeetingUnknown(DomainError):
    """Nothing is recorded about the meeting, or not yet where it belongs."""

    problem = "meeting-unknown"
    status = 404


@dataclass(frozen=True, slots=True)
class Scope:
    """What a question is about. `known`: None, or a position for every log. `tree_position`: of membership's log."""

    unit_id: UUID
    period: str
    hierarchy_as_of: date
    known: Vector | None
    shown: Vector

    @property
    def tree_position(self) -> int:
        return _tree_position(self.known)

    @property
    def tree(self) -> dict[str, Any]:
        return {"valid_on": self.hierarchy_as_of, "tree_position": self.tree_position}

    @property
    def facts(self) -> dict[str, Any]:
        return {"period": self.period, "known": None if self.known is None else json.dumps(dict(self.known))}


@dataclass(frozen=True, slots=True)
class UnitFigures:
    unit_id: UUID
    name: str
    kind: str
    is_cell: bool
    figures: Figures


@dataclass(frozen=True, slots=True)
class Leaf:
    """A cell below a unit by the trees of some days: from `valid_from` on, before `valid_until`."""

    unit_id: UUID
    valid_from: date
    valid_until: date

    def stands_on(self, day: date) -> bool:
        return self.valid_from <= day < self.valid_until


@dataclass(frozen=True, slots=True)
class SilentCell:
    """A cell that owed a meeting and said nothing; many cells have the same name under different parents."""

    unit_id: UUID
    name: str
    parent_name: str | None


@dataclass(frozen=True, slots=True)
class Report:
    """A unit's figures with those of the units directly below it. `path`: from the root down to the unit."""

    scope: Scope
    unit: UnitFigures
    children: tuple[UnitFigures, ...]
    path: tuple[tuple[UUID, str], ...]
    silent: tuple[SilentCell, ...]
    incomplete: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Month:
    """Of a series; no figures where the unit did not exist by the scope's tree."""

    scope: Scope
    figures: Figures | None


@dataclass(frozen=True, slots=True)
class Reports:
    """Questions to the tables of reporting."""

    pool: asyncpg.Pool

    async def report(
        self,
        unit_id: UUID,
        period: str,
        hierarchy_as_of: date | None = None,
        known_as_of: KnownAsOf = KnownAsOf(),  # noqa: B008 - frozen
        held: Sequence[UUID] = (),
    ) -> Report:
        """Raises `UnitUnknown`. `held`: cells of which events wait or are parked; those in reach make it incomplete."""
        async with self._snapshot() as connection:
            scope = _scope(unit_id, period, hierarchy_as_of, await _known(connection, known_as_of))
            units = [dict(row) async for row in SQL.units_shown(connection, unit_id=unit_id, **scope.tree)]
            figures = await _figures(connection, [scope], [unit["unit_id"] for unit in units])
            shown = {unit["unit_id"]: _unit(unit, figures[period, unit["unit_id"]]) for unit in units}
            if unit_id not in shown:
                raise UnitUnknown(f"Không có tổ chức {unit_id} vào ngày {scope.hierarchy_as_of:%d/%m/%Y}.")
            path = [
                (row["unit_id"], row["name"]) async for row in SQL.path_of(connection, unit_id=unit_id, **scope.tree)
            ]
            report = Report(
                scope=scope,
                unit=shown.pop(unit_id),
                children=tuple(sorted(shown.values(), key=lambda child: sort_key(child.name))),
                path=tuple(path),
                silent=await _silent(connection, scope),
            )
            return replace(report, incomplete=await _below(connection, scope, held))

    async def series(
        self, unit_id: UUID, periods: Sequence[str], hierarchy_as_of: date | None, known_as_of: KnownAsOf
    ) -> list[Month]:
        """The unit's figures for each of the periods, all of one moment."""
        async with self._snapshot() as connection:
            known = await _known(connection, known_as_of)
            scopes = [_scope(unit_id, period, hierarchy_as_of, known) for period in periods]
            figures = await _figures(connection, scopes, [unit_id])
        return [Month(scope, figures.get((scope.period, unit_id))) for scope in scopes]

    async def leaves(self, unit_id: UUID, days: Sequence[date], known_as_of: KnownAsOf) -> list[Leaf]:
        """The cells that figures by the trees of these days are summed over."""
        async with self._snapshot() as connection:
            known, _ = await _known(connection, known_as_of)
            rows = SQL.leaves(connection, unit_id=unit_id, days=days, tree_position=_tree_position(known))
            return [Leaf(*row) async for row in rows]

    async def meetings(self, scope: Scope, *, after: UUID = FIRST, size: int = 100) -> Sequence[dict[str, Any]]:
        """What meetings in the unit's subtree contribute, by meeting id from `after` on."""
        page = {"unit_id": scope.unit_id, "after": after, "size": size, **scope.tree}
        async with self._snapshot() as connection:
            if scope.known is None:
                rows = SQL.meetings_below(connection, period=scope.period, **page)
            else:
                rows = SQL.meetings_below_known(connection, **scope.facts, **page)
            return [dict(row) async for row in rows]

    async def scope(self, unit_id: UUID, period: str, hierarchy_as_of: date | None, known_as_of: KnownAsOf) -> Scope:
        """What a question with these parameters is about, by what is known now."""
        async with self._snapshot() as connection:
            return _scope(unit_id, period, hierarchy_as_of, await _known(connection, known_as_of))

    async def meeting(self, meeting_id: UUID) -> dict[str, Any]:
        """What one meeting contributes; raises `MeetingUnknown`."""
        row = await SQL.meeting(self.pool, meeting_id=meeting_id)
        if row is None:
            raise MeetingUnknown(f"Chưa có dữ liệu về kỳ sinh hoạt {meeting_id}.")
        return dict(row)

    async def meeting_events(
        self, meeting_id: UUID, *, after: tuple[datetime, str, int] = (BEGINNING, "", 0), size: int = 200
    ) -> Sequence[dict[str, Any]]:
        """The events that a meeting's figures come from, in the order of recording."""
        time, log_id, position = after
        rows = SQL.meeting_events(
            self.pool, meeting_id=meeting_id, after_time=time, after_log=log_id, after_position=position, size=size
        )
        return [dict(row) | {"data": json.loads(row["data"])} async for row in rows]

    async def rating_names(self) -> dict[str, str]:
        """Official names of ratings by code, the best first."""
        return {row["rating"]: row["name"] async for row in SQL.rating_names(self.pool)}

    async def periods(self) -> Sequence[str]:
        """Periods with any meeting, the latest first."""
        return [row["period"] async for row in SQL.periods_known(self.pool)]

    @asynccontextmanager
    async def _snapshot(self) -> AsyncIterator[Connection]:
        async with (
            self.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            yield connection


def _scope(unit_id: UUID, period: str, hierarchy_as_of: date | None, known: tuple[Vector | None, Vector]) -> Scope:
    return Scope(unit_id, period, hierarchy_as_of or last_day(period), *known)


def _tree_position(known: Vector | None) -> int:
    return EVERYTHING if known is None else known.get(MEMBERSHIP, 0)


async def _known(connection: Connection, known_as_of: KnownAsOf) -> tuple[Vector | None, Vector]:
    """`known` and `shown` of a scope."""
    now = await _positions(connection, None)
    known: Vector | None = None
    if known_as_of.moment is not None:
        known = await _positions(connection, known_as_of.moment)
    elif known_as_of.positions is not None:
        known = now | dict(known_as_of.positions)
    return known, now if known is None else known


async def _positions(connection: Connection, moment: datetime | None) -> dict[str, int]:
    rows = SQL.positions_at(connection, logs=LOGS, moment=moment)
    return {row["log_id"]: row["position"] async for row in rows}


async def _figures(
    connection: Connection, scopes: Sequence[Scope], units: Sequence[UUID]
) -> dict[tuple[str, UUID], Figures]:
    """By period and unit; `scopes`: of one unit, which all `units` are or stand directly below."""
    some = scopes[0]
    rows = SQL.unit_figures(
        connection,
        units=units,
        top=some.unit_id,
        periods=[scope.period for scope in scopes],
        valid_on=[scope.hierarchy_as_of for scope in scopes],
        due_on=[last_day(scope.period) for scope in scopes],
        tree_position=some.tree_position,
        known=some.facts["known"],
    )
    return {(row["period"], row["unit_id"]): Figures.of(dict(row), json.loads(row["ratings"])) async for row in rows}


def _unit(row: dict[str, Any], figures: Figures) -> UnitFigures:
    return UnitFigures(row["unit_id"], row["name"], row["kind"], row["is_cell"], figures)


async def _silent(connection: Connection, scope: Scope) -> tuple[SilentCell, ...]:
    due_on = last_day(scope.period)
    rows = SQL.silent_cells(connection, unit_id=scope.unit_id, due_on=due_on, **scope.tree, **scope.facts)
    cells = [SilentCell(**dict(row)) async for row in rows]
    return tuple(sorted(cells, key=lambda cell: (sort_key(cell.parent_name or ""), sort_key(cell.name))))


async def _below(connection: Connection, scope: Scope, units: Sequence[UUID]) -> tuple[UUID, ...]:
    if not units:
        return ()
    rows = SQL.cells_below(connection, unit_id=scope.unit_id, units=units, **scope.tree)
    return tuple([row["unit_id"] async for row in rows])
