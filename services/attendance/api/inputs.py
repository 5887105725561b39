"""What clients send. Where a moment is left out it is now; a sitting may be left out when the meeting has only one."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from shared.contracts.attendance import Call, RosterRow, Way
from shared.contracts.fields import Code, Count, GivenDay, GivenMoment
from shared.contracts.membership import MemberStatus
from shared.web.examples import COMES, IS_ILL, IS_LATE, PROVINCE, example
from shared.web.inputs import FreeText, Input

Note = Annotated[FreeText, Field(max_length=2000)]
# Far more than any cell has members; one command stays one answer.
MOST_ROWS = 1000


class OpenInput(Input):
    model_config = example(call="start", opened_at="2026-02-05T19:30:00+07:00")

    call: Call = Call.START
    opened_at: GivenMoment | None = None


class CheckInInput(Input):
    member_id: UUID
    sitting_id: UUID | None = None
    at: GivenMoment | None = None
    way: Way | None = None


class CheckInsInput(Input):
    """One or a whole batch: all of them or none."""

    model_config = example(
        call="start", check_ins=[{"member_id": COMES, "at": "2026-02-05T19:32:00+07:00", "way": "qr"}]
    )

    call: Call = Call.START
    check_ins: Annotated[tuple[CheckInInput, ...], Field(min_length=1, max_length=MOST_ROWS)]


class CheckInWithdrawalInput(Input):
    model_config = example(call="start", member_id=IS_LATE, reason="wrong_member")

    call: Call = Call.START
    member_id: UUID
    sitting_id: UUID | None = None
    reason: Code


class DepartureInput(Input):
    member_id: UUID
    sitting_id: UUID | None = None
    at: GivenMoment | None = None


class DeparturesInput(Input):
    model_config = example(departures=[{"member_id": COMES, "at": "2026-02-05T20:40:00+07:00"}])

    departures: Annotated[tuple[DepartureInput, ...], Field(min_length=1, max_length=MOST_ROWS)]


class DepartureWithdrawalInput(Input):
    model_config = example(member_id=COMES, reason="wrong_member")

    member_id: UUID
    sitting_id: UUID | None = None
    reason: Code


class AbsenceInput(Input):
    """`reason` and `note` are kept together as one erasable text of the member."""

    member_id: UUID
    excused: bool
    reason: Code
    note: Note | None = None


class AbsencesInput(Input):
    model_config = example(
        absences=[{"member_id": IS_ILL, "excused": True, "reason": "illness", "note": "Điều trị tại bệnh viện tỉnh."}]
    )

    absences: Annotated[tuple[AbsenceInput, ...], Field(min_length=1, max_length=MOST_ROWS)]


class AbsenceWithdrawalInput(Input):
    model_config = example(member_id=IS_ILL, reason="wrong_member")

    member_id: UUID
    reason: Code


class GuestsInput(Input):
    """`reason`: why it is another number than was counted before."""

    model_config = example(guests=2)

    guests: Count
    reason: Code | None = None


class CloseInput(Input):
    model_config = example(call="start", closed_at="2026-02-05T19:50:00+07:00")

    call: Call = Call.START
    closed_at: GivenMoment | None = None


class LateEntryInput(Input):
    """A roll call from paper, or what was forgotten. `at`: when it was taken; the meeting's beginning if left out."""

    model_config = example(
        call="start", at="2026-02-05T19:45:00+07:00", check_ins=[{"member_id": IS_LATE, "way": "paper"}], guests=3
    )

    call: Call = Call.START
    at: GivenMoment | None = None
    check_ins: Annotated[tuple[CheckInInput, ...], Field(max_length=MOST_ROWS)] = ()
    departures: Annotated[tuple[DepartureInput, ...], Field(max_length=MOST_ROWS)] = ()
    absences: Annotated[tuple[AbsenceInput, ...], Field(max_length=MOST_ROWS)] = ()
    guests: Count | None = None


class RosterRowInput(Input):
    member_id: UUID
    expected: bool
    votes: bool
    exclusion: MemberStatus | None = None
    hosted: bool = False

    def row(self) -> RosterRow:
        return RosterRow(**dict(self))


class AmendmentInput(Input):
    """Rows that are added or replaced, and members who are taken off."""

    model_config = example(
        reason="status_learned_late",
        rows=[{"member_id": IS_LATE, "expected": False, "votes": True, "exclusion": "exempt"}],
    )

    reason: Code
    rows: Annotated[tuple[RosterRowInput, ...], Field(max_length=MOST_ROWS)] = ()
    removed: Annotated[tuple[UUID, ...], Field(max_length=MOST_ROWS)] = ()


class PresenceRuleInput(Input):
    """`source`: the document that decides it, as a code such as 05-DA/TU."""

    model_config = example(unit_id=PROVINCE, both_calls_needed=True, valid_from="2026-02-01", source="05-DA/TU")

    unit_id: UUID
    both_calls_needed: bool
    valid_from: GivenDay
    source: Code


class PresenceRuleWithdrawalInput(Input):
    """`valid_from`: of the rule that was decided in error."""

    model_config = example(unit_id=PROVINCE, valid_from="2026-02-01", reason="typing_error")

    unit_id: UUID
    valid_from: GivenDay
    reason: Code
