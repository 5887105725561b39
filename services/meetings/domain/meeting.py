"""What a meeting allows: one function per command. The rules of HD 42-HD/BTCTW (28/10/2025) and 294-QĐ/TW (26/5/2025).

That a cell has one regular meeting per period is a claim over several streams: `services/meetings/aggregates.py`.
"""

from collections.abc import Sequence
from typing import assert_never

from services.meetings.domain import checks, errors, papers, resolution
from services.meetings.domain.commands import (
    AdoptResolution,
    Command,
    CorrectMeeting,
    HoldMeeting,
    IssueNotice,
    PublishDocument,
    RecordMinutes,
    ReportNotHeld,
    RescheduleMeeting,
    ScheduleMeeting,
    WithdrawDocument,
    WithdrawMeeting,
    WithdrawMinutes,
    WithdrawNotice,
    WithdrawOutcome,
    WithdrawResolution,
)
from services.meetings.domain.correction import correct
from services.meetings.domain.state import Meeting, Outcome, Status, evolve
from shared.contracts import meetings as events
from shared.contracts.event import Event
from shared.decider import Decider


def decide(command: Command, state: Meeting) -> Sequence[Event]:  # noqa: C901, PLR0912 - one arm per command
    match command:
        case ScheduleMeeting():
            return schedule(command, state)
        case RescheduleMeeting():
            return reschedule(command, state)
        case IssueNotice():
            return papers.issue_notice(command, state)
        case PublishDocument():
            return papers.publish_document(command, state)
        case WithdrawNotice():
            return papers.withdraw_notice(command, state)
        case WithdrawDocument():
            return papers.withdraw_document(command, state)
        case HoldMeeting():
            return hold(command, state)
        case ReportNotHeld():
            return report_not_held(command, state)
        case RecordMinutes():
            return papers.record_minutes(command, state)
        case WithdrawMinutes():
            return papers.withdraw_minutes(command, state)
        case AdoptResolution():
            return resolution.adopt(command, state)
        case WithdrawResolution():
            return resolution.withdraw(command, state)
        case CorrectMeeting():
            return correct(command, state)
        case WithdrawOutcome():
            return withdraw_outcome(command, state)
        case WithdrawMeeting():
            return withdraw(command, state)
        case _:
            assert_never(command)


def schedule(command: ScheduleMeeting, state: Meeting) -> Sequence[Event]:
    plan = checks.complete(command.plan)
    checks.check_planned(command.sittings)
    if state.status is not Status.UNKNOWN:
        if (state.plan, state.sittings) == (plan, command.sittings):
            return []
        raise errors.MeetingExists("Mã kỳ sinh hoạt đã được dùng; dùng mã khác, đổi lịch hoặc đính chính kỳ này.")
    return [
        events.MeetingScheduled(
            meeting_id=command.meeting_id,
            unit_id=plan.unit_id,
            body=plan.body,
            period=plan.period,
            parts=plan.parts,
            sittings=command.sittings,
        )
    ]


def reschedule(command: RescheduleMeeting, state: Meeting) -> Sequence[Event]:
    checks.live(state)
    if state.status is not Status.OPEN:
        raise errors.OutcomeKnown("Kỳ sinh hoạt đã có kết quả nên không đổi lịch được; hãy đính chính kết quả.")
    checks.check_planned(command.sittings)
    if command.sittings == state.sittings:
        return []
    return [events.MeetingRescheduled(meeting_id=command.meeting_id, sittings=command.sittings)]


def hold(command: HoldMeeting, state: Meeting) -> Sequence[Event]:
    plan = checks.plan_for_outcome(command.plan, state)
    checks.check_held(command.sittings, state.sittings, command.now)
    held = events.MeetingHeld(
        meeting_id=command.meeting_id,
        unit_id=plan.unit_id,
        body=plan.body,
        period=plan.period,
        parts=plan.parts,
        held_on=checks.first_day(command.sittings),
        sittings=command.sittings,
        speakers=command.speakers,
        superior_attended=command.superior_attended,
    )
    if state.status is Status.OPEN or state.status is Status.UNKNOWN:
        return [held]
    outcome = Outcome(held.held_on, held.sittings, held.speakers, held.superior_attended)
    if (state.status, state.outcome) == (Status.HELD, outcome):
        return []
    raise errors.OutcomeKnown("Kỳ sinh hoạt đã có kết quả; hãy đính chính hoặc rút kết quả trước.")


def report_not_held(command: ReportNotHeld, state: Meeting) -> Sequence[Event]:
    plan = checks.plan_for_outcome(command.plan, state)
    if (state.status, state.not_held_reason) == (Status.NOT_HELD, command.reason):
        return []
    if state.outcome is not None or state.not_held_reason is not None:
        raise errors.OutcomeKnown("Kỳ sinh hoạt đã có kết quả; hãy rút kết quả đó trước.")
    return [
        events.MeetingNotHeld(
            meeting_id=command.meeting_id,
            unit_id=plan.unit_id,
            body=plan.body,
            period=plan.period,
            parts=plan.parts,
            reason=command.reason,
        )
    ]


def withdraw_outcome(command: WithdrawOutcome, state: Meeting) -> Sequence[Event]:
    checks.live(state)
    if state.status is Status.OPEN:
        raise errors.OutcomeMissing("Kỳ sinh hoạt chưa có kết quả nào để rút.")
    if state.resolutions:
        raise errors.ResolutionExists("Hãy rút các nghị quyết của kỳ sinh hoạt trước khi rút kết quả.")
    return [events.OutcomeWithdrawn(meeting_id=command.meeting_id, reason=command.reason)]


def withdraw(command: WithdrawMeeting, state: Meeting) -> Sequence[Event]:
    if state.status is Status.WITHDRAWN:
        return []
    checks.live(state)
    return [events.MeetingWithdrawn(meeting_id=command.meeting_id, reason=command.reason)]


DECIDER = Decider(initial=Meeting(), decide=decide, evolve=evolve)
