"""A system with a province, and a second front door to it whose services believe Keycloak and nobody else."""

import asyncio
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect
from rich.progress import Progress

from deploy.local import ports
from deploy.local.front_door import front_door
from deploy.local.supervisor import Program, Supervisor
from deploy.local.system import System, running_system
from samples.demo.__main__ import CLIENTS as CLIENTS_OF_THE_DEMO
from samples.demo.door import Door
from samples.demo.job import SEED, set_up
from samples.demo.people import Cast, Cell
from samples.month import PERIOD
from samples.province.make import make_province
from shared.web.entry import JUST_LOGGED_IN
from shared.web.issuer import DemoIssuer
from shared.web.pages import TOKEN_COOKIE
from tests.browser.conftest import browser, chromium
from tests.e2e.asking import claims_of
from tests.e2e.conftest import Played
from tests.fixtures.keycloak import Keycloak, running_keycloak
from tests.fixtures.waiting import until

__all__ = ["browser", "chromium"]

CLIENT = "sinh-hoat-chi-bo-web"
MACHINE = "he-thong-dang-vien"
CLIENTS = {MACHINE: {"role": "integrator"}, "van-hanh": {"role": "operator"}}
SERVICES = ("membership", "reporting", "operations")
PATIENCE = 60_000  # milliseconds: a slow machine is no fault
PASSWORD = "một mật khẩu dài"


@dataclass(frozen=True)
class Province:
    """Services that only `keycloak` lets people into. `cells`: two of them."""

    door: str
    keycloak: Keycloak
    cells: tuple[Cell, Cell]

    def account(self, name: str, **claims: str) -> str:
        """Makes a person who is known by `claims`; returns the name."""
        credential = {"type": "password", "value": PASSWORD, "temporary": False}
        attributes = {claim: [value] for claim, value in claims.items()}
        user = {"username": name, "enabled": True, "attributes": attributes, "credentials": [credential]}
        self.keycloak.ask("POST", "/users", user)
        return name

    def secretary(self, cell: Cell) -> str:
        """A new account for the office that the cell's secretary holds."""
        office: str = claims_of(cell.secretary)["office_id"]
        return self.account(f"bi-thu-{uuid4().hex}", office_id=office)


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """Without its month: who may see figures does not depend on them."""
    folder: Path = tmp_path_factory.mktemp("system")
    with running_system(folder, CLIENTS_OF_THE_DEMO, lambda _: None, ports.free_port()) as system:
        issuer = DemoIssuer(system.issuer_folder, system.issuer)
        actors = asyncio.run(_founded(system, issuer, folder / "files"))
        for cell in actors.cells.values():
            until(partial(_shows, system, cell), f"{cell.name} is known", seconds=300)
        yield Played(system, actors, issuer, {})


def _shows(system: System, cell: Cell) -> bool:
    login = {"Authorization": f"Bearer {cell.secretary}"}
    return httpx.get(system.front_door + month(cell), headers=login, timeout=60).is_success


async def _founded(system: System, issuer: DemoIssuer, files: Path) -> Cast:
    door = Door(system.front_door)
    try:
        with Progress(disable=True) as progress:
            return await set_up(door, issuer, files, make_province(SEED, "small"), progress)
    finally:
        await door.close()


@pytest.fixture(scope="session")
def province(played: Played, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Province]:
    folder = tmp_path_factory.mktemp("oidc")
    door_port = ports.free_port()
    door = f"http://{ports.LOOPBACK}:{door_port}"
    first, second, *_ = played.actors.cells.values()
    with running_keycloak(folder, door) as keycloak, Supervisor(folder / "processes") as supervisor:
        taken = {name: ports.free_port() for name in SERVICES}
        supervisor.start(*(_api(played.system, name, port, door, keycloak) for name, port in taken.items()))
        supervisor.start(front_door(door_port, taken, folder))
        yield Province(door, keycloak, (first, second))


def _api(system: System, name: str, port: int, door: str, keycloak: Keycloak) -> Program:
    """The service's API on the played system's database; that system's worker goes on filling it."""
    ours = {
        "PORT": str(port),
        "OIDC_ISSUER": keycloak.issuer,
        "OIDC_JWKS_URL": f"{keycloak.issuer}/protocol/openid-connect/certs",
        "OIDC_CLIENT_ID": CLIENT,
        "OIDC_CLIENT_SECRET": keycloak.secret,
        "FRONT_DOOR": door,
        "CLIENTS": json.dumps(CLIENTS),
    }
    environment = {**system.environments[name], **{f"{name.upper()}_{key}": value for key, value in ours.items()}}
    ready = f"http://{ports.LOOPBACK}:{port}/health/ready"
    return Program(name, [sys.executable, "-m", f"services.{name}", "api"], environment, port, ready)


def month(cell: Cell) -> str:
    """The page of its figures."""
    return f"/reporting/pages/{cell.unit_id}/{PERIOD}"


def log_in(page: Page, name: str) -> None:
    """At Keycloak's own form."""
    page.locator("#username").fill(name)
    page.locator("#password").fill(PASSWORD)
    page.locator("#kc-login").click()


def cookie(page: Page, name: str) -> str | None:
    """What the browser keeps under `name`."""
    return next((kept.get("value") for kept in page.context.cookies() if kept.get("name") == name), None)


def forget_token(page: Page) -> None:
    """As when it has ended, some time after the login."""
    for name in (TOKEN_COOKIE, JUST_LOGGED_IN):
        page.context.clear_cookies(name=name)


@pytest.fixture
def visitor(browser: Browser, province: Province) -> Iterator[Page]:
    """Somebody whom nobody knows yet."""
    with browser.new_context(locale="vi-VN", base_url=province.door) as context:
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        yield page


@pytest.fixture
def secretary(visitor: Page, province: Province) -> Page:
    """The first cell's, logged in and at its month."""
    visitor.goto(month(province.cells[0]))
    log_in(visitor, province.secretary(province.cells[0]))
    expect(visitor.get_by_role("heading", level=1)).to_contain_text(province.cells[0].name)
    return visitor
