"""Which tokens are believed."""

import asyncio
import base64
import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySetSerialization, OctKey, RSAKey

from shared.web.issuer import DemoIssuer
from shared.web.tokens import IssuerUnavailable, TokenRefused, Tokens

ISSUER = "http://issuer.test"
AUDIENCE = "sinh-hoat-chi-bo"
CLAIMS = {"sub": "office:1", "office_id": "1"}
DAY = 86_400  # longer than any run of the suite, which reads the clock once, when it is collected


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> DemoIssuer:
    return DemoIssuer(tmp_path_factory.mktemp("issuer"), ISSUER)


class Keys:
    """A JWKS endpoint that counts, and can be away."""

    def __init__(self, *issuers: DemoIssuer) -> None:
        self.issuers = issuers
        self.asked = 0
        self.away = False

    async def __call__(self) -> KeySetSerialization:
        self.asked += 1
        if self.away:
            raise httpx.ConnectError("away")
        return {"keys": [key for issuer in self.issuers for key in issuer.jwks()["keys"]]}


class Clock:
    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def tokens(issuer: DemoIssuer) -> Tokens:
    return Tokens(ISSUER, AUDIENCE, Keys(issuer))


async def test_believes_a_genuine_token(issuer: DemoIssuer, tokens: Tokens) -> None:
    claims = await tokens.verify(issuer.sign(CLAIMS))
    assert claims["office_id"] == "1"


async def test_believes_an_audience_in_a_list(issuer: DemoIssuer, tokens: Tokens) -> None:
    assert await tokens.verify(issuer.sign({**CLAIMS, "aud": ["another", AUDIENCE]}))


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"exp": int(time.time()) - 120}, id="expired"),
        pytest.param({"nbf": int(time.time()) + DAY}, id="not yet valid"),
        pytest.param({"iat": int(time.time()) + DAY}, id="issued in the future"),
        pytest.param({"iss": "http://somebody.else"}, id="of another issuer"),
        pytest.param({"aud": "another-system"}, id="for another audience"),
        pytest.param({"sub": None}, id="without subject"),
        pytest.param({"exp": "tomorrow"}, id="with a time that is no number"),
    ],
)
async def test_refuses_a_token(issuer: DemoIssuer, tokens: Tokens, changed: dict[str, Any]) -> None:
    with pytest.raises(TokenRefused):
        await tokens.verify(issuer.sign({**CLAIMS, **changed}))


@pytest.mark.parametrize("missing", ["iss", "aud", "exp", "sub"])
async def test_refuses_a_token_without_a_claim_that_must_be_there(
    issuer: DemoIssuer, tokens: Tokens, missing: str
) -> None:
    claims = await tokens.verify(issuer.sign(CLAIMS))
    del claims[missing]
    key = issuer._key
    with pytest.raises(TokenRefused):
        await tokens.verify(jwt.encode({"alg": "RS256", "kid": key.kid}, claims, key))


async def test_refuses_a_token_signed_by_another_key_under_the_same_key_id(issuer: DemoIssuer, tokens: Tokens) -> None:
    claims = await tokens.verify(issuer.sign(CLAIMS))
    forged = RSAKey.generate_key(2048, {"kid": issuer._key.kid or "", "use": "sig", "alg": "RS256"})
    with pytest.raises(TokenRefused):
        await tokens.verify(jwt.encode({"alg": "RS256", "kid": issuer._key.kid}, claims, forged))


async def test_refuses_a_token_that_was_changed_after_signing(issuer: DemoIssuer, tokens: Tokens) -> None:
    header, _, signature = issuer.sign(CLAIMS).split(".")
    _, other_claims, _ = issuer.sign({**CLAIMS, "office_id": "2"}).split(".")
    with pytest.raises(TokenRefused):
        await tokens.verify(f"{header}.{other_claims}.{signature}")


async def test_refuses_symmetric_signatures_made_with_the_public_key(issuer: DemoIssuer, tokens: Tokens) -> None:
    claims = await tokens.verify(issuer.sign(CLAIMS))
    public = OctKey.import_key(issuer._key.as_bytes(private=False).hex())
    with pytest.raises(TokenRefused):
        await tokens.verify(jwt.encode({"alg": "HS256", "kid": issuer._key.kid}, claims, public, algorithms=["HS256"]))


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.", "ữ.ữ.ữ"])
async def test_refuses_what_is_no_token(tokens: Tokens, token: str) -> None:
    with pytest.raises(TokenRefused):
        await tokens.verify(token)


@pytest.mark.parametrize("extra", [{"crit": 5}, {"kid": []}, {"kid": {}}, {"alg": 5}, {"b64": False, "crit": ["b64"]}])
async def test_refuses_a_header_of_odd_types(issuer: DemoIssuer, tokens: Tokens, extra: dict[str, Any]) -> None:
    _, claims, signature = issuer.sign(CLAIMS).split(".")
    odd = json.dumps({"alg": "RS256", "kid": issuer._key.kid, **extra}).encode()
    with pytest.raises(TokenRefused):
        await tokens.verify(f"{base64.urlsafe_b64encode(odd).decode().rstrip('=')}.{claims}.{signature}")


