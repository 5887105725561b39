"""Who logs in began it in this browser, comes back to a page of ours, and logs out of both ends."""

from collections.abc import AsyncIterator, Mapping
from http.cookies import SimpleCookie
from types import SimpleNamespace
from typing import Annotated
from urllib.parse import parse_qsl, urlsplit

import httpx
import httpx2
import pytest
from fastapi import Depends, FastAPI
from itsdangerous import URLSafeTimedSerializer
from pydantic import SecretStr

from shared.web import problems
from shared.web.identity import access_token
from shared.web.login import Login
from shared.web.pages import TOKEN_COOKIE
from shared.web.requests import Requests
from tests.unit.web.provider import CLIENT, ISSUER, SECRET, TOKEN, Provider

DOOR = "https://door.example"
PAGE = "/reporting/page?month=2026-03"
HTML = {"Accept": "text/html"}
OURS = {"Sec-Fetch-Site": "same-origin"}


def service(provider: Provider, client_id: str | None = CLIENT, front_door: str = DOOR) -> FastAPI:
    """A page and a command that want a token, and the login."""
    app = FastAPI()
    settings = SimpleNamespace(oidc_client_id=client_id, oidc_issuer=ISSUER)
    app.state.runtime = SimpleNamespace(settings=settings)
    problems.install(app)
    app.add_middleware(Requests, service="reporting", log_id="reporting", root_path="/reporting")

    @app.api_route("/page", methods=["GET", "POST"])
    async def page(token: Annotated[str, Depends(access_token)]) -> str:
        return token

    transport = httpx2.MockTransport(provider.answer)
    app.include_router(Login(ISSUER, CLIENT, SecretStr(SECRET), front_door, transport).router)
    return app


def at_the_door(app: FastAPI, address: str = DOOR) -> httpx.AsyncClient:
    """A browser: it keeps cookies. The front door takes the prefix off."""

    async def ask(request: httpx.Request) -> None:
        request.url = request.url.copy_with(path=request.url.path.removeprefix("/reporting"))

    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url=address, headers=HTML, event_hooks={"request": [ask]}
    )


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
async def browser(provider: Provider) -> AsyncIterator[httpx.AsyncClient]:
    async with at_the_door(service(provider)) as browser:
        yield browser


async def begin(browser: httpx.AsyncClient, provider: Provider, page: str = PAGE) -> dict[str, str]:
    """What the provider sends the browser back with."""
    to_login = await browser.get(page)
    assert to_login.status_code == 303, to_login.text
    to_provider = await browser.get(to_login.headers["Location"])
    return provider.authorize(to_provider.headers["Location"])


async def end(browser: httpx.AsyncClient, answer: Mapping[str, str]) -> httpx.Response:
    return await browser.get("/reporting/login/done", params=dict(answer))


def cookies(answer: httpx.Response) -> SimpleCookie:
    kept = SimpleCookie()
    for line in answer.headers.get_list("Set-Cookie"):
        kept.load(line)
    return kept


async def test_a_page_that_wants_a_login_is_shown_after_it(browser: httpx.AsyncClient, provider: Provider) -> None:
    back = await end(browser, await begin(browser, provider))
    assert (back.status_code, back.headers["Location"]) == (303, DOOR + PAGE)
    assert (await browser.get(PAGE)).json() == TOKEN


async def test_no_script_no_other_site_and_no_clear_connection_gets_a_cookie(
    browser: httpx.AsyncClient, provider: Provider
) -> None:
    to_provider = await browser.get("/reporting/login")
    back = await end(browser, provider.authorize(to_provider.headers["Location"]))
    set_at_either = [*cookies(to_provider).values(), *cookies(back).values()]
    assert len(set_at_either) == 5
    assert all(cookie["httponly"] and cookie["secure"] and cookie["samesite"] == "lax" for cookie in set_at_either)
    paths = {cookie.key: cookie["path"] for cookie in cookies(back).values()}
    assert (paths[TOKEN_COOKIE], paths["id_token"]) == ("/", "/reporting/logout")


async def test_a_front_door_in_clear_gets_its_cookies_back(provider: Provider) -> None:
    clear = "http://127.0.0.1:8080"
    async with at_the_door(service(provider, front_door=clear), clear) as browser:
        await end(browser, await begin(browser, provider))
        assert (await browser.get(PAGE)).json() == TOKEN


@pytest.mark.parametrize(
    "foreign",
    ["//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example", "@evil.example", "", "/%0d\n"],
)
async def test_nobody_is_led_to_another_site_after_a_login(browser: httpx.AsyncClient, foreign: str) -> None:
    answer = await browser.get("/reporting/login", params={"next": foreign})
    assert answer.status_code == 422
    assert "Location" not in answer.headers


async def test_an_answer_that_another_browser_asked_for_logs_nobody_in(
    browser: httpx.AsyncClient, provider: Provider
) -> None:
    of_another = await begin(browser, provider)
    async with at_the_door(service(provider)) as victim:
        await begin(victim, provider)
        refused = await end(victim, of_another)
    assert (refused.status_code, TOKEN_COOKIE in cookies(refused)) == (403, False)


@pytest.mark.parametrize("state", ["", "another", None])
async def test_an_answer_without_the_right_state_logs_nobody_in(
    browser: httpx.AsyncClient, provider: Provider, state: str | None
) -> None:
    answer = await begin(browser, provider) | {"state": state}
    refused = await end(browser, {name: value for name, value in answer.items() if value is not None})
    assert (refused.status_code, TOKEN_COOKIE in cookies(refused)) == (403, False)


