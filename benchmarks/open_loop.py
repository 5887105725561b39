"""Requests sent at their own times, whether or not earlier ones were answered: a slow server does not slow its load."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp

CONNECTIONS = 256
SECONDS = 120


@dataclass(frozen=True, slots=True)
class Request:
    """`at`: when it is meant to start, in seconds after the first. `weight`: how many check-ins it has."""

    at: float
    path: str
    body: bytes
    token: str
    key: str
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Answer:
    """`meant` and `answered`: times of the event loop. `position`: what the command wrote, 0 if nothing."""

    meant: float
    answered: float
    status: int
    position: int
    weight: int


async def send_all(address: str, requests: Sequence[Request]) -> list[Answer]:
    """Sends each at its time over a free connection, or as soon as there is one: waiting for one counts."""
    clock = asyncio.get_running_loop().time
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    patience = aiohttp.ClientTimeout(total=SECONDS)
    async with aiohttp.ClientSession(address, connector=connector, timeout=patience) as session:
        began = clock()
        async with asyncio.TaskGroup() as group:
            sent = []
            for request in requests:
                if (wait := began + request.at - clock()) > 0:
                    await asyncio.sleep(wait)
                sent.append(group.create_task(_send(session, request, began + request.at)))
    return [task.result() for task in sent]


async def _send(session: aiohttp.ClientSession, request: Request, meant: float) -> Answer:
    headers = {
        "Authorization": f"Bearer {request.token}",
        "Idempotency-Key": request.key,
        "Content-Type": "application/json",
    }
    async with session.post(request.path, data=request.body, headers=headers) as answer:
        await answer.read()
        position = int(answer.headers.get("X-Log-Position", ":0").rpartition(":")[2])
        return Answer(meant, asyncio.get_running_loop().time(), answer.status, position, request.weight)
