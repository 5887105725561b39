"""The files of the smallest sample, read, and what is known once they were imported."""

from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from samples.province import Province, make_province
from samples.province.files import MAPPINGS, MEMBERS, UNITS, write_files
from services.membership.domain.member import MEMBER
from services.membership.domain.member_commands import MemberCommand
from services.membership.domain.tree_state import Tree
from services.membership.imports import rows as typed
from services.membership.imports.identity import KnownMember, Person
from services.membership.imports.mapping import load_mapping
from services.membership.imports.member_plan import plan_members
from services.membership.imports.plan import Plan
from services.membership.imports.tables import read_rows
from services.membership.imports.unit_plan import plan_unit_kinds, plan_units
from shared.decider import together
from tests.unit.membership.planning import DAY, Read, carried_out


@pytest.fixture(scope="module")
def province() -> Province:
    return make_province(scale="small")


@pytest.fixture(scope="module")
def folder(province: Province, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_files(province, tmp_path_factory.mktemp("province"))


@pytest.fixture(scope="module")
def read(folder: Path) -> Read:
    def rows(mapping: str, file: str, parse: Callable[..., object]) -> list:  # type: ignore[type-arg]
        loaded = load_mapping(MAPPINGS, mapping)
        good, problems = typed.parse(read_rows((folder / file).read_bytes(), loaded), loaded, parse)
        assert problems == []
        return good

    return rows


@pytest.fixture(scope="module")
def unit_rows(read: Read) -> list[typed.UnitRow]:
    return read("units", UNITS, typed.unit)


@pytest.fixture(scope="module")
def member_rows(read: Read) -> list[typed.MemberRow]:
    return read("members", MEMBERS, typed.member)


@pytest.fixture(scope="module")
def kinds(read: Read) -> Tree:
    return carried_out(plan_unit_kinds(read("unit-kinds", UNITS, typed.unit_kind), Tree()), Tree())


@pytest.fixture(scope="module")
def tree(kinds: Tree, unit_rows: list[typed.UnitRow]) -> Tree:
    return carried_out(plan_units(unit_rows, kinds, DAY, uuid4), kinds)


def admitted(plan: Plan[MemberCommand]) -> dict[str, KnownMember]:
    """What the log knows after the plan was carried out, by outer code."""
    known = {}
    for change in plan.changes:
        member = MEMBER.fold(together(MEMBER).decide(change.commands, MEMBER.initial))
        bodies = {text.kind: text.body for text in change.texts}
        known[bodies["member_code"]] = KnownMember(UUID(change.key), member, Person.from_text(bodies["person"]))
    return known


@pytest.fixture(scope="module")
def known(tree: Tree, member_rows: list[typed.MemberRow]) -> dict[str, KnownMember]:
    return admitted(plan_members(member_rows, tree, {}, DAY, uuid4))
