"""Units and their tree: reads for a day, and changes decided by a competent body."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from services.membership import queries
from services.membership.aggregates import TREES
from services.membership.api.desk import (
    CHANGE,
    DECISION,
    READ_STRUCTURE,
    Day,
    Decided,
    Known,
    Running,
    Withdrawal,
    asked_units,
    existing,
    require_all,
)
from services.membership.domain.tree_commands import (
    DissolveUnit,
    MergeUnits,
    MoveUnit,
    RenameUnit,
    TreeCommand,
    WithdrawUnitChange,
)
from services.membership.domain.tree_state import Tree, Unit
from services.membership.domain.unit_tree import STREAM
from shared.contracts.fields import CellType, OfficialName
from shared.contracts.membership import TREE_KEY
from shared.eventstore.context import Context
from shared.web.access import Caller
from shared.web.context import CommandAccepted, at_least, command_context, receipt
from shared.web.examples import OTHER_CELL, PROVINCE, example

router = APIRouter(prefix="/units", tags=["units"])
Commanded = Annotated[Context, Depends(command_context)]


class UnitAnswer(BaseModel):
    """A unit on a day. `codes`: what outer systems call it on that day."""

    unit_id: UUID
    name: str
    kind: str
    is_cell: bool
    cell_type: CellType | None
    parent_id: UUID | None
    exists_from: date
    codes: dict[str, str]


class Move(Decided):
    model_config = example(parent_id=PROVINCE, effective_on="2030-01-01", decision=DECISION)

    parent_id: UUID


class Rename(Decided):
    model_config = example(name="Chi bộ thôn Đông Hòa", effective_on="2030-01-01", decision=DECISION)

    name: OfficialName


class Merger(Decided):
    """`merged` go on in the unit of the path, from `effective_on`; what stood under them was moved before."""

    model_config = example(merged=[OTHER_CELL], effective_on="2030-01-01", decision=DECISION)

    merged: tuple[UUID, ...] = Field(min_length=1, max_length=200)


@router.get("", dependencies=[Depends(at_least)])
async def units(
    caller: Annotated[Caller, READ_STRUCTURE],
    known: Known,
    on: Day,
    under: Annotated[
        UUID | None, Query(description="The top of the subtree; the caller's own unit if left out.")
    ] = None,
) -> list[UnitAnswer]:
    """A subtree on a day, parents before children."""
    tree = await known.tree()
    return [_answer(unit, tree, on) for unit in await asked_units(tree, caller, under, on)]


@router.get("/{unit_id}", dependencies=[Depends(at_least)])
async def unit(caller: Annotated[Caller, READ_STRUCTURE], known: Known, on: Day, unit_id: UUID) -> UnitAnswer:
    """One unit on a day."""
    tree = await known.tree()
    await caller.require(unit_id)
    return _answer(existing(tree, unit_id, on), tree, on)


@router.post("/{unit_id}/moves")
async def move_unit(
    caller: Annotated[Caller, CHANGE], running: Running, context: Commanded, unit_id: UUID, body: Move
) -> CommandAccepted:
    """From `effective_on` the unit stands under another parent; a cycle on any day is refused."""
    await require_all(caller, (unit_id, body.parent_id))
    command = MoveUnit(unit_id, body.parent_id, body.effective_on, body.decision)
    return await _record(running, context, command)


@router.post("/{unit_id}/names")
async def rename_unit(
    caller: Annotated[Caller, CHANGE], running: Running, context: Commanded, unit_id: UUID, body: Rename
) -> CommandAccepted:
    """A new official name; reports that were issued keep the old one."""
    await caller.require(unit_id)
    return await _record(running, context, RenameUnit(unit_id, body.name, body.effective_on, body.decision))


@router.post("/{unit_id}/mergers")
async def merge_units(
    caller: Annotated[Caller, CHANGE], running: Running, context: Commanded, unit_id: UUID, body: Merger
) -> CommandAccepted:
    """Other units end and go on in this one."""
    await require_all(caller, (unit_id, *body.merged))
    return await _record(running, context, MergeUnits(unit_id, body.merged, body.effective_on, body.decision))


@router.post("/{unit_id}/dissolution")
async def dissolve_unit(
    caller: Annotated[Caller, CHANGE], running: Running, context: Commanded, unit_id: UUID, body: Decided
) -> CommandAccepted:
    """The unit no longer exists from `effective_on` on."""
    await caller.require(unit_id)
    return await _record(running, context, DissolveUnit(unit_id, body.effective_on, body.decision))


@router.post("/{unit_id}/withdrawals")
async def withdraw_unit_change(
    caller: Annotated[Caller, CHANGE], running: Running, context: Commanded, unit_id: UUID, body: Withdrawal
) -> CommandAccepted:
    """A change of the unit was recorded in error and counts no longer. A merger is one of the units that ended."""
    await caller.require(unit_id)
    version = await queries.version_of(running.pool, body.event_id, STREAM)
    return await _record(running, context, WithdrawUnitChange(unit_id, body.event_id, version, body.reason))


async def _record(running: Running, context: Context, command: TreeCommand) -> CommandAccepted:
    done = await running.handler(TREES).handle((command,), stream=STREAM, key=TREE_KEY, context=context)
    return receipt(done)


def _answer(unit: Unit, tree: Tree, on: date) -> UnitAnswer:
    systems = {alias.value.system for alias in unit.aliases}
    codes = {system: code for system in sorted(systems) if (code := unit.code_on(system, on))}
    return UnitAnswer(
        unit_id=unit.unit_id,
        name=unit.name_on(on),
        kind=unit.kind,
        is_cell=tree.is_cell(unit, on),
        cell_type=unit.cell_type,
        parent_id=unit.parent_on(on),
        exists_from=unit.exists_from,
        codes=codes,
    )
