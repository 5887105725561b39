"""What Keycloak's tokens say, how long they hold, and which are refused."""

import httpx
import pytest
from playwright.sync_api import Page, expect

from shared.web.pages import TOKEN_COOKIE
from tests.e2e.asking import claims_of, part_of
from tests.fixtures.waiting import until
from tests.oidc.conftest import CLIENT, MACHINE, PASSWORD, Province, cookie, forget_token, month

pytestmark = [pytest.mark.oidc, pytest.mark.timeout(1200)]


def reads(province: Province, path: str, token: str) -> int:
    answer = httpx.get(province.door + path, headers={"Authorization": f"Bearer {token}"}, timeout=60)
    return answer.status_code


def token_of(page: Page) -> str:
    token = cookie(page, TOKEN_COOKIE)
    assert token
    return token


def another_token(page: Page, path: str) -> str:
    """One more from the provider's session, as after the old one has been lost."""
    forget_token(page)
    page.goto(path)
    return token_of(page)


def test_a_person_is_no_machine_whatever_client_they_came_by(secretary: Page) -> None:
    claims = claims_of(token_of(secretary))
    assert (claims["azp"], claims["aud"]) == (CLIENT, "sinh-hoat-chi-bo")
    assert "office_id" in claims
    assert not {"client_id", "realm_access", "resource_access", "email", "name"} & claims.keys()


def test_the_token_that_says_who_logged_in_opens_nothing(secretary: Page, province: Province) -> None:
    [id_token] = [
        kept.get("value", "")
        for kept in secretary.context.cookies(f"{province.door}/reporting/logout")
        if kept.get("name") == "id_token"
    ]
    assert claims_of(id_token)["aud"] == CLIENT
    assert reads(province, month(province.cells[0]), id_token) == 401


def test_a_machine_with_a_secret_is_the_registered_client(province: Province) -> None:
    token = province.keycloak.machine_token(MACHINE)
    assert claims_of(token)["client_id"] == MACHINE
    assert reads(province, "/membership/offices", token) == 200
    assert reads(province, "/operations/status", token) == 403


def test_a_token_for_another_system_is_refused(province: Province) -> None:
    [client] = province.keycloak.ask("GET", f"/clients?clientId={MACHINE}")
    [audience] = [mapper for mapper in client["protocolMappers"] if mapper["name"] == "audience"]
    path = f"/clients/{client['id']}/protocol-mappers/models/{audience['id']}"
    another = {"included.custom.audience": "another-system"}
    province.keycloak.ask("PUT", path, audience | {"config": audience["config"] | another})
    try:
        token = province.keycloak.machine_token(MACHINE)
    finally:
        province.keycloak.ask("PUT", path, audience)
    assert (claims_of(token)["aud"], claims_of(token)["client_id"]) == ("another-system", MACHINE)
    assert reads(province, "/membership/offices", token) == 401


def test_nobody_gives_another_office_to_their_own_account(province: Province) -> None:
    somebody = province.account("tu-sua", office_id="00000000-0000-0000-0000-000000000001")
    own_token = {"Authorization": f"Bearer {province.keycloak.person_token(somebody, PASSWORD)}"}
    account = f"{province.keycloak.issuer}/account/"
    for claim in ("office_id", "member_id", "client_id"):
        changed = {"username": somebody, "attributes": {claim: ["van-hanh"]}}
        answer = httpx.post(account, json=changed, headers=own_token | {"Accept": "application/json"}, timeout=60)
        assert answer.status_code == 400
        assert "read-only" in answer.text


def test_an_expired_token_is_renewed_and_nobody_sees_it(secretary: Page, province: Province) -> None:
    page = month(province.cells[0])
    province.keycloak.ask("PUT", "", {"accessTokenLifespan": 1})
    try:
        short = another_token(secretary, page)
    finally:
        province.keycloak.ask("PUT", "", {"accessTokenLifespan": 900})
    until(lambda: reads(province, page, short) == 401, "the token expires", seconds=120)
    assert token_of(secretary) == short
    secretary.goto(page)
    expect(secretary.get_by_role("heading", level=1)).to_contain_text(province.cells[0].name)
    assert token_of(secretary) != short


def test_keys_rotate_while_services_run(secretary: Page, province: Province) -> None:
    keycloak, page = province.keycloak, month(province.cells[0])
    old = token_of(secretary)
    [first] = keycloak.ask("GET", "/components?type=org.keycloak.keys.KeyProvider&name=rsa-generated")
    second = {"name": "rsa-second", "providerId": "rsa-generated", "providerType": first["providerType"]}
    keycloak.ask("POST", "/components", second | {"config": {"priority": ["200"], "algorithm": ["RS256"]}})
    new = another_token(secretary, page)
    assert new.split(".")[0] != old.split(".")[0]  # the header names the key
    until(lambda: reads(province, page, new) == 200, "the new key is fetched", seconds=60)
    assert reads(province, page, old) == 200  # its key is still published
    keycloak.ask("DELETE", f"/components/{first['id']}")
    until(lambda: _refused(province, page, old), "the keys are fetched anew", seconds=90)
    assert reads(province, page, new) == 200


def _refused(province: Province, page: str, token: str) -> bool:
    """A key that it does not know makes a service fetch them anew; otherwise it does within the hour."""
    strange = part_of({"alg": "RS256", "kid": "strange"})
    reads(province, page, f"{strange}.{token.partition('.')[2]}")
    return reads(province, page, token) == 401
