"""A client of the front door, as an app of a province would write one: tokens, idempotency keys, polite repetition."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

import httpx

PATIENCE_SECONDS = 300.0  # a service that learns of a whole province is behind for a while
ANSWER_SECONDS = 60.0
IMPORT_SECONDS = 1800.0  # a province's file on a busy machine; asking again would only compare it a second time
PAUSE_SECONDS = 0.2
AGAIN_LATER = frozenset({502, 503, 504})


class Refused(Exception):
    """The system refused what the demo does: a defect of one of the two. The text has the problem's detail."""


class Door:
    """Commands and reads through one address. At most `at_once` requests are under way."""

    patience = PATIENCE_SECONDS

    def __init__(self, address: str, at_once: int = 24) -> None:
        self._client = httpx.AsyncClient(base_url=address, timeout=ANSWER_SECONDS)
        self._turns = asyncio.Semaphore(at_once)
        self.requests = 0

    async def close(self) -> None:
        await self._client.aclose()

    async def command(
        self,
        path: str,
        body: Mapping[str, Any],
        token: str,
        *,
        behalf: UUID | None = None,
        at_least: Sequence[str] = (),
        answer_within: float = ANSWER_SECONDS,
    ) -> Mapping[str, Any]:
        """Repeats under the same key while the service says that it is away or has not learned something yet.

        `at_least`: positions that the service must have learned before it decides. The answer has one more field,
        `at`: the position that it wrote, or None.
        """
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": uuid4().hex}
        if behalf is not None:
            headers["On-Behalf-Of"] = str(behalf)
        answer = await self._patiently(
            "POST", path, json=body, headers=headers, params={"at_least": list(at_least)}, timeout=answer_within
        )
        return {**answer.json(), "at": answer.headers.get("X-Log-Position")}

    async def upload(self, path: str, token: str, content: bytes, name: str, **form: str) -> Mapping[str, Any]:
        answer = await self._patiently(
            "POST",
            path,
            files={"file": (name, content)},
            data=form,
            headers={"Authorization": f"Bearer {token}"},
            timeout=IMPORT_SECONDS,
        )
        accepted: Mapping[str, Any] = answer.json()
        return accepted

    async def read(self, path: str, token: str, **query: str) -> Any:  # noqa: ANN401 - whatever JSON the path gives
        answer = await self._patiently("GET", path, params=query, headers={"Authorization": f"Bearer {token}"})
        return answer.json()

    async def _patiently(self, method: str, path: str, **request: Any) -> httpx.Response:  # noqa: ANN401
        deadline = asyncio.get_running_loop().time() + self.patience
        while True:
            async with self._turns:
                answer = await self._try(method, path, request)
            if answer is not None and answer.is_success:
                return answer
            if not _later(answer) or asyncio.get_running_loop().time() > deadline:
                raise Refused(f"{method} {path}: {_detail(answer)}")
            await asyncio.sleep(PAUSE_SECONDS)

    async def _try(self, method: str, path: str, request: Mapping[str, Any]) -> httpx.Response | None:
        self.requests += 1
        try:
            return await self._client.request(method, path, **request)
        except httpx.TransportError:
            return None


def _later(answer: httpx.Response | None) -> bool:
    return answer is None or answer.status_code in AGAIN_LATER or "Retry-After" in answer.headers


def _detail(answer: httpx.Response | None) -> str:
    return "no answer" if answer is None else f"{answer.status_code} {answer.text[:500]}"
