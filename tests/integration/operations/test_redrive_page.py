"""Dry run and redrive in a click: the page asks the owner with the operator's token, and no other site's form can."""

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from html import unescape

import httpx
import pytest

from services.operations.app import SERVICE
from services.operations.asked import client
from services.operations.settings import OperationsSettings
from shared.service import ClientSettings, open_runtime
from shared.web.app import create_app
from shared.web.roles import Role
from tests.integration.inprocess import ReadTokens, bearer

BEARER = bearer(client_id="watch")
COOKIE = {"Cookie": f"token={BEARER.removeprefix('Bearer ')}", "Accept": "text/html"}
OURS = {"Sec-Fetch-Site": "same-origin"}
NAMED = {"consumer": "reporting.facts", "log_id": "attendance", "key": 'cell "1"'}
KEY = NAMED | {"state": "parked", "events": 3, "since": "2026-03-03T11:00:00+00:00", "reason": "UndecodableEvent"}
CHANGE = {"figure": "cell-1 2026-03 rated", "now": "0", "then": "1"}
GET = {"/ops/status": {"consumers": [], "degraded": []}, "/ops/parked": {"keys": [KEY], "quarantined": []}}


class Owner:
    """A reporting service that answers what it is told to."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers: dict[str, tuple[int, object]] = {
            "/ops/parked/dry-run": (200, {"applied": 3, "still_held": None, "tried": True, "changes": [CHANGE]}),
            "/ops/parked/redrive": (200, {"applied": 3, "still_held": None}),
        }

    def answer(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["Authorization"] == BEARER
        if request.method == "GET":
            return httpx.Response(200, json=GET[request.url.path])
        assert json.loads(request.content) == NAMED
        self.asked.append(request.url.path)
        status, body = self.answers[request.url.path]
        return httpx.Response(status, json=body)

    async def client(self) -> AsyncIterator[httpx.AsyncClient]:
        async with httpx.AsyncClient(transport=httpx.MockTransport(self.answer)) as http:
            yield http


@pytest.fixture
def owner() -> Owner:
    return Owner()


@pytest.fixture
async def browser(service_database: Callable[[str], Awaitable[str]], owner: Owner) -> AsyncIterator[httpx.AsyncClient]:
    settings = OperationsSettings(
        database_url=await service_database("operations"),
        services={"reporting": "http://reporting"},
        clients={"watch": ClientSettings(role=Role.OPERATOR)},
    )
    async with open_runtime(SERVICE, settings) as runtime:
        app = create_app(runtime, SERVICE.routers(runtime))
        app.state.tokens = ReadTokens()
        app.dependency_overrides[client] = owner.client
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://operations", headers=COOKIE) as http:
            yield http


async def form(browser: httpx.AsyncClient) -> dict[str, str]:
    """The fields of the form beside the held key, as the page gives them."""
    page = (await browser.get("/")).text
    return {name: unescape(value) for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page)}


async def test_a_click_rehearses_and_another_lets_the_key_go(browser: httpx.AsyncClient, owner: Owner) -> None:
    fields = await form(browser)
    rehearsed = await browser.post("/parked/dry-run", data=fields, headers=OURS)
    assert rehearsed.status_code == 200
    for seen in ("Số sự kiện sẽ được áp dụng: 3", "cell-1 2026-03 rated", "Chưa có gì thay đổi"):
        assert seen in rehearsed.text
    done = await browser.post("/parked/redrive", data=fields, headers=OURS)
    assert "Số sự kiện đã áp dụng: 3. Khóa không còn bị giữ." in done.text
    assert owner.asked == ["/ops/parked/dry-run", "/ops/parked/redrive"]


@pytest.mark.parametrize(
    "sent_by",
    [
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://operations"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://elsewhere"},
        {"Origin": "http://operations:8081"},
        {"Origin": "null"},
        {"Origin": "http://[operations"},
        {},
    ],
)
async def test_a_form_of_another_site_commands_nothing(
    browser: httpx.AsyncClient, owner: Owner, sent_by: dict[str, str]
) -> None:
    answer = await browser.post("/parked/redrive", data=await form(browser), headers=sent_by)
    assert (answer.status_code, answer.headers["Content-Type"]) == (401, "text/html; charset=utf-8")
    assert owner.asked == []


async def test_a_browser_that_says_only_the_origin_may_command(browser: httpx.AsyncClient, owner: Owner) -> None:
    await browser.post("/parked/redrive", data=await form(browser), headers={"Origin": "http://operations"})
    assert owner.asked == ["/ops/parked/redrive"]


async def test_what_hinders_the_redrive_is_said(browser: httpx.AsyncClient, owner: Owner) -> None:
    fields = await form(browser)
    owner.answers["/ops/parked/redrive"] = (200, {"applied": 1, "still_held": "ValueError: <still broken>"})
    held = await browser.post("/parked/redrive", data=fields, headers=OURS)
    assert "Khóa lại bị giữ: ValueError: &lt;still broken&gt;" in held.text
    owner.answers["/ops/parked/redrive"] = (409, {"detail": "Khóa này không còn bị giữ"})
    gone = await browser.post("/parked/redrive", data=fields, headers=OURS)
    assert "reporting: Khóa này không còn bị giữ" in gone.text
    strange = await browser.post("/parked/redrive", data=fields | {"service": "nowhere"}, headers=OURS)
    assert "no service" in strange.text
