"""A member's cell, standing and status on any day; names only by reference."""

from datetime import date
from uuid import UUID, uuid4

import pytest

from services.membership.domain import errors
from services.membership.domain.member import MEMBER, Member, Stay
from services.membership.domain.member_commands import (
    AdmitMember,
    AliasMember,
    ChangeStatus,
    CorrectPerson,
    EraseMember,
    MemberCommand,
    TransferMember,
    WithdrawMemberChange,
)
from shared.contracts.fields import TextRef
from shared.contracts.membership import (
    MemberAdmitted,
    MemberChangeWithdrawn,
    MemberErased,
    MemberStatus,
    MemberStatusChanged,
    MemberTransferred,
    Standing,
)
from shared.decider import together

ID, HOME, HOST = (UUID(int=n) for n in range(1, 4))
NAME = TextRef(text_id=UUID(int=9), sha256="a" * 64)
JOINED = date(2025, 7, 1)
ADMIT = AdmitMember(ID, HOME, Standing.PROBATIONARY, JOINED, NAME)
WITHDRAWN_ADMISSION = WithdrawMemberChange(ID, uuid4(), 1, "wrong_person")


def after(*commands: MemberCommand, member: Member = MEMBER.initial) -> Member:
    return MEMBER.fold(together(MEMBER).decide(commands, member), member)


def status(kind: MemberStatus, since: date, until: date | None = None, host: UUID | None = None) -> ChangeStatus:
    return ChangeStatus(ID, Standing.OFFICIAL, kind, since, until, host)


def test_admits_a_member_to_a_cell_with_the_name_by_reference() -> None:
    assert MEMBER.decide(ADMIT, MEMBER.initial) == [
        MemberAdmitted(member_id=ID, cell_id=HOME, standing=Standing.PROBATIONARY, effective_on=JOINED, person=NAME)
    ]


def test_admitting_again_is_nothing_new() -> None:
    assert MEMBER.decide(ADMIT, after(ADMIT)) == []


def test_a_day_that_no_status_covers_is_active_in_the_standing_of_admission() -> None:
    assert after(ADMIT).stay_on(JOINED) == Stay(Standing.PROBATIONARY, MemberStatus.ACTIVE, None, None)
    assert MEMBER.initial.stay_on(JOINED) is None


def test_a_status_holds_on_its_days_both_included() -> None:
    member = after(ADMIT, status(MemberStatus.EXEMPT, date(2026, 1, 1), date(2026, 3, 31)))
    kinds = {
        on: stay.status
        for on in (date(2025, 12, 31), date(2026, 3, 31), date(2026, 4, 1))
        if (stay := member.stay_on(on))
    }
    assert list(kinds.values()) == [MemberStatus.ACTIVE, MemberStatus.EXEMPT, MemberStatus.ACTIVE]


def test_of_overlapping_statuses_the_one_recorded_last_holds() -> None:
    member = after(
        ADMIT,
        status(MemberStatus.EXEMPT, date(2026, 1, 1)),
        status(MemberStatus.ACTIVE, date(2026, 2, 1)),
    )
    stay = member.stay_on(date(2026, 2, 1))
    assert stay is not None
    assert stay.status is MemberStatus.ACTIVE


def test_the_same_status_again_is_nothing_new() -> None:
    command = status(MemberStatus.SUSPENDED, date(2026, 1, 1))
    assert isinstance(MEMBER.decide(command, after(ADMIT))[0], MemberStatusChanged)
    assert MEMBER.decide(command, after(ADMIT, command)) == []


def test_a_transfer_holds_from_its_day() -> None:
    member = after(ADMIT, TransferMember(ID, HOST, date(2026, 3, 16)))
    assert member.cell_on(date(2026, 3, 15)) == HOME
    assert member.cell_on(date(2026, 3, 16)) == HOST
    assert MEMBER.decide(TransferMember(ID, HOST, date(2026, 3, 20)), member) == []


def test_a_transfer_names_the_cell_left() -> None:
    assert MEMBER.decide(TransferMember(ID, HOST, date(2026, 3, 16)), after(ADMIT)) == [
        MemberTransferred(member_id=ID, from_cell_id=HOME, to_cell_id=HOST, effective_on=date(2026, 3, 16))
    ]


