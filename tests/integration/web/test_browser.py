"""A browser carries the token in a cookie: for reading, never for writing."""

import httpx
import pytest

from shared.contracts.membership import OfficeRole
from shared.web.issuer import issuer_app
from tests.fixtures.province import CELL_1, Membership, identifier, office
from tests.integration.web.conftest import Client

NOTE = f"/notes/{CELL_1}"


async def token_of_a_secretary(client: Client, membership: Membership) -> str:
    await membership.tell(office("secretary 1", CELL_1, OfficeRole.SECRETARY))
    return client.issuer.for_office(identifier("secretary 1"))


async def test_a_cookie_is_enough_to_read(client: Client, membership: Membership) -> None:
    cookie = {"Cookie": f"token={await token_of_a_secretary(client, membership)}"}
    assert (await client.get(NOTE, None, cookie)).status_code == 200


async def test_a_cookie_is_never_enough_to_write(client: Client, membership: Membership) -> None:
    token = await token_of_a_secretary(client, membership)
    assert (await client.post(f"{NOTE}?number=1", None, {"Cookie": f"token={token}"})).status_code == 401
    assert (await client.post(f"{NOTE}?number=1", token)).status_code == 200


async def test_a_bad_cookie_is_refused(client: Client, membership: Membership) -> None:
    await token_of_a_secretary(client, membership)
    assert (await client.get(NOTE, None, {"Cookie": "token=nonsense"})).status_code == 401


async def test_signing_in_puts_the_token_where_no_script_reads_it(client: Client) -> None:
    transport = httpx.ASGITransport(issuer_app(client.issuer))
    async with httpx.AsyncClient(transport=transport, base_url="http://issuer") as browser:
        form = await browser.get("/sign-in")
        assert 'action="sign-in"' in form.text
        answer = await browser.post("/sign-in", data={"token": " a.b-c_d.e \n"})
        assert (answer.status_code, answer.headers["Location"]) == (303, "/")
        kept = answer.headers["Set-Cookie"]
        assert kept.startswith("token=a.b-c_d.e;")
        assert "HttpOnly" in kept
        assert "SameSite=lax" in kept


@pytest.mark.parametrize("pasted", ['"a.b-c_d.e",', ' "a.b-c_d.e"\r\n'])
async def test_a_token_may_be_pasted_with_the_quotes_of_its_file(client: Client, pasted: str) -> None:
    transport = httpx.ASGITransport(issuer_app(client.issuer))
    async with httpx.AsyncClient(transport=transport, base_url="http://issuer") as browser:
        answer = await browser.post("/sign-in", data={"token": pasted})
        assert answer.headers["Set-Cookie"].startswith("token=a.b-c_d.e;")


@pytest.mark.parametrize("pasted", ["", "a; Path=/x", "ã"])
async def test_what_is_no_token_brings_the_form_again_with_what_to_do(client: Client, pasted: str) -> None:
    transport = httpx.ASGITransport(issuer_app(client.issuer))
    async with httpx.AsyncClient(transport=transport, base_url="http://issuer") as browser:
        answer = await browser.post("/sign-in", data={"token": pasted})
        assert (answer.status_code, answer.headers["Content-Type"]) == (422, "text/html; charset=utf-8")
        assert "sao chép trọn phần giữa" in answer.text
        assert "Set-Cookie" not in answer.headers


async def test_signing_out_forgets_the_token_in_the_browser_that_has_one(client: Client) -> None:
    transport = httpx.ASGITransport(issuer_app(client.issuer))
    async with httpx.AsyncClient(transport=transport, base_url="http://issuer") as browser:
        answer = await browser.post("/sign-out", headers={"Cookie": "token=a.b.c"})
        assert (answer.status_code, answer.headers["Location"]) == (303, "sign-in")
        assert answer.headers["Set-Cookie"].startswith('token=""; ')
        assert "Max-Age=0; Path=/" in answer.headers["Set-Cookie"]
        assert "Set-Cookie" not in (await browser.post("/sign-out")).headers


async def test_pages_lead_out_who_is_signed_in_and_nobody_else(client: Client) -> None:
    html = {"Accept": "text/html"}
    signed_in = await client.get(NOTE, None, {**html, "Cookie": "token=nonsense"})
    assert '<form method="post" action="/issuer/sign-out"><button>Đăng xuất</button></form>' in signed_in.text
    english = await client.get(f"{NOTE}?lang=en", None, {**html, "Cookie": "token=nonsense"})
    assert "<button>Sign out</button>" in english.text
    assert "sign-out" not in (await client.get(NOTE, None, html)).text


async def test_a_browser_sees_a_page_with_the_way_to_sign_in(client: Client) -> None:
    answer = await client.get(NOTE, None, {"Accept": "text/html,*/*"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (401, "text/html; charset=utf-8")
    assert 'href="/issuer/sign-in"' in answer.text
    assert "Cần đăng nhập" in answer.text


async def test_a_program_gets_json(client: Client) -> None:
    answer = await client.get(NOTE, None, {"Accept": "*/*"})
    assert answer.headers["Content-Type"] == "application/problem+json"
