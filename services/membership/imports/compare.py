"""From a file's bytes to its plan: read, look up what its codes name, compare. The same for preview and apply."""

import asyncio
from collections.abc import Callable, Collection
from typing import Any, assert_never
from uuid import uuid4

from services.membership.domain.assignment import AssignmentCommand
from services.membership.domain.office import OfficeCommand
from services.membership.imports import rows as typed
from services.membership.imports.fields import Problem, Reader
from services.membership.imports.mapping import FileKind, Mapping
from services.membership.imports.member_plan import plan_members
from services.membership.imports.office_plan import Known, assignments, offices, plan_assignments, plan_offices
from services.membership.imports.plan import Plan
from services.membership.imports.registry import Registry
from services.membership.imports.tables import Row, read_rows
from services.membership.imports.unit_plan import FileDay, plan_unit_kinds, plan_units

READERS: dict[FileKind, Callable[[Reader], Any]] = {
    FileKind.UNIT_KINDS: typed.unit_kind,
    FileKind.UNITS: typed.unit,
    FileKind.MEMBERS: typed.member,
    FileKind.OFFICES: typed.office,
    FileKind.ASSIGNMENTS: typed.assignment,
}


async def read_file(content: bytes, mapping: Mapping) -> list[Row]:
    """In a thread: a large workbook takes seconds, and other requests go on meanwhile."""
    return await asyncio.to_thread(read_rows, content, mapping)


async def compare(
    rows: Collection[Row], mapping: Mapping, day: FileDay, registry: Registry, left_out: Collection[int] = ()
) -> Plan[Any]:
    """What the rows would change now, without those that are left out by their numbers."""
    kept = [row for row in rows if row.number not in left_out]
    parsed, problems = await asyncio.to_thread(typed.parse, kept, mapping, READERS[mapping.kind])
    tree = await registry.tree()
    match mapping.kind:
        case FileKind.UNIT_KINDS:
            plan: Plan[Any] = plan_unit_kinds(parsed, tree)
            plan.problems.extend(problems)
        case FileKind.UNITS:
            plan = await asyncio.to_thread(plan_units, parsed, tree, day, uuid4, problems)
        case FileKind.MEMBERS:
            known = await registry.members(day.system, {row.code for row in parsed})
            plan = await asyncio.to_thread(plan_members, parsed, tree, known, day, uuid4, problems)
        case FileKind.OFFICES:
            known = await registry.members(day.system, {row.member for row in parsed if row.member})
            plan = await _offices(parsed, Known(tree, known, day), problems, registry)
        case FileKind.ASSIGNMENTS:
            known = await registry.members(day.system, {row.member for row in parsed})
            plan = await _assignments(parsed, Known(tree, known, day), problems, registry)
        case _:
            assert_never(mapping.kind)
    plan.problems.sort()
    return plan


async def _offices(
    rows: list[typed.OfficeRow], known: Known, problems: list[Problem], registry: Registry
) -> Plan[OfficeCommand]:
    plan: Plan[OfficeCommand] = Plan(problems=problems)
    tenures = offices(rows, known, plan)
    plan_offices(tenures, await registry.offices([tenure.tenure_id for tenure in tenures]), plan)
    return plan


async def _assignments(
    rows: list[typed.AssignmentRow], known: Known, problems: list[Problem], registry: Registry
) -> Plan[AssignmentCommand]:
    plan: Plan[AssignmentCommand] = Plan(problems=problems)
    tenures = assignments(rows, known, plan)
    plan_assignments(tenures, await registry.assignments([tenure.tenure_id for tenure in tenures]), plan)
    return plan