async def test_a_login_that_somebody_else_signed_is_none(browser: httpx.AsyncClient, provider: Provider) -> None:
    answer = await begin(browser, provider)
    begun = f"login-{answer['state']}"
    genuine = URLSafeTimedSerializer(SECRET, salt="login").loads(browser.cookies[begun])
    browser.cookies.clear()
    forged = URLSafeTimedSerializer("a guess", salt="login").dumps(genuine)
    refused = await browser.get("/reporting/login/done", params=answer, headers={"Cookie": f"{begun}={forged}"})
    assert refused.status_code == 403


async def test_an_answer_is_taken_once(browser: httpx.AsyncClient, provider: Provider) -> None:
    answer = await begin(browser, provider)
    begun = {"Cookie": f"login-{answer['state']}={browser.cookies['login-' + answer['state']]}"}
    assert (await end(browser, answer)).status_code == 303
    assert (await end(browser, answer)).status_code == 403
    # Who kept the cookie finds the code used up.
    assert (await browser.get("/reporting/login/done", params=answer, headers=begun)).status_code == 403


async def test_two_tabs_may_log_in_at_once(browser: httpx.AsyncClient, provider: Provider) -> None:
    first = await begin(browser, provider)
    second = await begin(browser, provider, "/reporting/page?second")
    assert (await end(browser, first)).headers["Location"] == DOOR + PAGE
    assert (await end(browser, second)).headers["Location"] == f"{DOOR}/reporting/page?second"


@pytest.mark.parametrize(
    "claims", [{"nonce": "another"}, {"nonce": None}, {"iss": "https://other"}, {"aud": "other"}, {"exp": 1}, None]
)
async def test_an_id_token_of_another_login_client_or_provider_logs_nobody_in(
    browser: httpx.AsyncClient, provider: Provider, claims: dict[str, object] | None
) -> None:
    provider.id_token = claims
    refused = await end(browser, await begin(browser, provider))
    assert (refused.status_code, TOKEN_COOKIE in cookies(refused)) == (403, False)


async def test_whom_the_provider_turns_away_gets_a_page(browser: httpx.AsyncClient, provider: Provider) -> None:
    state = (await begin(browser, provider))["state"]
    refused = await end(browser, {"error": "access_denied", "state": state})
    assert (refused.status_code, "Chưa đăng nhập được" in refused.text) == (403, True)


async def test_a_provider_that_is_away_is_said_so(browser: httpx.AsyncClient, provider: Provider) -> None:
    provider.away = True
    answer = await browser.get("/reporting/login")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


async def test_a_form_and_a_program_are_never_led_away(browser: httpx.AsyncClient) -> None:
    form = await browser.post(PAGE, headers=OURS)
    program = await browser.get(PAGE, headers={"Accept": "application/json"})
    with_a_token = await browser.get(PAGE, headers={"Authorization": "Basic x"})
    assert [answer.status_code for answer in (form, program, with_a_token)] == [401, 401, 401]
    assert 'href="/reporting/login?next=%2F"' in form.text


async def test_a_service_that_refuses_the_new_token_does_not_send_the_browser_round(
    browser: httpx.AsyncClient, provider: Provider
) -> None:
    await end(browser, await begin(browser, provider))
    browser.cookies.delete(TOKEN_COOKIE)
    answer = await browser.get(PAGE)
    assert answer.status_code == 401
    assert 'href="/reporting/login?next=%2Freporting%2Fpage%3Fmonth%3D2026-03"' in answer.text


async def test_a_path_that_is_too_long_to_remember_leads_home(browser: httpx.AsyncClient, provider: Provider) -> None:
    back = await end(browser, await begin(browser, provider, f"/reporting/page?{'x' * 2000}"))
    assert back.headers["Location"] == f"{DOOR}/"


async def test_without_a_client_at_the_provider_nobody_is_led_to_it(provider: Provider) -> None:
    async with at_the_door(service(provider, client_id=None)) as browser:
        answer = await browser.get(PAGE)
    assert answer.status_code == 401
    assert "/login" not in answer.text


async def test_logging_out_forgets_the_tokens_and_leads_to_the_providers_end(
    browser: httpx.AsyncClient, provider: Provider
) -> None:
    await end(browser, await begin(browser, provider))
    id_token = browser.cookies["id_token"]
    answer = await browser.post("/reporting/logout", headers=OURS)
    address = answer.headers["Refresh"].removeprefix("0; url=")
    asked = dict(parse_qsl(urlsplit(address).query))
    assert address.startswith(f"{ISSUER}/end?")
    assert (asked["id_token_hint"], asked["post_logout_redirect_uri"]) == (id_token, f"{DOOR}/")
    assert not browser.cookies
    assert (await browser.get(PAGE)).status_code == 303


@pytest.mark.parametrize("site", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {}])
async def test_another_site_cannot_log_somebody_out(
    browser: httpx.AsyncClient, provider: Provider, site: dict[str, str]
) -> None:
    await end(browser, await begin(browser, provider))
    answer = await browser.post("/reporting/logout", headers=site)
    assert answer.status_code == 403
    assert (await browser.get(PAGE)).json() == TOKEN


@pytest.mark.parametrize("knows_no_end", [True, False])
async def test_a_provider_that_does_not_end_its_session_is_said_so(
    browser: httpx.AsyncClient, provider: Provider, *, knows_no_end: bool
) -> None:
    provider.end_session, provider.away = not knows_no_end, not knows_no_end
    answer = await browser.post("/reporting/logout", headers={**OURS, "Cookie": "token=x"})
    assert "hãy đóng trình duyệt" in answer.text
    assert cookies(answer)[TOKEN_COOKIE]["max-age"] == "0"
