"""Months as the three services publish them: a cell's meeting with its roll call and ratings, in a few words."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid5

from shared.contracts import attendance as calls
from shared.contracts import evaluation as scores
from shared.contracts import meetings as plans
from shared.contracts.event import Event
from shared.contracts.fields import TextRef
from shared.contracts.membership import MemberStatus
from shared.eventstore.memory import MemoryLog
from tests.integration.inprocess import record

NAMES = UUID(int=0x5EED)
REGULAR = (plans.Part.REGULAR,)
NOTE = TextRef(text_id=UUID(int=9), sha256="0" * 64)


@dataclass
class Story:
    """The logs of meetings, attendance and evaluation."""

    meetings: MemoryLog = field(default_factory=lambda: MemoryLog("meetings"))
    attendance: MemoryLog = field(default_factory=lambda: MemoryLog("attendance"))
    evaluation: MemoryLog = field(default_factory=lambda: MemoryLog("evaluation"))

    @property
    def logs(self) -> tuple[MemoryLog, ...]:
        return self.meetings, self.attendance, self.evaluation

    async def hold(
        self,
        cell: UUID,
        *,
        period: str = "2026-03",
        name: str = "regular",
        parts: Sequence[plans.Part] = REGULAR,
        minutes: int = 95,
        superior: bool | None = None,
        held_on: date = date(2026, 3, 3),
    ) -> UUID:
        """A meeting that was held; its id."""
        meeting = uuid5(NAMES, f"{cell} {period} {name}")
        start = datetime(held_on.year, held_on.month, held_on.day, 11, tzinfo=UTC)
        sitting = plans.HeldSitting(sitting_id=meeting, started_at=start, ended_at=start + timedelta(minutes=minutes))
        held = plans.MeetingHeld(
            meeting_id=meeting,
            unit_id=cell,
            body=plans.Body.CELL,
            period=period,
            parts=tuple(parts),
            held_on=held_on,
            sittings=(sitting,),
            speakers=5,
            superior_attended=superior,
        )
        await self.tell(held, cell)
        return meeting

    async def not_held(self, cell: UUID, *, period: str = "2026-03", reason: str = "flood") -> UUID:
        meeting = uuid5(NAMES, f"{cell} {period} regular")
        event = plans.MeetingNotHeld(
            meeting_id=meeting,
            unit_id=cell,
            body=plans.Body.CELL,
            period=period,
            parts=REGULAR,
            reason=reason,
        )
        await self.tell(event, cell)
        return meeting

    async def publish_document(self, meeting: UUID, cell: UUID) -> None:
        document = plans.DocumentPublished(
            meeting_id=meeting,
            document_id=uuid5(NAMES, f"document {meeting}"),
            kind="report",
            title=TextRef(text_id=meeting, sha256="0" * 64),
            content_sha256="1" * 64,
            published_at=datetime(2026, 3, 2, tzinfo=UTC),
        )
        await self.tell(document, cell)

    async def call_roll(
        self, meeting: UUID, cell: UUID, *, whole: int, part: int = 0, excused: int = 0, unexcused: int = 0,
        unknown: int = 0, exempt: int = 0, exempt_present: int = 0, guests: int = 0,
    ) -> None:  # fmt: skip
        """A roster and two roll calls: `part` miss the end call, `exempt_present` of `exempt` come all the same."""
        count = whole + part + excused + unexcused + unknown
        members = [uuid5(NAMES, f"{cell} member {n}") for n in range(count + exempt)]
        rows = tuple(
            calls.RosterRow(
                member_id=member,
                expected=n < count,
                votes=n < count,
                exclusion=None if n < count else MemberStatus.EXEMPT,
            )
            for n, member in enumerate(members)
        )
        start, end = calls.Call.START, calls.Call.END
        events: list[Event] = [
            calls.RosterDrawn(
                meeting_id=meeting,
                unit_id=cell,
                period="2026-03",
                held_on=date(2026, 3, 3),
                membership_position=1,
                rows=rows,
            )
        ]
        unasked = members[count : count + exempt_present]
        events += [_came(meeting, member, start) for member in (*members[: whole + part], *unasked)]
        events += [_came(meeting, member, end) for member in (*members[:whole], *unasked)]
        absent = members[whole + part : count]
        for n, member in enumerate(absent[: excused + unexcused]):
            explained = calls.AbsenceExplained(meeting_id=meeting, member_id=member, excused=n < excused, note=NOTE)
            events.append(explained)
        if guests:
            events.append(calls.GuestsCounted(meeting_id=meeting, guests=guests))
        await record(self.attendance, *events, stream=f"roll-call-{meeting}", key=str(cell))

    async def score(self, meeting: UUID, cell: UUID, total: str, rating: str) -> None:
        scored = scores.EvaluationScored(
            meeting_id=meeting,
            unit_id=cell,
            period="2026-03",
            criteria_set="ward",
            revision=1,
            items=(),
            total=Decimal(total),
            rating=rating,
        )
        await record(self.evaluation, scored, stream=f"score-{meeting}", key=str(cell))

    async def rate(self, meeting: UUID, cell: UUID, rating: str) -> None:
        decided = scores.RatingDecided(
            meeting_id=meeting, unit_id=cell, period="2026-03", decided_by=cell, rating=rating
        )
        await record(self.evaluation, decided, stream=f"score-{meeting}", key=str(cell))

    async def tell(self, event: plans.MeetingHeld | Event, cell: UUID) -> None:
        """An event of the log of meetings."""
        meeting = getattr(event, "meeting_id", None)
        await record(self.meetings, event, stream=f"meeting-{meeting}", key=str(cell))


def _came(meeting: UUID, member: UUID, call: calls.Call) -> calls.MemberCheckedIn:
    at = datetime(2026, 3, 3, 11 if call is calls.Call.START else 12, 30, tzinfo=UTC)
    return calls.MemberCheckedIn(
        meeting_id=meeting, member_id=member, sitting_id=meeting, call=call, at=at, way=calls.Way.LIVE
    )
