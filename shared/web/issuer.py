"""A demo issuer of OIDC tokens, for loopback only: production uses any real provider (docs/adr/0030).

`python -m shared.web.issuer --folder .run/issuer --port 8107` serves its document and keys. No endpoint gives
tokens: whoever can read the key file signs them with `sign`, and may paste one at `/sign-in` to look at pages.
"""

import json
import os
import time
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import typer
import uvicorn
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import RSAKey

from shared.web import sign_in

ALGORITHM = "RS256"
AUDIENCE = "sinh-hoat-chi-bo"
HOUR = 3600


class NotLoopback(Exception):
    """A demo issuer that others can reach would be a way in."""


class DemoIssuer:
    """A key pair in `folder`, made on first use and readable by its owner alone."""

    def __init__(self, folder: Path, issuer: str) -> None:
        self.issuer = issuer
        self._key = _key(folder / "key.json")

    def sign(self, claims: dict[str, Any], *, seconds: int = HOUR, audience: str = AUDIENCE) -> str:
        """A token with `claims` (`sub` and one of office_id, member_id, client_id), valid for `seconds`."""
        now = int(time.time())
        stamped = {"iss": self.issuer, "aud": audience, "iat": now, "exp": now + seconds, "jti": str(uuid4())}
        return jwt.encode({"alg": ALGORITHM, "kid": self._key.kid}, {**stamped, **claims}, self._key)

    def for_office(self, office_id: object, *, seconds: int = HOUR) -> str:
        """A token of the holder of an office."""
        return self.sign({"sub": f"office:{office_id}", "office_id": str(office_id)}, seconds=seconds)

    def for_member(self, member_id: object, *, seconds: int = HOUR) -> str:
        """A token of a member."""
        return self.sign({"sub": f"member:{member_id}", "member_id": str(member_id)}, seconds=seconds)

    def for_client(self, client_id: str, *, seconds: int = HOUR) -> str:
        """A token of a registered machine or operator."""
        return self.sign({"sub": f"client:{client_id}", "client_id": client_id}, seconds=seconds)

    def jwks(self) -> dict[str, Any]:
        """The public half, as a key set."""
        return {"keys": [self._key.as_dict(private=False)]}


def issuer_app(issuer: DemoIssuer) -> FastAPI:
    """The two documents that a service reads from an OIDC provider."""
    app = FastAPI(title="Demo issuer", docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/.well-known/openid-configuration")
    async def configuration() -> dict[str, Any]:
        return {
            "issuer": issuer.issuer,
            "jwks_uri": f"{issuer.issuer}/jwks.json",
            "id_token_signing_alg_values_supported": [ALGORITHM],
            "response_types_supported": [],
            "subject_types_supported": ["public"],
        }

    @app.get("/jwks.json")
    async def keys() -> dict[str, Any]:
        return issuer.jwks()

    @app.get("/health/ready")
    async def ready() -> dict[str, bool]:
        return {"ok": True}

    app.include_router(sign_in.router)
    return app


def _key(path: Path) -> RSAKey:
    if path.exists():
        return RSAKey.import_key(json.loads(path.read_text()))
    key = RSAKey.generate_key(2048, {"use": "sig", "alg": ALGORITHM, "kid": uuid4().hex})
    path.parent.mkdir(parents=True, exist_ok=True)
    # Created for the owner alone, and not opened up for a moment first.
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(key.as_dict(private=True), file)
    return key


def serve(
    folder: Annotated[Path, typer.Option(help="where the key pair is kept")],
    port: Annotated[int, typer.Option(help="port on loopback")],
    host: Annotated[str, typer.Option(help="a loopback address")] = "127.0.0.1",
    issuer: Annotated[str | None, typer.Option(help="issuer name in tokens; default: its own address")] = None,
) -> None:
    """Serves the demo issuer's documents."""
    if not ip_address(host).is_loopback:
        raise NotLoopback(f"the demo issuer listens on loopback only, not on {host}")
    app = issuer_app(DemoIssuer(folder, issuer or f"http://{host}:{port}"))
    uvicorn.run(app, host=host, port=port, log_level="warning")


if __name__ == "__main__":
    typer.run(serve)