@pytest.mark.parametrize(
    ("command", "error"),
    [
        (TransferMember(ID, HOST, date(2025, 6, 30)), errors.WrongDates),
        (status(MemberStatus.SUSPENDED, date(2026, 2, 1), date(2026, 1, 1)), errors.WrongDates),
        (status(MemberStatus.TEMPORARY_ELSEWHERE, date(2026, 2, 1), host=HOME), errors.HostCellMissing),
        (status(MemberStatus.ACTIVE, date(2026, 2, 1), host=HOST), errors.HostCellMissing),
        (WithdrawMemberChange(ID, uuid4(), 2, "error"), errors.NothingToWithdraw),
    ],
)
def test_refuses_what_the_rules_forbid(command: MemberCommand, error: type[Exception]) -> None:
    with pytest.raises(error):
        MEMBER.decide(command, after(ADMIT))


def test_refuses_any_change_to_a_member_who_was_never_admitted() -> None:
    with pytest.raises(errors.UnknownMember):
        MEMBER.decide(TransferMember(ID, HOST, JOINED), MEMBER.initial)


def test_a_withdrawn_status_never_held() -> None:
    member = after(ADMIT, status(MemberStatus.SUSPENDED, date(2026, 1, 1)))
    member = after(WithdrawMemberChange(ID, uuid4(), member.version, "wrong_member"), member=member)
    stay = member.stay_on(date(2026, 2, 1))
    assert stay is not None
    assert stay.status is MemberStatus.ACTIVE


def test_a_withdrawn_admission_leaves_the_member_nowhere_and_only_erasure() -> None:
    (withdrawn,) = MEMBER.decide(WITHDRAWN_ADMISSION, after(ADMIT))
    assert isinstance(withdrawn, MemberChangeWithdrawn)
    assert (withdrawn.withdrawn_version, withdrawn.reason) == (1, "wrong_person")
    member = after(ADMIT, WITHDRAWN_ADMISSION)
    assert (member.cell_on(JOINED), member.stay_on(JOINED), member.last_cell) == (None, None, HOME)
    for command in (ADMIT, TransferMember(ID, HOST, JOINED), status(MemberStatus.EXEMPT, JOINED)):
        with pytest.raises(errors.AdmissionWithdrawn):
            MEMBER.decide(command, member)
    with pytest.raises(errors.NothingToWithdraw):
        MEMBER.decide(WITHDRAWN_ADMISSION, member)
    assert MEMBER.decide(EraseMember(ID), member) == [MemberErased(member_id=ID)]


@pytest.mark.parametrize("later", [TransferMember(ID, HOST, date(2026, 1, 1)), status(MemberStatus.EXEMPT, JOINED)])
def test_an_admission_is_withdrawn_after_what_was_recorded_later(later: MemberCommand) -> None:
    member = after(ADMIT, later)
    with pytest.raises(errors.LaterChangesStand):
        MEMBER.decide(WITHDRAWN_ADMISSION, member)
    alone = after(WithdrawMemberChange(ID, uuid4(), 2, "wrong_person"), member=member)
    assert after(WITHDRAWN_ADMISSION, member=alone).cell_on(JOINED) is None


def test_who_departs_has_no_cell_any_more_and_comes_back_by_a_transfer() -> None:
    left, back = date(2026, 2, 1), date(2026, 3, 1)
    member = after(ADMIT, status(MemberStatus.DEPARTED, left))
    assert (member.cell_on(date(2026, 1, 31)), member.cell_on(left), member.last_cell) == (HOME, None, HOME)
    assert MEMBER.decide(TransferMember(ID, HOME, back), member) == [
        MemberTransferred(member_id=ID, from_cell_id=HOME, to_cell_id=HOME, effective_on=back)
    ]
    withdrawn = after(WithdrawMemberChange(ID, uuid4(), member.version, "wrong_member"), member=member)
    assert withdrawn.cell_on(left) == HOME


def test_nothing_personal_is_recorded_after_erasure() -> None:
    assert MEMBER.decide(EraseMember(ID), after(ADMIT)) == [MemberErased(member_id=ID)]
    erased = after(ADMIT, EraseMember(ID))
    assert MEMBER.decide(EraseMember(ID), erased) == []
    with pytest.raises(errors.MemberGone):
        MEMBER.decide(CorrectPerson(ID, NAME), erased)
    with pytest.raises(errors.MemberGone):
        MEMBER.decide(AliasMember(ID, "hr", NAME, JOINED), erased)
