"""Requests through the front door as one token makes them, and what a refusal looks like."""

import base64
import json
from typing import Any
from uuid import uuid4

import httpx

from tests.e2e.conftest import Played


class Door:
    """The front door as somebody with one token (or none) sees it."""

    def __init__(self, played: Played, token: str) -> None:
        self._address = played.system.front_door
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def get(self, path: str, **query: Any) -> httpx.Response:
        return httpx.get(self._address + path, params=query, headers=self._headers, timeout=30)

    def post(
        self, path: str, body: Any = None, *, content: bytes | None = None, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """`content` instead of `body`: bytes that claim to be JSON."""
        given = {"Idempotency-Key": uuid4().hex, "Content-Type": "application/json", **(headers or {})}
        sent = json.dumps(body).encode() if content is None else content
        return httpx.post(self._address + path, content=sent, headers=self._headers | given, timeout=30)

    def upload(self, mapping: str, content: bytes) -> httpx.Response:
        """A file for a preview."""
        file = {"file": ("x.csv", content)}
        address = f"{self._address}/membership/imports"
        return httpx.post(address, files=file, data={"mapping": mapping}, headers=self._headers, timeout=30)


def refused(answer: httpx.Response, status: int, kind: str, *words: str) -> None:
    """The answer is a problem of this kind whose text has `words`."""
    problem = answer.json()
    assert (answer.status_code, problem["type"].rpartition(":")[2]) == (status, kind), answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    for word in words:
        assert word in problem["detail"]


def claims_of(token: str) -> dict[str, Any]:
    """What a token says, unverified."""
    part = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims


def part_of(claims: dict[str, Any]) -> str:
    """A part of a token, as its maker writes it."""
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
