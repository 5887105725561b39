"""Who is expected at a cell's meeting on a day, and why the others are not, from 294-QĐ/TW (26/5/2025).

A member's past is a list of dated changes. Of the cells joined by a day the one joined last counts; of the statuses
that cover a day the one learned last. Membership reads its own past in the same way.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from shared.contracts.attendance import RosterRow
from shared.contracts.membership import MemberStatus, Standing

# Excluded from the attendance ratio, but nothing takes their vote: 294-QĐ/TW 9.3 names the others.
_VOTING = frozenset({MemberStatus.ACTIVE, MemberStatus.SPECIAL_DUTY})


@dataclass(frozen=True, slots=True)
class Belonging:
    """From `since` on the member belongs to `cell_id`: admission or official transfer."""

    position: int
    since: date
    cell_id: UUID


@dataclass(frozen=True, slots=True)
class Spell:
    """Standing and status from `since` to `until`, both days included; open-ended without `until`."""

    position: int
    since: date
    until: date | None
    standing: Standing
    status: MemberStatus
    host_cell_id: UUID | None = None

    def covers(self, day: date) -> bool:
        return self.since <= day and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True)
class MemberPast:
    belongings: Sequence[Belonging]
    spells: Sequence[Spell]


@dataclass(frozen=True, slots=True)
class Roster:
    """The rows of a meeting, and up to which position of membership's log they know."""

    unit_id: UUID
    period: str
    held_on: date
    membership_position: int
    rows: tuple[RosterRow, ...]


def draw(pasts: Mapping[UUID, MemberPast], cell_id: UUID, day: date) -> tuple[RosterRow, ...]:
    """The rows of `cell_id` on `day`, in the order of member ids, so that equal rosters are equal."""
    return tuple(
        row for member_id in sorted(pasts) if (row := row_of(member_id, pasts[member_id], cell_id, day)) is not None
    )


def row_of(member_id: UUID, past: MemberPast, cell_id: UUID, day: date) -> RosterRow | None:
    """The member's row in `cell_id` on `day`; None when the member is no concern of that cell on that day."""
    joined = [each for each in past.belongings if each.since <= day]
    home = max(joined, key=lambda each: (each.since, each.position), default=None)
    spell = max((each for each in past.spells if each.covers(day)), key=lambda each: each.position, default=None)
    if home is None or spell is None or spell.status is MemberStatus.DEPARTED:
        return None
    if home.cell_id == cell_id:
        return _home_row(member_id, spell)
    if spell.status is MemberStatus.TEMPORARY_ELSEWHERE and spell.host_cell_id == cell_id:
        # Full rights stay at home: no vote at the host (294-QĐ/TW 6.3.2).
        return RosterRow(member_id=member_id, expected=True, votes=False, hosted=True)
    return None


def _home_row(member_id: UUID, spell: Spell) -> RosterRow:
    expected = spell.status is MemberStatus.ACTIVE
    return RosterRow(
        member_id=member_id,
        expected=expected,
        votes=spell.standing is Standing.OFFICIAL and spell.status in _VOTING,
        exclusion=None if expected else spell.status,
    )
