"""Days of the files in these tests, and carrying a plan out in memory."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from services.membership.domain.tree_state import Tree
from services.membership.domain.unit_tree import UNIT_TREE
from services.membership.imports.plan import Plan
from services.membership.imports.unit_plan import FileDay
from shared.decider import together

DAY = FileDay("hatinh-to-chuc", date(2026, 3, 1))
LATER = replace(DAY, as_of=date(2026, 4, 1))
Read = Callable[..., list]  # type: ignore[type-arg]


def carried_out(plan: Plan, tree: Tree) -> Tree:  # type: ignore[type-arg]
    assert plan.problems == []
    commands = [command for change in plan.changes for command in change.commands]
    return UNIT_TREE.fold(together(UNIT_TREE).decide(commands, tree), tree)