async def test_fetches_keys_once_and_again_for_an_unknown_key_but_not_for_every_forgery(
    issuer: DemoIssuer, tmp_path: Path
) -> None:
    rotated = DemoIssuer(tmp_path, ISSUER)
    keys, clock = Keys(issuer), Clock()
    tokens = Tokens(ISSUER, AUDIENCE, keys, clock)
    await tokens.verify(issuer.sign(CLAIMS))
    await tokens.verify(issuer.sign(CLAIMS))
    assert keys.asked == 1
    keys.issuers = (rotated,)
    with pytest.raises(TokenRefused):
        await tokens.verify(rotated.sign(CLAIMS))
    assert keys.asked == 1
    clock.now += 31
    assert await tokens.verify(rotated.sign(CLAIMS))
    assert keys.asked == 2


async def test_keeps_believing_known_keys_while_the_issuer_is_away(issuer: DemoIssuer) -> None:
    keys, clock = Keys(issuer), Clock()
    tokens = Tokens(ISSUER, AUDIENCE, keys, clock)
    await tokens.verify(issuer.sign(CLAIMS))
    keys.away = True
    clock.now += 2 * 3600
    assert await tokens.verify(issuer.sign(CLAIMS, seconds=4 * 3600))


async def test_looks_at_a_signature_once_and_at_the_times_always(
    issuer: DemoIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, decode, looked_at = Clock(), jwt.decode, list[str]()

    def counting(token: str, *others: Any, **options: Any) -> jwt.Token:
        looked_at.append(token)
        return decode(token, *others, **options)

    monkeypatch.setattr(jwt, "decode", counting)
    tokens = Tokens(ISSUER, AUDIENCE, Keys(issuer), clock)
    token = issuer.sign(CLAIMS, seconds=60)
    assert await tokens.verify(token) == await tokens.verify(token)
    assert looked_at == [token]
    clock.now += 120
    with pytest.raises(TokenRefused, match="hết hạn"):
        await tokens.verify(token)


async def test_a_token_that_was_believed_goes_with_its_key(issuer: DemoIssuer, tmp_path: Path) -> None:
    keys, clock = Keys(issuer), Clock()
    tokens = Tokens(ISSUER, AUDIENCE, keys, clock)
    token = issuer.sign(CLAIMS, seconds=4 * 3600)
    await tokens.verify(token)
    keys.issuers = (DemoIssuer(tmp_path, ISSUER),)
    clock.now += 2 * 3600
    with pytest.raises(TokenRefused):
        await tokens.verify(token)


async def test_those_who_come_while_the_first_keys_are_fetched_wait_for_them(issuer: DemoIssuer) -> None:
    keys = Keys(issuer)

    async def fetch() -> KeySetSerialization:
        await asyncio.sleep(0)
        return await keys()

    tokens = Tokens(ISSUER, AUDIENCE, fetch)
    assert all(await asyncio.gather(*(tokens.verify(issuer.sign(CLAIMS)) for _ in range(3))))
    assert keys.asked == 1


async def test_says_that_the_issuer_is_away_when_it_never_answered(issuer: DemoIssuer) -> None:
    keys = Keys(issuer)
    keys.away = True
    with pytest.raises(IssuerUnavailable):
        await Tokens(ISSUER, AUDIENCE, keys).verify(issuer.sign(CLAIMS))


async def test_who_has_the_key_does_not_wait_behind_an_issuer_that_hangs(issuer: DemoIssuer, tmp_path: Path) -> None:
    answers, hanging = Keys(issuer), asyncio.Event()

    async def fetch() -> KeySetSerialization:
        if answers.asked:
            await hanging.wait()
        return await answers()

    clock = Clock()
    tokens = Tokens(ISSUER, AUDIENCE, fetch, clock)
    await tokens.verify(issuer.sign(CLAIMS))
    clock.now += 31
    unknown = asyncio.create_task(tokens.verify(DemoIssuer(tmp_path, ISSUER).sign(CLAIMS)))
    await asyncio.sleep(0)
    known = await asyncio.wait_for(tokens.verify(issuer.sign(CLAIMS)), timeout=5)
    hanging.set()
    assert known["office_id"] == "1"
    with pytest.raises(TokenRefused):
        await unknown


async def test_asks_an_issuer_that_is_away_once_for_all_who_wait(issuer: DemoIssuer) -> None:
    keys, clock = Keys(issuer), Clock()
    tokens = Tokens(ISSUER, AUDIENCE, keys, clock)
    keys.away = True
    for _ in range(3):
        with pytest.raises(IssuerUnavailable):
            await tokens.verify(issuer.sign(CLAIMS))
    assert keys.asked == 1
    keys.away = False
    clock.now += 2
    assert await tokens.verify(issuer.sign(CLAIMS))


def test_keeps_the_key_for_its_owner_alone(tmp_path: Path) -> None:
    first = DemoIssuer(tmp_path, ISSUER)
    assert (tmp_path / "key.json").stat().st_mode & 0o077 == 0
    assert DemoIssuer(tmp_path, ISSUER).jwks() == first.jwks()
