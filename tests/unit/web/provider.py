"""An identity provider that never leaves the process: what RFC 6749, 7636 (PKCE) and OpenID Connect ask of one."""

import base64
import hashlib
import secrets
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx2
from joserfc import jwt
from joserfc.jwk import RSAKey

ISSUER = "https://provider.example/realms/tinh"
CLIENT, SECRET = "web", "a secret of this test"
TOKEN = "an.access.token"
KEY = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256", "kid": "one"})


@dataclass
class Provider:
    """`id_token`: claims that win over the right ones; None means that there is none. `away`: it does not answer."""

    id_token: dict[str, Any] | None = field(default_factory=dict)
    away: bool = False
    end_session: bool = True
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def authorize(self, address: str) -> dict[str, str]:
        """The person logs in at `address`: the query with which the browser is sent back."""
        asked = dict(parse_qsl(urlsplit(address).query))
        assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
        code = secrets.token_urlsafe()
        self._codes[code] = asked
        return {"code": code, "state": asked["state"]}

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        """What its addresses say to a program."""
        if self.away:
            raise httpx2.ConnectError("nobody there")
        match request.url.path.removeprefix("/realms/tinh"):
            case "/.well-known/openid-configuration":
                return httpx2.Response(200, json=self._document())
            case "/jwks":
                return httpx2.Response(200, json={"keys": [KEY.as_dict(private=False)]})
            case _:
                return self._token(request)

    def _document(self) -> dict[str, Any]:
        addresses = {"authorization_endpoint": "/auth", "token_endpoint": "/token", "jwks_uri": "/jwks"}
        addresses |= {"end_session_endpoint": "/end"} if self.end_session else {}
        return {"issuer": ISSUER} | {name: ISSUER + path for name, path in addresses.items()}

    def _token(self, request: httpx2.Request) -> httpx2.Response:
        given = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        asked = self._codes.pop(given["code"], None)
        client = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        proof = base64.urlsafe_b64encode(hashlib.sha256(given.get("code_verifier", "").encode()).digest())
        if (
            asked is None
            or request.headers["Authorization"] != f"Basic {client}"
            or asked["redirect_uri"] != given["redirect_uri"]
            or asked["code_challenge"] != proof.decode().rstrip("=")
        ):
            return httpx2.Response(400, json={"error": "invalid_grant"})
        answer = {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 900}
        if self.id_token is not None:
            answer["id_token"] = self._signed({"nonce": asked["nonce"]} | self.id_token)
        return httpx2.Response(200, json=answer)

    def _signed(self, claims: dict[str, Any]) -> str:
        now = int(time.time())
        right = {"iss": ISSUER, "aud": CLIENT, "sub": "somebody", "iat": now, "exp": now + 300}
        return jwt.encode({"alg": "RS256", "kid": KEY.kid}, right | claims, KEY)
