"""Members: names for those who may see them, changes of status and cell, erasure."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from services.membership import queries
from services.membership.aggregates import MEMBERS
from services.membership.api.desk import CHANGE, Day, Known, Running, Withdrawal, existing, require_all
from services.membership.domain import member as domain
from services.membership.domain.errors import UnknownMember, UnknownUnit
from services.membership.domain.member import MEMBER, Member
from services.membership.domain.member_commands import ChangeStatus, MemberCommand, TransferMember, WithdrawMemberChange
from services.membership.domain.tree_state import Tree
from services.membership.imports.erase import erase_member
from services.membership.imports.identity import Person
from shared.contracts.fields import GivenDay
from shared.contracts.membership import MemberStatus, Standing
from shared.eventstore.context import Context
from shared.eventstore.texts import read_texts
from shared.local_time import local_date
from shared.web.access import READ, Caller
from shared.web.context import CommandAccepted, at_least, command_context, receipt
from shared.web.examples import OTHER_CELL, example
from shared.web.inputs import Input

router = APIRouter(tags=["members"])
Commanded = Annotated[Context, Depends(command_context)]
NOBODY = UUID(int=0)


class MemberAnswer(BaseModel):
    """A member on a day. `name` is null once the person was erased."""

    member_id: UUID
    name: str | None
    born_on: str | None
    cell_id: UUID | None
    standing: Standing
    status: MemberStatus
    valid_until: date | None
    host_cell_id: UUID | None


class MemberPage(BaseModel):
    """`next`: the value of `after` for the page that follows; null on the last one."""

    members: list[MemberAnswer]
    next: UUID | None


class StatusInput(Input):
    """[valid_from, valid_until], both days included. A temporary stay names the host cell."""

    model_config = example(standing="official", status="exempt", valid_from="2027-01-01")

    standing: Standing
    status: MemberStatus
    valid_from: GivenDay
    valid_until: GivenDay | None = None
    host_cell_id: UUID | None = None


class TransferInput(Input):
    model_config = example(to_cell_id=OTHER_CELL, effective_on="2027-02-01")

    to_cell_id: UUID
    effective_on: GivenDay


@router.get("/units/{unit_id}/members", dependencies=[Depends(at_least)])
async def members(
    caller: Annotated[Caller, READ],
    running: Running,
    known: Known,
    on: Day,
    unit_id: UUID,
    after: Annotated[UUID, Query(description="The page after this member.")] = NOBODY,
    limit: Annotated[int, Query(ge=1, le=1000)] = 500,
) -> MemberPage:
    """The members of all cells of a subtree on a day, with names."""
    tree = await known.tree()
    await caller.require(unit_id)
    existing(tree, unit_id, on)
    cells = [unit.unit_id for unit in tree.subtree_on(unit_id, on) if tree.is_cell(unit, on)]
    reached = await caller.reach_of(cells)
    cells = [cell_id for cell_id in cells if reached.get(cell_id)]
    found = list(await queries.members_of(running.pool, cells, on, after=after, limit=limit))
    return MemberPage(members=await _answers(running, found, on), next=found[-1] if len(found) == limit else None)


@router.get("/members/{member_id}", dependencies=[Depends(at_least)])
async def member(caller: Annotated[Caller, READ], running: Running, on: Day, member_id: UUID) -> MemberAnswer:
    """One member on a day, with the name."""
    await caller.require(await _cell_of(running, member_id))
    [answer] = await _answers(running, [member_id], on)
    return answer


@router.post("/members/{member_id}/statuses")
async def change_status(
    caller: Annotated[Caller, CHANGE],
    running: Running,
    known: Known,
    context: Commanded,
    member_id: UUID,
    body: StatusInput,
) -> CommandAccepted:
    """Of statuses that overlap, the one recorded last holds."""
    await caller.require(await _cell_of(running, member_id))
    if body.host_cell_id is not None:
        _require_cell(await known.tree(), body.host_cell_id, body.valid_from)
    command = ChangeStatus(member_id, **body.model_dump())
    return await _record(running, context, command)


@router.post("/members/{member_id}/transfers")
async def transfer_member(
    caller: Annotated[Caller, CHANGE],
    running: Running,
    known: Known,
    context: Commanded,
    member_id: UUID,
    body: TransferInput,
) -> CommandAccepted:
    """Official transfer: from `effective_on` the member belongs to another cell."""
    _require_cell(await known.tree(), body.to_cell_id, body.effective_on)
    await require_all(caller, (await _cell_of(running, member_id), body.to_cell_id))
    return await _record(running, context, TransferMember(member_id, body.to_cell_id, body.effective_on))


@router.post("/members/{member_id}/withdrawals")
async def withdraw_member_change(
    caller: Annotated[Caller, CHANGE], running: Running, context: Commanded, member_id: UUID, body: Withdrawal
) -> CommandAccepted:
    """A transfer, a status or, with nothing recorded after it, the admission was an error and counts no longer."""
    await caller.require(await _cell_of(running, member_id))
    version = await queries.version_of(running.pool, body.event_id, domain.stream(member_id))
    return await _record(running, context, WithdrawMemberChange(member_id, body.event_id, version, body.reason))


@router.post("/members/{member_id}/erasure")
async def erase(
    caller: Annotated[Caller, CHANGE], running: Running, context: Commanded, member_id: UUID
) -> CommandAccepted:
    """Name, birth date and outer codes are gone for good; figures stay as they were."""
    await caller.require(await _cell_of(running, member_id))
    return receipt(await erase_member(running, member_id, context))


async def _record(running: Running, context: Context, command: MemberCommand) -> CommandAccepted:
    handler = running.handler(MEMBERS)
    stream = domain.stream(command.member_id)
    return receipt(await handler.handle((command,), stream=stream, key=str(command.member_id), context=context))


async def _cell_of(running: Running, member_id: UUID) -> UUID:
    """Today's cell, which says who may see and change the member; of one who left or is to come, the last recorded."""
    state, _ = await running.handler(MEMBERS).state(domain.stream(member_id))
    cell_id = state.cell_on(local_date(running.clock())) or state.last_cell
    if cell_id is None:
        raise UnknownMember(f"Không có đảng viên {member_id}.")
    return cell_id


def _require_cell(tree: Tree, cell_id: UUID, on: date) -> None:
    if not tree.is_cell(existing(tree, cell_id, on), on):
        raise UnknownUnit(f"{cell_id} không phải chi bộ.")


async def _answers(running: Running, member_ids: Sequence[UUID], on: date) -> list[MemberAnswer]:
    streams = [domain.stream(member_id) for member_id in member_ids]
    folded = await queries.states(running.pool, MEMBER, streams)
    states = [folded[stream] for stream in streams]
    texts = await read_texts(running.pool, [state.person for state in states if state.person])
    people = {text_id: Person.from_text(body) for text_id, body in texts.items()}
    return [
        _answer(member_id, state, people.get(state.person) if state.person else None, on)
        for member_id, state in zip(member_ids, states, strict=True)
    ]


def _answer(member_id: UUID, state: Member, person: Person | None, on: date) -> MemberAnswer:
    stay = state.stay_on(on)
    return MemberAnswer(
        member_id=member_id,
        name=person.name if person else None,
        born_on=person.born_on if person else None,
        cell_id=state.cell_on(on),
        standing=stay.standing if stay else Standing.OFFICIAL,
        status=stay.status if stay else MemberStatus.ACTIVE,
        valid_until=stay.valid_until if stay else None,
        host_cell_id=stay.host_cell_id if stay else None,
    )
