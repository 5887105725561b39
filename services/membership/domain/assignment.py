"""An assignment: a member follows a cell, or takes its notes, for a time; also outside any subtree of theirs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import assert_never
from uuid import UUID

from services.membership.domain import errors
from shared.contracts.event import Event
from shared.contracts.membership import AssignmentEnded, AssignmentGiven, AssignmentKind, AssignmentWithdrawn
from shared.decider import Decider


@dataclass(frozen=True, slots=True)
class GiveAssignment:
    assignment_id: UUID
    kind: AssignmentKind
    member_id: UUID
    unit_id: UUID
    valid_from: date
    valid_until: date | None = None


@dataclass(frozen=True, slots=True)
class EndAssignment:
    assignment_id: UUID
    ended_on: date


@dataclass(frozen=True, slots=True)
class WithdrawAssignment:
    """The assignment was recorded in error."""

    assignment_id: UUID
    reason: str


AssignmentCommand = GiveAssignment | EndAssignment | WithdrawAssignment


@dataclass(frozen=True, slots=True)
class Assignment:
    given: AssignmentGiven | None = None
    ends_on: date | None = None
    withdrawn: bool = False


def stream(assignment_id: UUID) -> str:
    return f"assignment-{assignment_id}"


def decide(command: AssignmentCommand, assignment: Assignment) -> Sequence[Event]:
    match command:
        case GiveAssignment():
            return _give(command, assignment)
        case EndAssignment():
            return _end(command, assignment)
        case WithdrawAssignment():
            return _withdraw(command, assignment)
        case _:
            assert_never(command)


def _give(command: GiveAssignment, assignment: Assignment) -> Sequence[Event]:
    if command.valid_until is not None and command.valid_until < command.valid_from:
        raise errors.WrongDates("Ngày kết thúc phân công trước ngày bắt đầu.")
    event = AssignmentGiven(
        assignment_id=command.assignment_id,
        kind=command.kind,
        member_id=command.member_id,
        unit_id=command.unit_id,
        valid_from=command.valid_from,
        valid_until=command.valid_until,
    )
    if assignment.given is None:
        return [event]
    if assignment.given == event:
        return []
    raise errors.OfficeExists(
        "Mã phân công này đã ghi cho một phân công khác: kết thúc phân công cũ và lập phân công mới."
    )


def _end(command: EndAssignment, assignment: Assignment) -> Sequence[Event]:
    if assignment.given is None:
        raise errors.UnknownAssignment(f"Không có phân công {command.assignment_id}.")
    if command.ended_on < assignment.given.valid_from:
        raise errors.WrongDates("Ngày kết thúc phân công trước ngày bắt đầu.")
    if assignment.withdrawn or assignment.ends_on == command.ended_on:
        return []
    return [
        AssignmentEnded(
            assignment_id=command.assignment_id, unit_id=assignment.given.unit_id, ended_on=command.ended_on
        )
    ]


def _withdraw(command: WithdrawAssignment, assignment: Assignment) -> Sequence[Event]:
    if assignment.given is None:
        raise errors.UnknownAssignment(f"Không có phân công {command.assignment_id}.")
    if assignment.withdrawn:
        return []
    return [
        AssignmentWithdrawn(
            assignment_id=command.assignment_id, unit_id=assignment.given.unit_id, reason=command.reason
        )
    ]


def evolve(assignment: Assignment, event: Event) -> Assignment:
    match event:
        case AssignmentGiven():
            return Assignment(given=event, ends_on=event.valid_until)
        case AssignmentEnded():
            return replace(assignment, ends_on=event.ended_on)
        case AssignmentWithdrawn():
            return replace(assignment, withdrawn=True)
        case _:
            return assignment


ASSIGNMENT: Decider[AssignmentCommand, Assignment] = Decider(initial=Assignment(), decide=decide, evolve=evolve)
