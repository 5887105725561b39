"""Corrections: what was recorded about a meeting was wrong. Only what really changes is published."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from services.meetings.domain import checks, errors
from services.meetings.domain.commands import CorrectMeeting, Plan
from services.meetings.domain.state import Meeting
from shared.contracts.event import Event
from shared.contracts.meetings import HeldSitting, MeetingCorrected


def correct(command: CorrectMeeting, state: Meeting) -> Sequence[Event]:
    """Who may move a meeting to another cell is decided where access is, not here."""
    plan = checks.live(state)
    changes = _plan_changes(command, plan) | _outcome_changes(command, state)
    if not changes:
        return []
    return [MeetingCorrected(meeting_id=command.meeting_id, reason=command.reason, **changes)]


def _plan_changes(command: CorrectMeeting, plan: Plan) -> dict[str, Any]:
    """All four fields of the plan when one of them changes: the claim on the period is made from this event alone."""
    corrected = Plan(
        unit_id=command.unit_id or plan.unit_id,
        body=command.body or plan.body,
        period=command.period or plan.period,
        parts=plan.parts if command.parts is None else checks.ordered(command.parts),
    )
    if corrected == plan:
        return {}
    return {
        "unit_id": corrected.unit_id,
        "body": corrected.body,
        "period": corrected.period,
        "parts": corrected.parts,
    }


def _outcome_changes(command: CorrectMeeting, state: Meeting) -> dict[str, Any]:
    asked = (command.held_on, command.sittings, command.speakers, command.superior_attended)
    if all(value is None for value in asked):
        return {}
    outcome = checks.held(state)
    sittings = _corrected_sittings(command, state)
    facts = {
        "held_on": checks.first_day(sittings),
        "sittings": sittings,
        "speakers": command.speakers,
        "superior_attended": command.superior_attended,
    }
    return {name: fact for name, fact in facts.items() if fact is not None and fact != getattr(outcome, name)}


def _corrected_sittings(command: CorrectMeeting, state: Meeting) -> tuple[HeldSitting, ...]:
    outcome = checks.held(state)
    if command.sittings is not None:
        sittings = command.sittings
    elif command.held_on is not None:
        sittings = _moved(outcome.sittings, command.held_on - outcome.held_on)
    else:
        return outcome.sittings
    checks.check_held(sittings, state.sittings, command.now)
    if command.held_on is not None and checks.first_day(sittings) != command.held_on:
        raise errors.SittingsWrong("held_on: ngày tổ chức phải là ngày của buổi họp đầu tiên.")
    return sittings


def _moved(sittings: tuple[HeldSitting, ...], by: timedelta) -> tuple[HeldSitting, ...]:
    return tuple(
        HeldSitting(sitting_id=old.sitting_id, started_at=old.started_at + by, ended_at=old.ended_at + by)
        for old in sittings
    )
