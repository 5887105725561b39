"""Requests sent at their own times, whether or not earlier ones were answered: a slow server does not slow its load.

Only as much HTTP/1.1 as that needs, so that the load costs the machine little: keep-alive, `Content-Length`, one answer
at a time on a connection.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

CONNECTIONS = 128


@dataclass(frozen=True, slots=True)
class Request:
    """`at`: when it is meant to start, in seconds after the first. `weight`: how many check-ins it has."""

    at: float
    content: bytes
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Answer:
    """`meant` and `answered`: times of the event loop. `position`: what the command wrote, 0 if nothing."""

    meant: float
    answered: float
    status: int
    position: int
    weight: int


def post(address: str, path: str, token: str, key: str, body: bytes) -> bytes:
    """The bytes of a command."""
    lines = [
        f"POST {path} HTTP/1.1",
        f"Host: {urlsplit(address).netloc}",
        f"Authorization: Bearer {token}",
        f"Idempotency-Key: {key}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join((*lines, "", "")).encode() + body


async def send_all(address: str, requests: Sequence[Request]) -> list[Answer]:
    """Sends each at its time over a free connection, or as soon as there is one: waiting for one counts."""
    host, port = urlsplit(address).hostname, urlsplit(address).port
    free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        free.put_nowait(await asyncio.open_connection(host, port))
    loop = asyncio.get_running_loop()
    began = loop.time()

    async def send(request: Request) -> Answer:
        reader, writer = await free.get()
        writer.write(request.content)
        status, position = await _answer(reader)
        free.put_nowait((reader, writer))
        return Answer(began + request.at, loop.time(), status, position, request.weight)

    sent: list[asyncio.Task[Answer]] = []
    for request in requests:
        if (wait := began + request.at - loop.time()) > 0:
            await asyncio.sleep(wait)
        sent.append(asyncio.create_task(send(request)))
    answers = list(await asyncio.gather(*sent))
    while not free.empty():
        free.get_nowait()[1].close()
    return answers


async def _answer(reader: asyncio.StreamReader) -> tuple[int, int]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    await reader.readexactly(int(headers["content-length"]))
    return int(head[0].split(" ", 2)[1]), int(headers.get("x-log-position", ":0").rpartition(":")[2])
