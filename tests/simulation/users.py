"""What users write: a tree that changes, members' status learned late, meetings held, corrected and withdrawn."""

from datetime import UTC, date, datetime, timedelta
from random import Random
from uuid import UUID

from shared.contracts import meetings, membership
from shared.contracts.envelope import RecordedEvent
from shared.contracts.event import Event
from shared.contracts.fields import TextRef
from shared.contracts.membership import TREE_KEY, MemberStatus, Standing
from tests.simulation.service import Service

PROVINCE, *COMMUNES = (UUID(int=9000 + n) for n in range(4))
CELLS = [UUID(int=2001 + n) for n in range(6)]
MEMBERS = [UUID(int=3001 + n) for n in range(8)]
PERIODS = {"2026-02": date(2026, 2, 28), "2026-03": date(2026, 3, 31)}
SINCE = date(2025, 7, 1)
DAYS = [date(2026, 2, 3), date(2026, 2, 20), date(2026, 3, 3), date(2026, 3, 20)]
TEXT = TextRef(text_id=UUID(int=9), sha256="0" * 64)


class Users:
    """Each call is one command of somebody."""

    def __init__(self, membership_service: Service, meetings_service: Service) -> None:
        self._membership = membership_service
        self._meetings = meetings_service

    async def begin(self) -> None:
        """Kinds, the province, its communes, half of the cells; the others come in time, after their first meetings."""
        kinds = [
            membership.UnitKindDefined(
                kind=kind, name=kind, is_cell=kind == "cell", decides_ratings=False, valid_from=SINCE
            )
            for kind in ("committee", "cell")
        ]
        units = [_unit(PROVINCE, "committee", None), *(_unit(unit, "committee", PROVINCE) for unit in COMMUNES)]
        await self._tree(*kinds, *units)
        for cell, commune in zip(CELLS, COMMUNES, strict=False):
            await self._tree(_unit(cell, "cell", commune))

    async def write(self, random: Random) -> None:
        kinds = (self._change_tree, self._say_of_a_member, self._hold, self._change_meeting)
        [write] = random.choices(kinds, (3, 3, 4, 4))
        await write(random)

    async def register_the_rest(self) -> None:
        """Every cell that something waits for becomes known at last."""
        known = {row.stream for row in await self._membership.rows()}
        for cell in CELLS:
            if _unit_stream(cell) not in known:
                await self._tree(_unit(cell, "cell", COMMUNES[0]))

    async def _change_tree(self, random: Random) -> None:
        cell, commune, day = random.choice(CELLS), random.choice(COMMUNES), random.choice(DAYS)
        changes = await self._membership.log.read_stream(_unit_stream(cell))
        moves = [row for row in changes if row.type == "UnitMoved"]
        kind = random.random()
        if not changes:
            await self._tree(_unit(cell, "cell", commune))
        elif moves and kind < 0.3:
            move = random.choice(moves)
            await self._tree(
                membership.UnitChangeWithdrawn(
                    unit_id=cell, withdrawn_event_id=move.event_id, withdrawn_version=move.version, reason="error"
                )
            )
        elif kind < 0.85:
            await self._tree(membership.UnitMoved(unit_id=cell, parent_id=commune, effective_on=day))
        else:
            await self._tree(membership.UnitRenamed(unit_id=cell, name="Chi bộ", effective_on=day))

    async def _tree(self, *events: Event) -> None:
        unit = getattr(events[-1], "unit_id", PROVINCE)
        await self._membership.write(_unit_stream(unit), TREE_KEY, *events)

    async def _say_of_a_member(self, random: Random) -> None:
        member = random.choice(MEMBERS)
        stream = f"member-{member}"
        if not await self._membership.log.read_stream(stream):
            admitted = membership.MemberAdmitted(
                member_id=member,
                cell_id=random.choice(CELLS[:3]),
                standing=Standing.OFFICIAL,
                effective_on=random.choice([SINCE, *DAYS]),
                person=TEXT,
            )
            await self._membership.write(stream, str(member), admitted)
            return
        status = membership.MemberStatusChanged(
            member_id=member,
            standing=Standing.OFFICIAL,
            status=random.choice([MemberStatus.ACTIVE, MemberStatus.EXEMPT, MemberStatus.SUSPENDED]),
            valid_from=random.choice(DAYS),
            valid_until=random.choice([None, DAYS[-1]]),
        )
        await self._membership.write(stream, str(member), status)

    async def _hold(self, random: Random) -> None:
        """A meeting that was held; each is held once. Some cells have not been registered yet."""
        cell, meeting = random.choice(CELLS), UUID(int=random.getrandbits(128), version=4)
        day = random.choice(DAYS)
        began = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        plan = {"meeting_id": meeting, "unit_id": cell, "body": random.choice(list(meetings.Body)), **_place(random)}
        sitting = meetings.HeldSitting(sitting_id=meeting, started_at=began, ended_at=began + timedelta(hours=2))
        held = meetings.MeetingHeld(**plan, held_on=day, sittings=(sitting,), speakers=random.randrange(9))
        events = [meetings.MeetingScheduled(**plan, sittings=()), held] if random.random() < 0.5 else [held]
        await self._meetings.write(_meeting_stream(meeting), str(cell), *events)

    async def _change_meeting(self, random: Random) -> None:
        held = [row for row in await self._meetings.rows() if row.type == "MeetingHeld"]
        if not held:
            return
        row = random.choice(held)
        await self._meetings.write(row.stream, row.key, _change(random, row))


def _change(random: Random, held: RecordedEvent) -> Event:
    """A correction of figures or of the place, a document, or a withdrawal."""
    meeting = meetings.MeetingHeld.model_validate_json(held.data).meeting_id
    why = {"meeting_id": meeting, "reason": "error"}
    moved = {"unit_id": random.choice(CELLS), "body": random.choice(list(meetings.Body)), **_place(random)}
    published = meetings.DocumentPublished(
        meeting_id=meeting,
        document_id=UUID(int=random.randrange(9)),
        kind="notice",
        title=TEXT,
        content_sha256="0" * 64,
        published_at=datetime(2026, 2, 1, tzinfo=UTC),
    )
    changes = (
        meetings.MeetingCorrected(**why, speakers=random.randrange(9)),
        meetings.MeetingCorrected(**why, **moved),
        published,
        meetings.OutcomeWithdrawn(**why),
        meetings.MeetingWithdrawn(**why),
    )
    [change] = random.choices(changes, (4, 4, 2, 2, 1))
    return change


def _place(random: Random) -> dict[str, object]:
    part = random.choice([(meetings.Part.REGULAR,), (meetings.Part.REGULAR,), (meetings.Part.THEMATIC,)])
    return {"period": random.choice(list(PERIODS)), "parts": part}


def _unit(unit: UUID, kind: str, parent: UUID | None) -> membership.UnitRegistered:
    return membership.UnitRegistered(unit_id=unit, kind=kind, name=kind, parent_id=parent, effective_on=SINCE)


def _unit_stream(unit: UUID) -> str:
    return f"unit-{unit}"


def _meeting_stream(meeting: UUID) -> str:
    return f"meeting-{meeting}"
