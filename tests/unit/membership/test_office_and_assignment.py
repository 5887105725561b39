"""Tenures and assignments: dated, recorded once, ended once."""

from datetime import date
from uuid import UUID

import pytest

from services.membership.domain import errors
from services.membership.domain.assignment import ASSIGNMENT, EndAssignment, GiveAssignment, WithdrawAssignment
from services.membership.domain.office import OFFICE, AssignOffice, EndOffice, WithdrawOffice
from shared.contracts.membership import (
    AssignmentEnded,
    AssignmentGiven,
    AssignmentKind,
    AssignmentWithdrawn,
    OfficeAssigned,
    OfficeEnded,
    OfficeRole,
    OfficeWithdrawn,
)

ID, UNIT, MEMBER, OTHER = (UUID(int=n) for n in range(1, 5))
SINCE, LAST = date(2025, 7, 1), date(2026, 6, 30)
TENURE = AssignOffice(ID, UNIT, OfficeRole.SECRETARY, MEMBER, SINCE)
FOLLOWING = GiveAssignment(ID, AssignmentKind.FOLLOWER, MEMBER, UNIT, SINCE)


def test_an_office_is_assigned_once() -> None:
    events = OFFICE.decide(TENURE, OFFICE.initial)
    assert events == [
        OfficeAssigned(office_id=ID, unit_id=UNIT, role=OfficeRole.SECRETARY, member_id=MEMBER, valid_from=SINCE)
    ]
    assert OFFICE.decide(TENURE, OFFICE.fold(events)) == []


def test_an_id_never_passes_to_another_tenure() -> None:
    held = OFFICE.fold(OFFICE.decide(TENURE, OFFICE.initial))
    with pytest.raises(errors.OfficeExists):
        OFFICE.decide(AssignOffice(ID, UNIT, OfficeRole.SECRETARY, OTHER, SINCE), held)


def test_an_office_ends_on_its_last_day() -> None:
    held = OFFICE.fold(OFFICE.decide(TENURE, OFFICE.initial))
    events = OFFICE.decide(EndOffice(ID, LAST), held)
    assert events == [OfficeEnded(office_id=ID, unit_id=UNIT, ended_on=LAST)]
    assert OFFICE.decide(EndOffice(ID, LAST), OFFICE.fold(events, held)) == []


def test_no_office_ends_before_it_began_or_without_having_begun() -> None:
    with pytest.raises(errors.UnknownOffice):
        OFFICE.decide(EndOffice(ID, LAST), OFFICE.initial)
    held = OFFICE.fold(OFFICE.decide(TENURE, OFFICE.initial))
    with pytest.raises(errors.WrongDates):
        OFFICE.decide(EndOffice(ID, date(2025, 6, 30)), held)
    with pytest.raises(errors.WrongDates):
        OFFICE.decide(AssignOffice(ID, UNIT, OfficeRole.SECRETARY, MEMBER, LAST, SINCE), OFFICE.initial)


def test_an_assignment_is_given_once_and_ends_once() -> None:
    events = ASSIGNMENT.decide(FOLLOWING, ASSIGNMENT.initial)
    assert events == [
        AssignmentGiven(
            assignment_id=ID, kind=AssignmentKind.FOLLOWER, member_id=MEMBER, unit_id=UNIT, valid_from=SINCE
        )
    ]
    given = ASSIGNMENT.fold(events)
    assert ASSIGNMENT.decide(FOLLOWING, given) == []
    ended = ASSIGNMENT.decide(EndAssignment(ID, LAST), given)
    assert ended == [AssignmentEnded(assignment_id=ID, unit_id=UNIT, ended_on=LAST)]
    assert ASSIGNMENT.decide(EndAssignment(ID, LAST), ASSIGNMENT.fold(ended, given)) == []


def test_an_assignment_refuses_other_contents_and_wrong_days() -> None:
    given = ASSIGNMENT.fold(ASSIGNMENT.decide(FOLLOWING, ASSIGNMENT.initial))
    with pytest.raises(errors.OfficeExists):
        ASSIGNMENT.decide(GiveAssignment(ID, AssignmentKind.NOTE_TAKER, MEMBER, UNIT, SINCE), given)
    with pytest.raises(errors.WrongDates):
        ASSIGNMENT.decide(EndAssignment(ID, date(2025, 6, 30)), given)
    with pytest.raises(errors.UnknownAssignment):
        ASSIGNMENT.decide(EndAssignment(ID, LAST), ASSIGNMENT.initial)
    with pytest.raises(errors.WrongDates):
        ASSIGNMENT.decide(GiveAssignment(ID, AssignmentKind.FOLLOWER, MEMBER, UNIT, LAST, SINCE), ASSIGNMENT.initial)


def test_an_office_recorded_in_error_is_withdrawn_once_and_neither_begins_nor_ends_again() -> None:
    held = OFFICE.fold(OFFICE.decide(TENURE, OFFICE.initial))
    events = OFFICE.decide(WithdrawOffice(ID, "wrong_person"), held)
    assert events == [OfficeWithdrawn(office_id=ID, unit_id=UNIT, reason="wrong_person")]
    withdrawn = OFFICE.fold(events, held)
    for command in (WithdrawOffice(ID, "again"), EndOffice(ID, LAST), TENURE):
        assert OFFICE.decide(command, withdrawn) == []
    with pytest.raises(errors.UnknownOffice):
        OFFICE.decide(WithdrawOffice(ID, "wrong_person"), OFFICE.initial)


def test_an_assignment_recorded_in_error_is_withdrawn_once_and_neither_begins_nor_ends_again() -> None:
    given = ASSIGNMENT.fold(ASSIGNMENT.decide(FOLLOWING, ASSIGNMENT.initial))
    events = ASSIGNMENT.decide(WithdrawAssignment(ID, "wrong_cell"), given)
    assert events == [AssignmentWithdrawn(assignment_id=ID, unit_id=UNIT, reason="wrong_cell")]
    withdrawn = ASSIGNMENT.fold(events, given)
    for command in (WithdrawAssignment(ID, "again"), EndAssignment(ID, LAST), FOLLOWING):
        assert ASSIGNMENT.decide(command, withdrawn) == []
    with pytest.raises(errors.UnknownAssignment):
        ASSIGNMENT.decide(WithdrawAssignment(ID, "wrong_cell"), ASSIGNMENT.initial)
