"""Histories of a few meetings, as three logs wrote them: any facts in any order, from very small pools of ids."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from hypothesis import strategies as st

from shared.contracts import attendance, evaluation, meetings
from shared.contracts.envelope import Metadata, RecordedEvent
from shared.contracts.event import Event
from shared.contracts.fields import TextRef
from shared.contracts.membership import MemberStatus

START = datetime(2026, 3, 3, 1, 0, tzinfo=UTC)


def ids(kind: int, count: int) -> st.SearchStrategy[UUID]:
    return st.sampled_from([UUID(int=kind * 1000 + n) for n in range(1, count + 1)])


MEETINGS, CELLS, MEMBERS, SITTINGS = ids(1, 2), ids(2, 2), ids(3, 3), ids(4, 2)
periods = st.sampled_from(["2026-03", "2026-03", "2026-02"])
codes = st.sampled_from(["flood", "harvest"])
notes = st.just(TextRef(text_id=UUID(int=9), sha256="0" * 64))
ratings = st.sampled_from(["tot", "kha", "kem"])
moments = st.integers(0, 200).map(lambda minutes: START + timedelta(minutes=minutes))
days = st.sampled_from([date(2026, 3, 3), date(2026, 4, 2)])
points = st.decimals(min_value=0, max_value=100, places=2)
part_sets = st.sampled_from(
    [(meetings.Part.REGULAR,), (meetings.Part.THEMATIC,), (meetings.Part.REGULAR, meetings.Part.THEMATIC)]
)
held_sittings = st.lists(
    st.builds(
        lambda sitting, start, seconds: meetings.HeldSitting(
            sitting_id=sitting, started_at=start, ended_at=start + timedelta(seconds=seconds)
        ),
        SITTINGS,
        moments,
        st.integers(60, 9000),
    ),
    min_size=1,
    max_size=2,
).map(tuple)
plan = {
    "meeting_id": MEETINGS,
    "unit_id": CELLS,
    "body": st.sampled_from(meetings.Body),
    "period": periods,
    "parts": part_sets,
}
outcome = {"held_on": days, "sittings": held_sittings}
reason = {"meeting_id": MEETINGS, "reason": codes}
document = {"meeting_id": MEETINGS, "document_id": ids(5, 2)}
member = {"meeting_id": MEETINGS, "member_id": MEMBERS}
call = {"call": st.sampled_from(attendance.Call)}
check = {**member, "sitting_id": SITTINGS, **call}
rows = st.builds(
    attendance.RosterRow,
    member_id=MEMBERS,
    expected=st.booleans(),
    votes=st.just(True),
    exclusion=st.none() | st.just(MemberStatus.EXEMPT),
)
row_sets = st.lists(rows, max_size=4, unique_by=lambda row: row.member_id).map(tuple)
maybe_count = st.none() | st.integers(0, 9)
corrections = st.builds(
    meetings.MeetingCorrected,
    **reason,
    held_on=st.none() | days,
    sittings=st.none() | held_sittings,
    speakers=maybe_count,
    superior_attended=st.none() | st.booleans(),
)
held = st.builds(
    meetings.MeetingHeld, **plan, **outcome, speakers=maybe_count, superior_attended=st.none() | st.booleans()
)
meeting_events = st.one_of(
    held,
    corrections,
    st.builds(meetings.MeetingScheduled, **plan, sittings=st.just(())),
    st.builds(meetings.MeetingNotHeld, **plan, reason=codes),
    st.builds(meetings.MeetingCorrected, **plan, reason=codes),
    st.builds(meetings.OutcomeWithdrawn, **reason),
    st.builds(
        meetings.DocumentPublished,
        **document,
        kind=codes,
        title=notes,
        content_sha256=st.just("0" * 64),
        published_at=moments,
    ),
    st.builds(meetings.DocumentWithdrawn, **document, reason=codes),
    st.builds(meetings.MeetingWithdrawn, **reason),
)
drawn = st.builds(
    attendance.RosterDrawn,
    meeting_id=MEETINGS,
    unit_id=CELLS,
    period=periods,
    held_on=days,
    membership_position=st.just(1),
    rows=row_sets,
)
roll_call_events = st.one_of(
    drawn,
    st.builds(
        attendance.RosterAmended,
        **reason,
        membership_position=st.just(2),
        rows=row_sets,
        removed=st.lists(MEMBERS, max_size=1).map(tuple),
    ).map(
        lambda event: event.model_copy(
            update={"removed": tuple(set(event.removed) - {row.member_id for row in event.rows})}
        )
    ),
    st.builds(attendance.RosterDiscrepancyFound, **member, membership_position=st.just(3), row=st.none() | rows),
    st.builds(attendance.RollCallOpened, meeting_id=MEETINGS, unit_id=CELLS, **call, opened_at=moments),
    st.builds(attendance.RollCallClosed, meeting_id=MEETINGS, **call, closed_at=moments),
    st.builds(attendance.MemberCheckedIn, **check, at=moments, way=st.sampled_from(attendance.Way)),
    st.builds(attendance.MemberCheckedIn, **check, at=moments, way=st.sampled_from(attendance.Way)),
    st.builds(attendance.MemberLeft, **member, sitting_id=SITTINGS, at=moments),
    st.builds(attendance.DepartureWithdrawn, **member, sitting_id=SITTINGS, reason=codes),
    st.builds(attendance.CheckInWithdrawn, **check, reason=codes),
    st.builds(attendance.AbsenceExplained, **member, excused=st.booleans(), note=notes),
    st.builds(attendance.AbsenceWithdrawn, **member, reason=codes),
    st.builds(attendance.GuestsCounted, meeting_id=MEETINGS, guests=st.integers(0, 5)),
)
score_events = st.one_of(
    st.builds(
        evaluation.EvaluationScored,
        meeting_id=MEETINGS,
        unit_id=CELLS,
        period=periods,
        criteria_set=st.just("ward"),
        revision=st.just(1),
        items=st.just(()),
        total=points,
        rating=ratings,
    ),
    st.builds(evaluation.ScoreWithdrawn, **reason),
    st.builds(
        evaluation.RatingDecided,
        meeting_id=MEETINGS,
        unit_id=CELLS,
        period=periods,
        decided_by=CELLS,
        rating=ratings,
    ),
    st.builds(evaluation.RatingWithdrawn, **reason),
)


def recorded(log_id: str, position: int, event: Event) -> RecordedEvent:
    """The event as a log would have stored it; a second later per position."""
    salt = {"meetings": 1, "attendance": 2, "evaluation": 3, "membership": 4}[log_id]
    event_id = UUID(int=salt * 10**9 + position)
    return RecordedEvent(
        log_id=log_id,
        position=position,
        stream=f"stream-{getattr(event, 'meeting_id', '')}",
        version=position,
        key="key",
        event_id=event_id,
        command_id=event_id,
        n=0,
        type=type(event).__name__,
        schema_version=1,
        data=event.model_dump_json(),
        metadata=Metadata(correlation_id=event_id, actor="office:1"),
        recorded_at=START + timedelta(seconds=position),
    )


def _log(
    log_id: str, first: st.SearchStrategy[Event], events: st.SearchStrategy[Event], sizes: tuple[int, int]
) -> st.SearchStrategy[list[RecordedEvent]]:
    later = st.lists(events, min_size=sizes[0], max_size=sizes[1])
    return st.tuples(first, later).map(
        lambda log: [recorded(log_id, position, event) for position, event in enumerate([log[0], *log[1]], start=1)]
    )


LOGS = ("meetings", "attendance", "evaluation")
# They begin as most do, with a meeting that was held and a roster; what follows may say anything.
histories = st.tuples(
    _log("meetings", held, meeting_events, (0, 4)),
    _log("attendance", drawn, roll_call_events, (5, 25)),
    _log("evaluation", score_events, score_events, (0, 4)),
)


@st.composite
def interleavings(draw: st.DrawFn, logs: tuple[list[RecordedEvent], ...]) -> list[RecordedEvent]:
    """One order of arrival: each log's own order kept, sources mixed in any way, any prefix delivered again."""
    order = draw(st.permutations([n for n, log in enumerate(logs) for _ in log]))
    left = [iter(log) for log in logs]
    arrived = [next(left[n]) for n in order]
    repeated = draw(st.integers(0, len(arrived)))
    again = draw(st.integers(0, len(arrived)))
    return [*arrived[:repeated], *arrived[:again], *arrived[repeated:]]
