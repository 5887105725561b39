"""Role x unit x endpoint: every endpoint has its reviewed row, and its rule does what the row says."""

import dis
import re
from collections.abc import Mapping
from datetime import date
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import Depends, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.routing import Mount

from deploy.documents.applications import application, names
from shared.web.access import (
    ACTS_ON_BEHALF,
    SAFE_METHODS,
    Grant,
    Reach,
    Role,
    Rule,
    allow,
)
from shared.web.identity import Identity, identify
from shared.web.problems import Refused
from shared.web.routes import RouteWithoutRule, check_every_route_has_a_rule
from tests.contracts.access_matrix import CLOSED, EVERYONE, kept, rules, written

TODAY = date(2026, 3, 15)
OWN, BELOW, ABOVE, ELSEWHERE = uuid4(), uuid4(), uuid4(), uuid4()
UNITS = {"own": OWN, "below": BELOW, "above": ABOVE, "elsewhere": ELSEWHERE}

# Which units a reach covers, seen from the unit that the role is for.
COVERED: Mapping[str, set[str]] = {
    CLOSED: set(),
    Reach.OWN_UNIT: {"own"},
    Reach.ASSIGNED: {"own"},
    Reach.SUBTREE: {"own", "below"},
    Reach.SYSTEM: set(UNITS),
}
MACHINES = {Role.INTEGRATOR, Role.OPERATOR}
# Whoever has lost the right to anything must still be able to leave.
LOG_OUT = ("reporting", "POST", "/logout")


class Tree:
    """ABOVE - OWN - BELOW, and ELSEWHERE."""

    async def is_within(self, unit_id: UUID, ancestor_id: UUID, on: date) -> bool:
        return on == TODAY and (unit_id, ancestor_id) in {(BELOW, OWN), (OWN, ABOVE), (BELOW, ABOVE)}

    async def knows(self, _: UUID) -> bool:
        return True


def test_every_endpoint_of_every_service_has_its_row() -> None:
    code, decided = written(), kept()
    assert not code.keys() - decided.keys(), "endpoints without a row: review and add them to access_matrix.csv"
    assert not decided.keys() - code.keys(), "rows without an endpoint"


def test_every_rule_is_as_decided() -> None:
    code, decided = written(), kept()
    different = {place: (dict(code[place]), decided[place]) for place in code if code[place] != decided.get(place)}
    assert not different


def test_every_cell_is_a_reach_and_only_machines_have_the_whole_system() -> None:
    for place, row in kept().items():
        assert row[EVERYONE] in {CLOSED, "yes"}, place
        for role in Role:
            assert row[role] in COVERED, (place, role)
            if row[role] == Reach.SYSTEM:
                assert role in MACHINES, (place, role)


def test_no_office_or_member_writes_without_a_unit_and_members_write_nothing_for_others() -> None:
    for place, row in kept().items():
        if place[1] not in SAFE_METHODS:
            assert row[EVERYONE] == CLOSED or place == LOG_OUT, place
            assert row[Role.MEMBER] in {CLOSED, Reach.OWN_UNIT}, place
            assert row[Role.FOLLOWER] in {CLOSED, Reach.ASSIGNED}, place
            assert row[Role.OPERATOR] in {CLOSED, Reach.SYSTEM}, place


@pytest.mark.parametrize("role", Role)
async def test_a_role_reaches_the_units_of_its_row_and_no_others(role: Role) -> None:
    decided = kept()
    for place, rule in rules():
        if rule is None:
            continue
        reached = {name for name, unit_id in UNITS.items() if await _may(rule, role, place[1], unit_id)}
        assert reached == COVERED[decided[place][role]], (place, role)


async def _may(rule: Rule, role: Role, method: str, unit_id: UUID) -> bool:
    # A machine has a unit where its row asks for one.
    grant = Grant(role, None if rule.rights.get(role) is Reach.SYSTEM else OWN)
    runtime = SimpleNamespace(directory=Tree())
    request = SimpleNamespace(method=method, app=SimpleNamespace(state=SimpleNamespace(runtime=runtime)))
    acts_for_below = role in ACTS_ON_BEHALF and method not in SAFE_METHODS and unit_id != OWN
    try:
        identity = Identity("subject", "office:1", (grant,), TODAY, unit_id if acts_for_below else None)
        caller = await rule(cast("Any", request), identity)
        await caller.require(unit_id)
    except Refused:
        return False
    return True


def test_whoever_is_given_a_caller_with_a_unit_looks_at_it() -> None:
    """A rule opens an endpoint to a role; only its handler can compare the unit."""
    blind = [
        (name, context.path)
        for name in names()
        for context in iter_route_contexts(application(name).routes)
        if isinstance(context.original_route, APIRoute) and _ignores_its_caller(context.dependant)
    ]
    assert not blind


def _ignores_its_caller(dependant: Dependant) -> bool:
    for given in dependant.dependencies:
        if _ignores_its_caller(given):
            return True
        if isinstance(given.call, Rule) and set(given.call.rights.values()) != {Reach.SYSTEM}:
            read = {step.argval for step in dis.get_instructions(cast("Any", dependant.call))}
            if given.name not in read:
                return True
    return False


@pytest.fixture(params=names())
def served(request: pytest.FixtureRequest) -> tuple[str, FastAPI]:
    return request.param, application(request.param, Tree())


async def test_every_endpoint_refuses_who_has_no_token_and_roles_without_a_right(
    served: tuple[str, FastAPI],
) -> None:
    name, app = served
    closed = {place: row for place, row in kept().items() if place[0] == name and row[EVERYONE] == CLOSED}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as http:
        for (_, method, route), row in closed.items():
            path = re.sub(r"\{[^}]+\}", str(ELSEWHERE), route)
            assert (await http.request(method, path)).status_code == 401, (method, route)
            for role in Role:
                if row[role] != CLOSED:
                    continue
                grants = (Grant(role, None if role in MACHINES else OWN),)
                app.dependency_overrides[identify] = lambda grants=grants: Identity("x", "x", grants, TODAY)
                answer = await http.request(method, path, headers={"Idempotency-Key": "1"})
                assert answer.status_code == 403, (method, route, role, answer.text)
                app.dependency_overrides.clear()


class TestAnApplicationStartsOnlyClosed:
    def test_refuses_an_endpoint_without_a_rule(self) -> None:
        app = FastAPI(openapi_url=None)
        app.get("/forgotten")(lambda: "open to the world")
        with pytest.raises(RouteWithoutRule, match="/forgotten"):
            check_every_route_has_a_rule(app)

    def test_refuses_an_endpoint_with_two_rules(self) -> None:
        app = FastAPI(openapi_url=None)
        twice = [allow({Role.MEMBER: Reach.OWN_UNIT}), allow({Role.OPERATOR: Reach.SYSTEM})]
        app.get("/twice", dependencies=twice)(lambda: "which?")
        with pytest.raises(RouteWithoutRule, match="/twice"):
            check_every_route_has_a_rule(app)

    def test_refuses_what_is_mounted_beside_the_rules(self) -> None:
        app = FastAPI(openapi_url=None)
        app.router.routes.append(Mount("/files", app=FastAPI()))
        with pytest.raises(RouteWithoutRule, match="/files"):
            check_every_route_has_a_rule(app)

    def test_accepts_a_rule_that_another_dependency_brings(self) -> None:
        rule = allow({Role.MEMBER: Reach.OWN_UNIT})

        async def desk(caller: object = rule) -> object:
            return caller

        app = FastAPI(openapi_url=None)
        app.get("/desk", dependencies=[Depends(desk)])(lambda: "closed")
        check_every_route_has_a_rule(app)
