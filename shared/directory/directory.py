"""Questions to the local projection of membership: today's and any day's tree, offices, assignments, cells."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

from shared.contracts.membership import AssignmentKind, OfficeRole
from shared.database.pool import Pool, queries
from shared.local_time import local_date

# Known time "now": above every position of a log.
EVERYTHING = 2**63 - 1

SQL = queries(Path(__file__).parent / "sql" / "queries.sql")


class UnitUnknown(LookupError):
    """No such unit was ever registered, as far as the service has learned."""

    def __init__(self, unit_id: UUID) -> None:
        super().__init__(f"no unit {unit_id} is known here: the address of a unit's page has its id")


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as it is on a day. `decides_ratings`: its committee decides the rating of the cells below it."""

    unit_id: UUID
    name: str
    kind: str
    parent_id: UUID | None
    is_cell: bool
    decides_ratings: bool
    cell_type: str | None


@dataclass(frozen=True, slots=True)
class Office:
    """A tenure, both days included. `of_cell`: whether its unit is a cell on the day asked for; None: it is no unit."""

    office_id: UUID
    unit_id: UUID
    role: OfficeRole
    member_id: UUID | None
    valid_from: date
    valid_until: date | None
    of_cell: bool | None

    def holds(self, on: date) -> bool:
        """Whether the tenure covers `on`."""
        return self.valid_from <= on and (self.valid_until is None or on <= self.valid_until)


@dataclass(frozen=True, slots=True)
class Assignment:
    """A member follows a unit or takes its notes, on the day asked for."""

    assignment_id: UUID
    kind: AssignmentKind
    unit_id: UUID


class Directory:
    """Answers from the service's own database; how far it is behind shows in the consumer "directory"."""

    def __init__(self, pool: Pool, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._pool = pool
        self._clock = clock

    async def unit(self, unit_id: UUID, on: date | None = None) -> Unit | None:
        """The unit as it is on `on` (None: today); None if unknown, or not existing that day."""
        day = on or local_date(self._clock())
        row = await SQL.unit_on(self._pool, unit_id=unit_id, valid_on=day, known_position=EVERYTHING)
        return Unit(**dict(row)) if row else None

    async def knows(self, unit_id: UUID) -> bool:
        """Whether the unit was ever registered, on whatever day."""
        return bool(await SQL.unit_known(self._pool, unit_id=unit_id))

    async def ancestors(self, unit_id: UUID, on: date) -> Sequence[UUID]:
        """The units above `unit_id` on `on`, nearest first."""
        rows = SQL.ancestors(self._pool, unit_id=unit_id, valid_on=on, known_position=EVERYTHING)
        return [row["unit_id"] async for row in rows if row["depth"] > 0]

    async def is_within(self, unit_id: UUID, ancestor_id: UUID, on: date) -> bool:
        """Whether `unit_id` is `ancestor_id` or stands below it on `on`."""
        return unit_id == ancestor_id or ancestor_id in await self.ancestors(unit_id, on)

    async def reached(self, unit_ids: Sequence[UUID], tops: Sequence[UUID], on: date) -> dict[UUID, bool]:
        """Of the units that exist on `on`, whether each is one of `tops` or stands below one of them."""
        rows = SQL.reached(self._pool, unit_ids=unit_ids, tops=tops, valid_on=on, known_position=EVERYTHING)
        return {row["unit_id"]: row["reached"] async for row in rows}

    async def deciding_committee(self, cell_id: UUID, on: date) -> UUID | None:
        """The nearest unit above whose kind decides ratings: a sub-committee does not (294-QĐ/TW, article 10)."""
        rows = SQL.ancestors(self._pool, unit_id=cell_id, valid_on=on, known_position=EVERYTHING)
        deciding = [row["unit_id"] async for row in rows if row["depth"] > 0 and row["decides_ratings"]]
        return next(iter(deciding), None)

    async def office(self, office_id: UUID, on: date) -> Office | None:
        """The tenure, current or not, with its unit as it is on `on`; None if unknown."""
        row = await SQL.office(self._pool, office_id=office_id, valid_on=on, known_position=EVERYTHING)
        return Office(**{**dict(row), "role": OfficeRole(row["role"])}) if row else None

    async def assignments(self, member_id: UUID, on: date) -> Sequence[Assignment]:
        """What the member follows or takes notes for on `on`."""
        rows = SQL.assignments(self._pool, member_id=member_id, valid_on=on)
        return [Assignment(row["assignment_id"], AssignmentKind(row["kind"]), row["unit_id"]) async for row in rows]

    async def cell_of(self, member_id: UUID, on: date) -> UUID | None:
        """The cell that the member belongs to on `on`; None if unknown or departed."""
        cell_id: UUID | None = await SQL.cell_of(self._pool, member_id=member_id, valid_on=on)
        return cell_id
