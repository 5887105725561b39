"""A member: cell, standing and status over valid time. Names live in erasable texts; an event holds their hash."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import assert_never
from uuid import UUID

from services.membership.domain import errors
from services.membership.domain.dated import Dated, holding, without
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
from shared.contracts import membership as facts
from shared.contracts.event import Event
from shared.contracts.membership import MemberStatus, Standing
from shared.decider import Decider

ADMISSION = 1  # the version of a member's first event


@dataclass(frozen=True, slots=True)
class Stay:
    """What a status event says about the days it covers."""

    standing: Standing
    status: MemberStatus
    valid_until: date | None
    host_cell_id: UUID | None


@dataclass(frozen=True, slots=True)
class Member:
    """`version` counts the folded events: it is the stream's version. `standing` is that of admission.

    In `cells`, None from the day of departure. `person` is the id of the erasable text with name and birth date, None
    once it is erased. `never_in` is the cell of an admission that was withdrawn; no other cell is left then.
    """

    version: int = 0
    person: UUID | None = None
    standing: Standing | None = None
    cells: tuple[Dated[UUID | None], ...] = ()
    stays: tuple[Dated[Stay], ...] = ()
    erased: bool = False
    never_in: UUID | None = None

    def cell_on(self, on: date) -> UUID | None:
        """None before admission and after departure."""
        cell = holding(self.cells, on)
        return cell.value if cell else None

    @property
    def last_cell(self) -> UUID | None:
        """The cell that was recorded last, whatever day it holds from; it stays when the member departs."""
        return next((cell.value for cell in reversed(self.cells) if cell.value), self.never_in)

    def stay_on(self, on: date) -> Stay | None:
        """Of the statuses that cover the day, the one recorded last; none: active, in the standing of admission."""
        covering = [
            stay
            for stay in self.stays
            if stay.valid_from <= on and (stay.value.valid_until is None or on <= stay.value.valid_until)
        ]
        if covering:
            return max(covering, key=lambda stay: stay.version).value
        return Stay(self.standing, MemberStatus.ACTIVE, None, None) if self.standing else None


def stream(member_id: UUID) -> str:
    return f"member-{member_id}"


def decide(command: MemberCommand, member: Member) -> Sequence[Event]:
    _refuse_who_is_not_there(command, member)
    match command:
        case AdmitMember():
            return _admit(command, member)
        case TransferMember():
            return _transfer(command, member)
        case ChangeStatus():
            return _change_status(command, member)
        case CorrectPerson():
            return [facts.PersonCorrected(member_id=command.member_id, person=command.person)]
        case AliasMember():
            return [
                facts.MemberAliased(
                    member_id=command.member_id,
                    system=command.system,
                    code=command.code,
                    valid_from=command.valid_from,
                )
            ]
        case WithdrawMemberChange():
            return _withdraw(command, member)
        case EraseMember():
            return [] if member.erased else [facts.MemberErased(member_id=command.member_id)]
        case _:
            assert_never(command)


def _refuse_who_is_not_there(command: MemberCommand, member: Member) -> None:
    if member.erased and not isinstance(command, EraseMember):
        raise errors.MemberGone("Thông tin của đảng viên này đã được xóa.")
    if member.never_in is not None and not isinstance(command, EraseMember | WithdrawMemberChange):
        raise errors.AdmissionWithdrawn(
            "Việc ghi nhận đảng viên này đã được rút vì nhầm; nếu nay người này thật sự về chi bộ, "
            "hãy xóa thông tin cũ rồi gửi lại như người mới."
        )
    if not member.last_cell and not isinstance(command, AdmitMember):
        raise errors.UnknownMember(f"Không có đảng viên {command.member_id}.")


def _admit(command: AdmitMember, member: Member) -> Sequence[Event]:
    if member.cells:
        return []
    return [
        facts.MemberAdmitted(
            member_id=command.member_id,
            cell_id=command.cell_id,
            standing=command.standing,
            effective_on=command.effective_on,
            person=command.person,
        )
    ]


def _transfer(command: TransferMember, member: Member) -> Sequence[Event]:
    """Also brings back somebody who had departed, to whatever cell."""
    held = holding(member.cells, command.effective_on)
    if held is None:
        raise errors.WrongDates("Ngày chuyển sinh hoạt trước ngày đảng viên về chi bộ đầu tiên.")
    from_cell_id = held.value or member.last_cell
    if held.value == command.to_cell_id or from_cell_id is None:
        return []
    return [
        facts.MemberTransferred(
            member_id=command.member_id,
            from_cell_id=from_cell_id,
            to_cell_id=command.to_cell_id,
            effective_on=command.effective_on,
        )
    ]


def _change_status(command: ChangeStatus, member: Member) -> Sequence[Event]:
    if command.valid_until is not None and command.valid_until < command.valid_from:
        raise errors.WrongDates("Ngày kết thúc trạng thái trước ngày bắt đầu.")
    temporary = command.status is MemberStatus.TEMPORARY_ELSEWHERE
    if temporary and command.host_cell_id == member.cell_on(command.valid_from):
        raise errors.HostCellMissing("Nơi sinh hoạt tạm thời phải khác chi bộ chính thức.")
    if command.host_cell_id is not None and not temporary:
        raise errors.HostCellMissing("Chỉ sinh hoạt tạm thời mới có nơi sinh hoạt tạm thời.")
    stay = Stay(command.standing, command.status, command.valid_until, command.host_cell_id)
    if member.stay_on(command.valid_from) == stay:
        return []
    return [
        facts.MemberStatusChanged(
            member_id=command.member_id,
            standing=stay.standing,
            status=stay.status,
            valid_from=command.valid_from,
            valid_until=stay.valid_until,
            host_cell_id=stay.host_cell_id,
        )
    ]


def _withdraw(command: WithdrawMemberChange, member: Member) -> Sequence[Event]:
    """An admission goes last: it is all that the other changes build on."""
    live = {cell.version for cell in member.cells} | {stay.version for stay in member.stays}
    if command.version not in live:
        raise errors.NothingToWithdraw("Không có thay đổi nào như vậy, hoặc đã được thu hồi.")
    if command.version == ADMISSION and len(live) > 1:
        raise errors.LaterChangesStand("Hãy rút các lần chuyển sinh hoạt và đổi trạng thái đã ghi sau đó trước.")
    return [
        facts.MemberChangeWithdrawn(
            member_id=command.member_id,
            withdrawn_event_id=command.event_id,
            withdrawn_version=command.version,
            reason=command.reason,
        )
    ]


def evolve(member: Member, event: Event) -> Member:
    member = replace(member, version=member.version + 1)
    match event:
        case facts.MemberAdmitted():
            return replace(
                member,
                person=event.person.text_id,
                standing=event.standing,
                cells=(Dated(event.effective_on, member.version, event.cell_id),),
            )
        case facts.MemberTransferred():
            return _placed(member, event.to_cell_id, event.effective_on)
        case facts.MemberStatusChanged():
            stay = Stay(event.standing, event.status, event.valid_until, event.host_cell_id)
            if event.status is MemberStatus.DEPARTED:
                member = _placed(member, None, event.valid_from)
            return replace(member, stays=(*member.stays, Dated(event.valid_from, member.version, stay)))
        case facts.MemberChangeWithdrawn(withdrawn_version=version):
            if version == ADMISSION:
                return replace(member, cells=(), stays=(), standing=None, never_in=member.last_cell)
            return replace(member, cells=without(member.cells, version), stays=without(member.stays, version))
        case facts.PersonCorrected():
            return replace(member, person=event.person.text_id)
        case facts.MemberErased():
            return replace(member, person=None, erased=True)
        case _:
            return member


def _placed(member: Member, cell_id: UUID | None, since: date) -> Member:
    return replace(member, cells=(*member.cells, Dated(since, member.version, cell_id)))


MEMBER: Decider[MemberCommand, Member] = Decider(initial=Member(), decide=decide, evolve=evolve)
