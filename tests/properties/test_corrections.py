"""Law: corrections of different facts may be recorded in any order; every figure and digest comes out the same."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, timedelta
from uuid import UUID

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.recount import differences
from shared.contracts import attendance, evaluation, meetings
from shared.contracts.attendance import Call, RosterRow, Way
from shared.contracts.envelope import RecordedEvent
from shared.contracts.event import Event
from shared.contracts.fields import TextRef
from shared.database.migrate import SHARED_MIGRATIONS
from tests.fixtures.databases import DatabaseFactory
from tests.properties.histories import LOGS, START, interleavings, recorded
from tests.properties.test_figures import LAW, MIGRATIONS, applied, recounted

MEETING, SITTING, DOCUMENT = UUID(int=1001), UUID(int=4001), UUID(int=5001)
FIRST, SECOND = UUID(int=2001), UUID(int=2002)
AN, BINH, CHI = (UUID(int=3000 + n) for n in (1, 2, 3))
NOTE = TextRef(text_id=UUID(int=9), sha256="0" * 64)
HELD_ON = date(2026, 3, 3)
PLAN = {
    "meeting_id": MEETING,
    "unit_id": FIRST,
    "body": meetings.Body.CELL,
    "period": "2026-03",
    "parts": (meetings.Part.REGULAR,),
}
WHY = {"meeting_id": MEETING, "reason": "typo"}


def came(member: UUID, call: Call) -> attendance.MemberCheckedIn:
    at = START + timedelta(minutes=5 if call is Call.START else 85)
    return attendance.MemberCheckedIn(
        meeting_id=MEETING, member_id=member, sitting_id=SITTING, call=call, at=at, way=Way.LIVE
    )


def scored(total: int, rating: str) -> evaluation.EvaluationScored:
    return evaluation.EvaluationScored(
        meeting_id=MEETING, unit_id=FIRST, period="2026-03", criteria_set="ward", revision=1, items=(),
        total=total, rating=rating,
    )  # fmt: skip


def row(member: UUID, *, expected: bool = True) -> RosterRow:
    return RosterRow(member_id=member, expected=expected, votes=True)


# What three services recorded at first: a meeting of three members, of whom two came.
BEGINNING: dict[str, Sequence[Event]] = {
    "meetings": (
        meetings.MeetingHeld(
            **PLAN,
            held_on=HELD_ON,
            sittings=(
                meetings.HeldSitting(sitting_id=SITTING, started_at=START, ended_at=START + timedelta(minutes=90)),
            ),
            speakers=2,
        ),
        meetings.DocumentPublished(
            meeting_id=MEETING,
            document_id=DOCUMENT,
            kind="report",
            title=NOTE,
            content_sha256="0" * 64,
            published_at=START,
        ),
    ),
    "attendance": (
        attendance.RosterDrawn(
            meeting_id=MEETING,
            unit_id=FIRST,
            period="2026-03",
            held_on=HELD_ON,
            membership_position=1,
            rows=(row(AN), row(BINH), row(CHI)),
        ),
        *(came(member, call) for member in (AN, BINH) for call in Call),
    ),
    "evaluation": (
        scored(80, "kha"),
        evaluation.RatingDecided(meeting_id=MEETING, unit_id=FIRST, period="2026-03", decided_by=SECOND, rating="kha"),
    ),
}
# Each of another fact than all the others.
CORRECTIONS: dict[str, Sequence[Event]] = {
    "meetings": (
        meetings.MeetingCorrected(**WHY, held_on=date(2026, 4, 2)),
        meetings.MeetingCorrected(**WHY, speakers=7),
        meetings.MeetingCorrected(**WHY, superior_attended=True),
        meetings.MeetingCorrected(**{**PLAN, "unit_id": SECOND, "period": "2026-02"}, reason="wrong-cell"),
        meetings.DocumentWithdrawn(meeting_id=MEETING, document_id=DOCUMENT, reason="typo"),
    ),
    "attendance": (
        attendance.CheckInWithdrawn(
            meeting_id=MEETING, member_id=AN, sitting_id=SITTING, call=Call.START, reason="typo"
        ),
        attendance.MemberLeft(meeting_id=MEETING, member_id=BINH, sitting_id=SITTING, at=START + timedelta(minutes=20)),
        attendance.AbsenceExplained(meeting_id=MEETING, member_id=CHI, excused=True, note=NOTE),
        attendance.RosterAmended(**WHY, membership_position=2, rows=(row(BINH, expected=False),)),
        attendance.GuestsCounted(meeting_id=MEETING, guests=4),
    ),
    "evaluation": (evaluation.ScoreWithdrawn(**WHY), evaluation.RatingWithdrawn(**WHY)),
}


def logs_with(corrections: Mapping[str, Sequence[Event]]) -> tuple[list[RecordedEvent], ...]:
    """The three logs; an event has the same id wherever in its log it stands."""
    return tuple(
        [
            recorded(log_id, position, event)._replace(event_id=_id(log_id, event))
            for position, event in enumerate([*BEGINNING[log_id], *corrections[log_id]], start=1)
        ]
        for log_id in LOGS
    )


def _id(log_id: str, event: Event) -> UUID:
    return UUID(int=LOGS.index(log_id) * 100 + [*BEGINNING[log_id], *CORRECTIONS[log_id]].index(event) + 1)


@pytest.fixture
async def connection(database: DatabaseFactory) -> AsyncIterator[asyncpg.Connection]:
    opened = await asyncpg.connect(await database(*SHARED_MIGRATIONS, MIGRATIONS))
    yield opened
    await opened.close()


@LAW
@given(data=st.data())
async def test_corrections_in_any_order_give_the_same_figures_and_digests(
    connection: asyncpg.Connection, data: st.DataObject
) -> None:
    chosen = {log_id: data.draw(st.lists(st.sampled_from(CORRECTIONS[log_id]), unique=True)) for log_id in LOGS}
    turned = {log_id: data.draw(st.permutations(chosen[log_id])) for log_id in LOGS}
    one, other = logs_with(chosen), logs_with(turned)
    stored = await applied(connection, data.draw(interleavings(one)), 3)
    stored_again = await applied(connection, data.draw(interleavings(other)), 3)
    assert stored_again.months == stored.months
    assert stored_again.meetings == stored.meetings
    again = recounted(data.draw(interleavings(other)))
    assert again.meetings() == stored.meetings
    assert [str(difference) for difference in differences(stored_again, again)] == []


async def test_each_of_these_corrections_changes_a_figure(connection: asyncpg.Connection) -> None:
    """Else the law above would hold of nothing."""
    nothing: dict[str, Sequence[Event]] = dict.fromkeys(LOGS, ())
    before = await applied(connection, [event for log in logs_with(nothing) for event in log], 3)
    for log_id in LOGS:
        for correction in CORRECTIONS[log_id]:
            logs = logs_with({**nothing, log_id: (correction,)})
            after = await applied(connection, [event for log in logs for event in log], 3)
            assert after.meetings != before.meetings, correction
