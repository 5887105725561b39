"""Reads of the attendance service: meetings as known here, and members' pasts for drawing rosters."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

from services.attendance.domain.roster import Belonging, MemberPast, Roster, Spell, draw
from shared.contracts.membership import MemberStatus, Standing
from shared.database.pool import Pool, queries

SQL = queries(Path(__file__).parent / "sql" / "queries.sql")


@dataclass(frozen=True, slots=True)
class KnownMeeting:
    """`status`: open, held, not_held or withdrawn. `day`: held on, or planned for; None if neither is known."""

    meeting_id: UUID
    position: int
    unit_id: UUID
    body: str
    period: str
    status: str
    starts_at: datetime | None
    day: date | None
    sittings: Sequence[UUID]


def about_member(member_id: UUID) -> str:
    """Whose an erasable text is."""
    return f"member:{member_id}"


async def meeting(pool: Pool, meeting_id: UUID) -> KnownMeeting | None:
    row = await SQL.meeting(pool, meeting_id=meeting_id)
    return KnownMeeting(**dict(row)) if row else None


async def meetings_of_members(pool: Pool, since: Mapping[UUID, date]) -> Mapping[UUID, Sequence[KnownMeeting]]:
    """For each member the meetings, on its day of `since` or later, whose rosters it may ever have been on."""
    found: dict[UUID, list[KnownMeeting]] = defaultdict(list)
    async for row in SQL.meetings_of_members(pool, member_ids=list(since), since=list(since.values())):
        values = dict(row)
        found[values.pop("member_id")].append(KnownMeeting(**values))
    return found


async def members_are_known(pool: Pool, positions: Mapping[UUID, int]) -> bool:
    """Whether each member's events are applied here up to the given position of membership's log."""
    asked = {"member_ids": list(positions), "positions": list(positions.values())}
    return int(await SQL.members_known(pool, **asked)) == len(positions)


async def meetings_are_known(pool: Pool, positions: Mapping[UUID, int]) -> bool:
    """Whether each meeting's events are applied here up to the given position of the log of meetings."""
    asked = {"meeting_ids": list(positions), "positions": list(positions.values())}
    return int(await SQL.meetings_known(pool, **asked)) == len(positions)


async def positions_of(pool: Pool, member_ids: Iterable[UUID]) -> Mapping[UUID, int]:
    """Up to which position of membership's log each member's events are applied here; the unknown are left out."""
    return {row["member_id"]: row["position"] async for row in SQL.positions_of(pool, member_ids=list(member_ids))}


async def members_of_cell(pool: Pool, cell_id: UUID) -> list[UUID]:
    return [row["member_id"] async for row in SQL.members_of_cell(pool, cell_id=cell_id)]


async def pasts(pool: Pool, member_ids: Sequence[UUID]) -> Mapping[UUID, MemberPast]:
    """What is known of each member; one who is not known here is left out."""
    belongings: dict[UUID, list[Belonging]] = defaultdict(list)
    async for row in SQL.belongings_of(pool, member_ids=list(member_ids)):
        belongings[row["member_id"]].append(Belonging(row["position"], row["since"], row["cell_id"]))
    spells: dict[UUID, list[Spell]] = defaultdict(list)
    async for row in SQL.spells_of(pool, member_ids=list(member_ids)):
        spells[row["member_id"]].append(
            Spell(
                position=row["position"],
                since=row["since"],
                until=row["until"],
                standing=Standing(row["standing"]),
                status=MemberStatus(row["status"]),
                host_cell_id=row["host_cell_id"],
            )
        )
    return {member: MemberPast(belongings[member], spells[member]) for member in belongings}


async def draw_roster(pool: Pool, of: KnownMeeting, membership_position: int) -> Roster:
    """The roster of a meeting by what is known here now; `membership_position`: the watermark to record with it."""
    if of.day is None:
        raise ValueError(f"meeting {of.meeting_id} has no day")
    members = await members_of_cell(pool, of.unit_id)
    rows = draw(await pasts(pool, members), of.unit_id, of.day)
    return Roster(of.unit_id, of.period, of.day, membership_position, rows)
