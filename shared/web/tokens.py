"""Bearer tokens of any OIDC provider: signature by its JWKS (cached), issuer, audience, algorithm, time."""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable
from types import MappingProxyType
from typing import Any

import httpx
import structlog
from joserfc import jwt
from joserfc.errors import ExpiredTokenError, InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet, KeySetSerialization

from shared.web.problems import Refused

# Asymmetric only: with HS256 allowed, whoever knows the public key could sign.
ALGORITHMS = ("RS256", "ES256", "PS256", "EdDSA")
LEEWAY_SECONDS = 30
# Keys rotate: a key id that is not known is looked up again, but not more often than this.
REFRESH_SECONDS = 30
MAX_AGE_SECONDS = 3600
# Without any key there is nothing to lose by asking again soon, but not once for each request that waits.
RETRY_SECONDS = 1
# Of so many tokens the signature is looked at once only.
GENUINE = 10_000

log = structlog.get_logger(__name__)

FetchKeys = Callable[[], Awaitable[KeySetSerialization]]


class TokenRefused(Refused):
    """No token, or one that is expired, forged, or made by or for somebody else."""

    problem = "token-refused"
    status = 401
    headers = MappingProxyType({"WWW-Authenticate": 'Bearer error="invalid_token"'})


class IssuerUnavailable(Refused):
    """The issuer's keys were never fetched and cannot be fetched now."""

    problem = "issuer-unavailable"
    status = 503
    retry_after = 5


class Tokens:
    """Verifies tokens of one issuer for one audience. Keys come on first use and outlive the issuer's absence."""

    def __init__(self, issuer: str, audience: str, fetch_keys: FetchKeys, now: Callable[[], float] = time.time) -> None:
        self._fetch_keys = fetch_keys
        self._now = now
        self._keys: KeySet | None = None
        # Claims of tokens that these keys have signed, by the token's digest.
        self._genuine: dict[bytes, dict[str, Any]] = {}
        self._asked_at = float("-inf")
        self._fetching = asyncio.Lock()
        self._claims = jwt.JWTClaimsRegistry(
            now=lambda: int(now()),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
            sub={"essential": True},
        )

    async def verify(self, token: str) -> dict[str, Any]:
        """The claims of a genuine token; raises `TokenRefused` (401) or `IssuerUnavailable` (503)."""
        try:
            claims = await self._signed(token)
            self._claims.validate(claims)
        except ExpiredTokenError as error:
            raise TokenRefused("Phiên đăng nhập đã hết hạn; hãy đăng nhập lại.") from error
        except (JoseError, ValueError, TypeError) as error:  # TypeError: a header such as "crit": 5, looked into unseen
            raise TokenRefused("Mã truy cập không hợp lệ.") from error
        return dict(claims)

    async def _signed(self, token: str) -> dict[str, Any]:
        keys = await self._current_keys(older_than=MAX_AGE_SECONDS)
        digest = hashlib.sha256(token.encode()).digest()
        if digest not in self._genuine:
            claims = await self._decode(token, keys)
            if len(self._genuine) >= GENUINE:
                self._genuine.clear()
            self._genuine[digest] = claims
        return self._genuine[digest]

    async def _decode(self, token: str, keys: KeySet) -> dict[str, Any]:
        try:
            return jwt.decode(token, keys, algorithms=ALGORITHMS).claims
        except InvalidKeyIdError:
            keys = await self._current_keys(older_than=REFRESH_SECONDS)
            return jwt.decode(token, keys, algorithms=ALGORITHMS).claims

    async def _current_keys(self, *, older_than: float) -> KeySet:
        # Whoever has the key does not stand behind those who wait for an issuer that hangs.
        if self._keys is None or self._wanting(older_than):
            async with self._fetching:  # many requests that find no key ask the issuer once
                if self._wanting(older_than):
                    await self._refresh()
        if self._keys is None:
            raise IssuerUnavailable("Chưa lấy được khóa của nơi cấp mã truy cập; hãy thử lại.")
        return self._keys

    def _wanting(self, older_than: float) -> bool:
        return self._now() - self._asked_at > (RETRY_SECONDS if self._keys is None else older_than)

    async def _refresh(self) -> None:
        self._asked_at = self._now()
        try:
            self._keys = KeySet.import_key_set(await self._fetch_keys())
            self._genuine.clear()
        except (httpx.HTTPError, JoseError, ValueError, KeyError) as error:
            self._asked_at = self._now()
            log.warning("issuer_keys_not_fetched", error=repr(error), kept=self._keys is not None)


def keys_from(jwks_url: str) -> FetchKeys:
    """Fetches the key set of `jwks_url`."""

    async def fetch() -> KeySetSerialization:
        async with httpx.AsyncClient(timeout=5) as client:
            answer = await client.get(jwks_url)
            answer.raise_for_status()
            keys: KeySetSerialization = answer.json()
            return keys

    return fetch
