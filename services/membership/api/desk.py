"""What the routes share: the registry, today, who may change the tree, and the unit that a question is about."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, cast
from uuid import UUID

from fastapi import Depends, Query

from services.membership.domain.errors import UnknownUnit
from services.membership.domain.tree_state import Tree, Unit
from services.membership.imports.registry import Registry
from services.membership.settings import MembershipSettings
from shared.contracts.fields import Citation, Code, GivenDay
from shared.local_time import local_date
from shared.service import Runtime, runtime
from shared.web.access import READERS, Caller, Reach, Role, allow
from shared.web.examples import CHANGE as CHANGE_EVENT
from shared.web.examples import example
from shared.web.inputs import Input
from shared.web.problems import Refused

Running = Annotated[Runtime, Depends(runtime)]
DECISION = {"number": "15-QĐ/ĐU", "issued_on": "2029-12-15"}
# Membership follows the party's own systems, so a machine or the province's board changes it.
CHANGE = allow({Role.INTEGRATOR: Reach.SYSTEM, Role.PROVINCE_BOARD: Reach.SUBTREE})
# Units and offices hold no names: the machine that sends files reads what became of them.
READ_STRUCTURE = allow({**READERS, Role.INTEGRATOR: Reach.SYSTEM})


class UnitMissing(Refused):
    """The caller has no unit of its own: a machine says which unit it asks about."""

    problem = "unit-missing"
    status = 422


class Withdrawal(Input):
    """`event_id`: of the change that was recorded in error, as `/ops/events/{position}` shows it."""

    model_config = example(event_id=CHANGE_EVENT, reason="entered_in_error")

    event_id: UUID
    reason: Code


class Decided(Input):
    """A change of the tree: since when, and by which document."""

    model_config = example(effective_on="2030-01-01", decision=DECISION)

    effective_on: GivenDay
    decision: Citation | None = None


async def registry(running: Running) -> Registry:
    return Registry(running, cast("MembershipSettings", running.settings))


Known = Annotated[Registry, Depends(registry)]


async def asked_day(
    running: Running,
    on: Annotated[date | None, Query(description="The day asked about; today if left out.")] = None,
) -> date:
    return on or local_date(running.clock())


Day = Annotated[date, Depends(asked_day)]


def existing(tree: Tree, unit_id: UUID, on: date) -> Unit:
    """The unit as it is on a day; a 404 problem if it does not exist then."""
    unit = tree.existing(unit_id, on)
    if unit is None:
        raise UnknownUnit(f"Không có tổ chức {unit_id} tại ngày {on:%d/%m/%Y}.")
    return unit


async def asked_units(tree: Tree, caller: Caller, under: UUID | None, on: date) -> list[Unit]:
    """The subtree of `under`, or of the caller's own unit, or for a machine of the whole province."""
    root = under or caller.unit_id or next(iter(tree.roots), None)
    if root is None:
        raise UnitMissing("Chưa có tổ chức nào: hãy gửi tệp tổ chức trước.")
    await caller.require(root)
    existing(tree, root, on)
    subtree = list(tree.subtree_on(root, on))
    reached = await caller.reach_of([unit.unit_id for unit in subtree])
    # What no longer exists stays part of the past of those above it; what left them does not (docs/adr/0031).
    return [unit for unit in subtree if reached.get(unit.unit_id, True)]


async def require_all(caller: Caller, unit_ids: Iterable[UUID]) -> None:
    """The caller reaches every one of the units."""
    for unit_id in unit_ids:
        await caller.require(unit_id)
