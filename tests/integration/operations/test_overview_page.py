"""The overview over HTTP: for operators alone, with what services said of themselves."""

from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest

from services.operations.app import SERVICE
from services.operations.asked import client
from services.operations.settings import OperationsSettings
from shared.service import ClientSettings, open_runtime
from shared.web.app import create_app
from shared.web.roles import Role
from tests.integration.inprocess import ReadTokens, bearer

OPERATOR = {"Authorization": bearer(client_id="watch")}
KEY = {
    "consumer": "reporting.facts",
    "log_id": "attendance",
    "key": "cell-1",
    "state": "parked",
    "events": 3,
    "since": "2026-03-03T11:00:00+00:00",
    "reason": "UndecodableEvent",
}
RELAY = {"position": 9, "head": 10, "lag_events": 1, "lag_seconds": 0.5}
ANSWERS = {
    "/ops/status": {"relay": RELAY, "consumers": [], "degraded": ["1 keys are parked, with 3 events"]},
    "/ops/parked": {"keys": [KEY], "quarantined": []},
}


def answer(request: httpx.Request) -> httpx.Response:
    if request.url.host == "gone":
        raise httpx.ConnectError("refused")
    assert request.headers["Authorization"] == OPERATOR["Authorization"]
    return httpx.Response(200, json=ANSWERS[request.url.path])


async def asked() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        yield http


@pytest.fixture
async def browser(service_database: Callable[[str], Awaitable[str]]) -> AsyncIterator[httpx.AsyncClient]:
    settings = OperationsSettings(
        database_url=await service_database("operations"),
        services={"reporting": "http://reporting", "meetings": "http://gone"},
        clients={"watch": ClientSettings(role=Role.OPERATOR), "import": ClientSettings(role=Role.INTEGRATOR)},
    )
    async with open_runtime(SERVICE, settings) as runtime:
        app = create_app(runtime, SERVICE.routers(runtime))
        app.state.tokens = ReadTokens()
        app.dependency_overrides[client] = asked
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://operations") as http:
            yield http


async def test_an_operator_sees_what_runs_and_what_is_held(browser: httpx.AsyncClient) -> None:
    page = await browser.get("/", headers=OPERATOR)
    assert page.status_code == 200
    for seen in ("cell-1", "UndecodableEvent", "Có dịch vụ cần xem lại", "does not answer (ConnectError)"):
        assert seen in page.text
    status = (await browser.get("/status", headers=OPERATOR)).json()
    assert [service["service"] for service in status["services"]] == ["reporting", "meetings"]
    assert status["held"][0]["key"] == "cell-1"


async def test_nobody_else_sees_it(browser: httpx.AsyncClient) -> None:
    for path in ("/", "/status"):
        assert (await browser.get(path)).status_code == 401
        other = await browser.get(path, headers={"Authorization": bearer(client_id="import")})
        assert other.status_code == 403
