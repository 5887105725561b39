"""The rules of a meeting: per command the right events, the refusal, the silence."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.meetings.domain import commands, errors
from services.meetings.domain.meeting import DECIDER
from shared.contracts import meetings as events
from shared.contracts.event import Event
from shared.contracts.fields import Citation, TextRef
from shared.contracts.meetings import Body, HeldSitting, Part, PlannedSitting, Vote

MEETING = UUID(int=1)
CELL, OTHER_CELL = UUID(int=10), UUID(int=11)
SITTING = UUID(int=20)
RESOLUTION = UUID(int=30)
# 18:00 on 3 March in Vietnam.
START = datetime(2026, 3, 3, 11, 0, tzinfo=UTC)
NOW = datetime(2026, 4, 1, tzinfo=UTC)
TEXT = TextRef(text_id=UUID(int=40), sha256="0" * 64)

PLAN = commands.Plan(CELL, Body.CELL, "2026-03", (Part.REGULAR,))
PLANNED = (PlannedSitting(sitting_id=SITTING, starts_at=START),)
SAT = (HeldSitting(sitting_id=SITTING, started_at=START, ended_at=START + timedelta(minutes=95)),)

SCHEDULE = commands.ScheduleMeeting(MEETING, PLAN, PLANNED)
HOLD = commands.HoldMeeting(MEETING, NOW, SAT, speakers=7, superior_attended=True)
ADOPT = commands.AdoptResolution(
    MEETING,
    RESOLUTION,
    Citation(number="3-NQ/CB", issued_on=date(2026, 3, 3)),
    TEXT,
    (events.Target(target_id=UUID(int=50)),),
    Vote(ayes=11, base=20),
)

SCHEDULED = events.MeetingScheduled(
    meeting_id=MEETING, unit_id=CELL, body=Body.CELL, period="2026-03", parts=(Part.REGULAR,), sittings=PLANNED
)
HELD = events.MeetingHeld(
    meeting_id=MEETING,
    unit_id=CELL,
    body=Body.CELL,
    period="2026-03",
    parts=(Part.REGULAR,),
    held_on=date(2026, 3, 3),
    sittings=SAT,
    speakers=7,
    superior_attended=True,
)
NOT_HELD = events.MeetingNotHeld(
    meeting_id=MEETING, unit_id=CELL, body=Body.CELL, period="2026-03", parts=(Part.REGULAR,), reason="flood"
)
ADOPTED = events.ResolutionAdopted(
    meeting_id=MEETING,
    resolution_id=RESOLUTION,
    document=ADOPT.document,
    text=TEXT,
    targets=ADOPT.targets,
    vote=ADOPT.vote,
)
WITHDRAWN = events.MeetingWithdrawn(meeting_id=MEETING, reason="duplicate")


def decide(command: commands.Command, *past: Event) -> Sequence[Event]:
    return DECIDER.decide(command, DECIDER.fold(past))


def corrected(**fields: Any) -> commands.CorrectMeeting:
    return commands.CorrectMeeting(MEETING, "typing-error", NOW, **fields)


def test_schedules_a_meeting_with_its_parts_in_one_order() -> None:
    both = replace(PLAN, parts=(Part.THEMATIC, Part.REGULAR))
    assert decide(SCHEDULE) == [SCHEDULED]
    assert decide(commands.ScheduleMeeting(MEETING, both, PLANNED)) == [
        SCHEDULED.model_copy(update={"parts": (Part.REGULAR, Part.THEMATIC)})
    ]


@pytest.mark.parametrize("parts", [(), (Part.REGULAR, Part.REGULAR)])
def test_refuses_a_meeting_without_parts_or_with_one_part_twice(parts: tuple[Part, ...]) -> None:
    with pytest.raises(errors.PlanIncomplete):
        decide(commands.ScheduleMeeting(MEETING, replace(PLAN, parts=parts), PLANNED))


def test_refuses_a_meeting_without_sittings_or_with_one_sitting_id_twice() -> None:
    for sittings in ((), PLANNED * 2):
        with pytest.raises(errors.PlanIncomplete):
            decide(commands.ScheduleMeeting(MEETING, PLAN, sittings))


def test_scheduling_the_same_again_says_nothing_and_another_plan_is_refused() -> None:
    assert decide(SCHEDULE, SCHEDULED) == []
    with pytest.raises(errors.MeetingExists):
        decide(replace(SCHEDULE, plan=replace(PLAN, period="2026-04")), SCHEDULED)


def test_reschedules_only_what_is_still_open() -> None:
    later = (PlannedSitting(sitting_id=SITTING, starts_at=START + timedelta(days=1)),)
    command = commands.RescheduleMeeting(MEETING, later)
    assert decide(command, SCHEDULED) == [events.MeetingRescheduled(meeting_id=MEETING, sittings=later)]
    assert decide(commands.RescheduleMeeting(MEETING, PLANNED), SCHEDULED) == []
    with pytest.raises(errors.OutcomeKnown):
        decide(command, SCHEDULED, HELD)


def test_a_notice_is_recorded_once() -> None:
    command = commands.IssueNotice(MEETING, START, follower_informed=True)
    notice = events.NoticeIssued(meeting_id=MEETING, issued_at=START, follower_informed=True)
    assert decide(command, SCHEDULED) == [notice]
    assert decide(command, SCHEDULED, notice) == []


def test_refuses_what_concerns_an_unknown_or_a_withdrawn_meeting() -> None:
    command = commands.IssueNotice(MEETING, START, follower_informed=True)
    with pytest.raises(errors.MeetingUnknown):
        decide(command)
    with pytest.raises(errors.MeetingIsWithdrawn):
        decide(command, SCHEDULED, WITHDRAWN)


def test_a_document_id_stands_for_one_content() -> None:
    command = commands.PublishDocument(MEETING, UUID(int=60), "agenda", TEXT, "a" * 64, START)
    published = events.DocumentPublished(
        meeting_id=MEETING,
        document_id=UUID(int=60),
        kind="agenda",
        title=TEXT,
        content_sha256="a" * 64,
        published_at=START,
    )
    assert decide(command, SCHEDULED) == [published]
    assert decide(command, SCHEDULED, published) == []
    with pytest.raises(errors.DocumentExists):
        decide(replace(command, content_sha256="b" * 64), SCHEDULED, published)


def test_a_held_meeting_has_the_local_day_of_its_first_sitting() -> None:
    assert decide(HOLD, SCHEDULED) == [HELD]
    late = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)  # already the 3rd in Vietnam
    sat = (HeldSitting(sitting_id=SITTING, started_at=late, ended_at=late + timedelta(hours=2)),)
    (held,) = decide(replace(HOLD, sittings=sat), SCHEDULED)
    assert isinstance(held, events.MeetingHeld)
    assert held.held_on == date(2026, 3, 3)


def test_a_meeting_that_nobody_scheduled_may_be_entered_late_with_its_plan() -> None:
    assert decide(replace(HOLD, plan=PLAN)) == [HELD]
    with pytest.raises(errors.MeetingUnknown):
        decide(HOLD)


def test_an_outcome_does_not_silently_change_the_plan() -> None:
    with pytest.raises(errors.MeetingExists):
        decide(replace(HOLD, plan=replace(PLAN, period="2026-02")), SCHEDULED)


@pytest.mark.parametrize(
    "sitting",
    [
        HeldSitting(sitting_id=SITTING, started_at=START, ended_at=START),
        HeldSitting(sitting_id=SITTING, started_at=NOW, ended_at=NOW + timedelta(hours=1)),
        HeldSitting(sitting_id=UUID(int=99), started_at=START, ended_at=START + timedelta(hours=1)),
        HeldSitting(sitting_id=SITTING, started_at=START - timedelta(days=365), ended_at=START),
    ],
    ids=["ends before it begins", "in the future", "never planned", "of a whole year"],
)
def test_refuses_a_sitting_that_cannot_have_been(sitting: HeldSitting) -> None:
    with pytest.raises(errors.SittingsWrong):
        decide(replace(HOLD, sittings=(sitting,)), SCHEDULED)


def test_an_outcome_is_recorded_once_and_changed_only_by_correction() -> None:
    assert decide(HOLD, SCHEDULED, HELD) == []
    with pytest.raises(errors.OutcomeKnown):
        decide(replace(HOLD, speakers=8), SCHEDULED, HELD)
    with pytest.raises(errors.OutcomeKnown):
        decide(HOLD, SCHEDULED, NOT_HELD)


def test_not_held_with_a_reason_may_be_a_meetings_only_event() -> None:
    command = commands.ReportNotHeld(MEETING, "flood", PLAN)
    assert decide(command) == [NOT_HELD]
    assert decide(command, NOT_HELD) == []
    with pytest.raises(errors.OutcomeKnown):
        decide(command, SCHEDULED, HELD)


def test_minutes_belong_to_a_held_meeting() -> None:
    command = commands.RecordMinutes(MEETING, TEXT, date(2026, 3, 4))
    recorded = events.MinutesRecorded(meeting_id=MEETING, minutes=TEXT, recorded_on=date(2026, 3, 4))
    assert decide(command, SCHEDULED, HELD) == [recorded]
    assert decide(command, SCHEDULED, HELD, recorded) == []
    with pytest.raises(errors.OutcomeMissing):
        decide(command, SCHEDULED)


def test_a_resolution_is_adopted_by_more_than_half_of_the_base() -> None:
    assert decide(ADOPT, SCHEDULED, HELD) == [ADOPTED]
    assert decide(ADOPT, SCHEDULED, HELD, ADOPTED) == []
    with pytest.raises(errors.MoreAyesThanVoters):
        decide(replace(ADOPT, vote=Vote(ayes=21, base=20)), SCHEDULED, HELD)
    with pytest.raises(errors.NotCarried):
        decide(replace(ADOPT, vote=Vote(ayes=10, base=20)), SCHEDULED, HELD)
    with pytest.raises(errors.ResolutionExists):
        decide(replace(ADOPT, vote=Vote(ayes=12, base=20)), SCHEDULED, HELD, ADOPTED)


def test_a_resolution_is_withdrawn_once_and_may_then_be_recorded_again() -> None:
    command = commands.WithdrawResolution(MEETING, RESOLUTION, "wrong-meeting")
    withdrawn = events.ResolutionWithdrawn(meeting_id=MEETING, resolution_id=RESOLUTION, reason="wrong-meeting")
    assert decide(command, SCHEDULED, HELD, ADOPTED) == [withdrawn]
    with pytest.raises(errors.ResolutionUnknown):
        decide(command, SCHEDULED, HELD, ADOPTED, withdrawn)
    assert decide(ADOPT, SCHEDULED, HELD, ADOPTED, withdrawn) == [ADOPTED]


def test_a_correction_says_only_what_changes() -> None:
    assert decide(corrected(speakers=9, superior_attended=True), SCHEDULED, HELD) == [
        events.MeetingCorrected(meeting_id=MEETING, reason="typing-error", speakers=9)
    ]
    assert decide(corrected(period="2026-03", speakers=7), SCHEDULED, HELD) == []


def test_a_corrected_plan_is_given_whole() -> None:
    assert decide(corrected(unit_id=OTHER_CELL), SCHEDULED) == [
        events.MeetingCorrected(
            meeting_id=MEETING,
            reason="typing-error",
            unit_id=OTHER_CELL,
            body=Body.CELL,
            period="2026-03",
            parts=(Part.REGULAR,),
        )
    ]


def test_a_corrected_day_keeps_the_hours() -> None:
    (event,) = decide(corrected(held_on=date(2026, 3, 5)), SCHEDULED, HELD)
    assert isinstance(event, events.MeetingCorrected)
    assert event.held_on == date(2026, 3, 5)
    assert event.sittings is not None
    assert event.sittings[0].started_at == START + timedelta(days=2)
    assert DECIDER.fold([SCHEDULED, HELD, event]).outcome is not None


def test_refuses_to_correct_the_outcome_of_a_meeting_without_one() -> None:
    with pytest.raises(errors.OutcomeMissing):
        decide(corrected(speakers=3), SCHEDULED)
    with pytest.raises(errors.SittingsWrong):
        decide(corrected(held_on=date(2026, 3, 9), sittings=SAT), SCHEDULED, HELD)


def test_a_withdrawn_outcome_opens_the_meeting_again() -> None:
    command = commands.WithdrawOutcome(MEETING, "wrong-day")
    withdrawn = events.OutcomeWithdrawn(meeting_id=MEETING, reason="wrong-day")
    assert decide(command, SCHEDULED, NOT_HELD) == [withdrawn]
    assert decide(HOLD, SCHEDULED, NOT_HELD, withdrawn) == [HELD]
    with pytest.raises(errors.OutcomeMissing):
        decide(command, SCHEDULED)
    with pytest.raises(errors.ResolutionExists):
        decide(command, SCHEDULED, HELD, ADOPTED)


def test_a_meeting_is_withdrawn_once() -> None:
    command = commands.WithdrawMeeting(MEETING, "duplicate")
    assert decide(command, SCHEDULED, HELD) == [WITHDRAWN]
    assert decide(command, SCHEDULED, HELD, WITHDRAWN) == []
    with pytest.raises(errors.MeetingUnknown):
        decide(command)


def test_what_was_corrected_or_rescheduled_is_what_the_next_command_finds() -> None:
    earlier = corrected(period="2026-02", speakers=9, held_on=date(2026, 3, 5))
    correction = decide(earlier, SCHEDULED, HELD)
    assert decide(earlier, SCHEDULED, HELD, *correction) == []
    (back,) = decide(corrected(period="2026-03"), SCHEDULED, HELD, *correction)
    assert isinstance(back, events.MeetingCorrected)
    assert (back.period, back.unit_id, back.held_on) == ("2026-03", CELL, None)

    later = commands.RescheduleMeeting(MEETING, (PlannedSitting(sitting_id=SITTING, starts_at=NOW),))
    assert decide(later, SCHEDULED, *decide(later, SCHEDULED)) == []


@pytest.mark.parametrize(
    ("command", "recorded", "withdrawn"),
    [
        (
            commands.WithdrawNotice(MEETING, "wrong-day"),
            events.NoticeIssued(meeting_id=MEETING, issued_at=START, follower_informed=True),
            events.NoticeWithdrawn(meeting_id=MEETING, reason="wrong-day"),
        ),
        (
            commands.WithdrawDocument(MEETING, UUID(int=60), "wrong-file"),
            events.DocumentPublished(
                meeting_id=MEETING,
                document_id=UUID(int=60),
                kind="agenda",
                title=TEXT,
                content_sha256="a" * 64,
                published_at=START,
            ),
            events.DocumentWithdrawn(meeting_id=MEETING, document_id=UUID(int=60), reason="wrong-file"),
        ),
        (
            commands.WithdrawMinutes(MEETING, "of-another-meeting"),
            events.MinutesRecorded(meeting_id=MEETING, minutes=TEXT, recorded_on=date(2026, 3, 4)),
            events.MinutesWithdrawn(meeting_id=MEETING, reason="of-another-meeting"),
        ),
    ],
    ids=["notice", "document", "minutes"],
)
def test_a_paper_is_withdrawn_once(command: commands.Command, recorded: Event, withdrawn: Event) -> None:
    assert decide(command, SCHEDULED, HELD, recorded) == [withdrawn]
    with pytest.raises(errors.PaperUnknown):
        decide(command, SCHEDULED, HELD, recorded, withdrawn)
