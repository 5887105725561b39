"""What may be asked of a member. Texts come as references: the caller writes them beside the events."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from shared.contracts.fields import TextRef
from shared.contracts.membership import MemberStatus, Standing


@dataclass(frozen=True, slots=True)
class AdmitMember:
    member_id: UUID
    cell_id: UUID
    standing: Standing
    effective_on: date
    person: TextRef


@dataclass(frozen=True, slots=True)
class TransferMember:
    member_id: UUID
    to_cell_id: UUID
    effective_on: date


@dataclass(frozen=True, slots=True)
class ChangeStatus:
    """[valid_from, valid_until], both days included. A temporary stay names the cell that hosts the member."""

    member_id: UUID
    standing: Standing
    status: MemberStatus
    valid_from: date
    valid_until: date | None = None
    host_cell_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class CorrectPerson:
    """The caller has compared the texts: two salted hashes of one name are never equal."""

    member_id: UUID
    person: TextRef


@dataclass(frozen=True, slots=True)
class AliasMember:
    """`code` is new to the member: the caller has looked it up by its keyed hash."""

    member_id: UUID
    system: str
    code: TextRef
    valid_from: date


@dataclass(frozen=True, slots=True)
class WithdrawMemberChange:
    member_id: UUID
    event_id: UUID
    version: int
    reason: str


@dataclass(frozen=True, slots=True)
class EraseMember:
    member_id: UUID


MemberCommand = (
    AdmitMember | TransferMember | ChangeStatus | CorrectPerson | AliasMember | WithdrawMemberChange | EraseMember
)
