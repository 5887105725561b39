"""An office (chức vụ): the tenure of one member in one office of one unit. A token of the office names its id."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import assert_never
from uuid import UUID

from services.membership.domain import errors
from shared.contracts.event import Event
from shared.contracts.membership import OfficeAssigned, OfficeEnded, OfficeRole, OfficeWithdrawn
from shared.decider import Decider


@dataclass(frozen=True, slots=True)
class AssignOffice:
    """`member_id` is absent where the office, not a person, acts: a commune's office."""

    office_id: UUID
    unit_id: UUID
    role: OfficeRole
    member_id: UUID | None
    valid_from: date
    valid_until: date | None = None


@dataclass(frozen=True, slots=True)
class EndOffice:
    office_id: UUID
    ended_on: date


@dataclass(frozen=True, slots=True)
class WithdrawOffice:
    """The tenure was recorded in error. One that has not begun, or began today, can be undone in no other way."""

    office_id: UUID
    reason: str


OfficeCommand = AssignOffice | EndOffice | WithdrawOffice


@dataclass(frozen=True, slots=True)
class Office:
    assigned: OfficeAssigned | None = None
    ends_on: date | None = None
    withdrawn: bool = False


def stream(office_id: UUID) -> str:
    return f"office-{office_id}"


def decide(command: OfficeCommand, office: Office) -> Sequence[Event]:
    match command:
        case AssignOffice():
            return _assign(command, office)
        case EndOffice():
            return _end(command, office)
        case WithdrawOffice():
            return _withdraw(command, office)
        case _:
            assert_never(command)


def _assign(command: AssignOffice, office: Office) -> Sequence[Event]:
    if command.valid_until is not None and command.valid_until < command.valid_from:
        raise errors.WrongDates("Ngày thôi giữ chức vụ trước ngày bắt đầu.")
    event = OfficeAssigned(
        office_id=command.office_id,
        unit_id=command.unit_id,
        role=command.role,
        member_id=command.member_id,
        valid_from=command.valid_from,
        valid_until=command.valid_until,
    )
    if office.assigned is None:
        return [event]
    if office.assigned == event:
        return []
    raise errors.OfficeExists("Mã chức vụ này đã ghi cho một nhiệm kỳ khác: kết thúc nhiệm kỳ cũ và lập nhiệm kỳ mới.")


def _end(command: EndOffice, office: Office) -> Sequence[Event]:
    if office.assigned is None:
        raise errors.UnknownOffice(f"Không có chức vụ {command.office_id}.")
    if command.ended_on < office.assigned.valid_from:
        raise errors.WrongDates("Ngày thôi giữ chức vụ trước ngày bắt đầu.")
    if office.withdrawn or office.ends_on == command.ended_on:
        return []
    return [OfficeEnded(office_id=command.office_id, unit_id=office.assigned.unit_id, ended_on=command.ended_on)]


def _withdraw(command: WithdrawOffice, office: Office) -> Sequence[Event]:
    if office.assigned is None:
        raise errors.UnknownOffice(f"Không có chức vụ {command.office_id}.")
    if office.withdrawn:
        return []
    return [OfficeWithdrawn(office_id=command.office_id, unit_id=office.assigned.unit_id, reason=command.reason)]


def evolve(office: Office, event: Event) -> Office:
    match event:
        case OfficeAssigned():
            return Office(assigned=event, ends_on=event.valid_until)
        case OfficeEnded():
            return replace(office, ends_on=event.ended_on)
        case OfficeWithdrawn():
            return replace(office, withdrawn=True)
        case _:
            return office


OFFICE: Decider[OfficeCommand, Office] = Decider(initial=Office(), decide=decide, evolve=evolve)
