"""One process: its parts run until SIGTERM or SIGINT, or until one of them fails; then all stop, last first."""

import asyncio
import signal
import socket
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import contextmanager

import structlog
import uvicorn
from fastapi import FastAPI

from shared import garbage

# Requests that are being answered get this long before their connections are closed.
GRACE_SECONDS = 10
SIGNALS = (signal.SIGTERM, signal.SIGINT)

log = structlog.get_logger(__name__)


class PortTaken(Exception):
    """Somebody listens there already. The text names address and setting."""


async def run_until_stopped(*parts: Awaitable[None]) -> None:
    """Runs `parts` side by side. Raises the error of the first that failed, after all have stopped."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        loop.add_signal_handler(number, stopping.set)
    garbage.settle()
    tasks = [asyncio.ensure_future(part) for part in parts]
    asked = asyncio.create_task(stopping.wait())
    await asyncio.wait([asked, *tasks], return_when=asyncio.FIRST_COMPLETED)
    log.info("stopping", asked=stopping.is_set())
    asked.cancel()
    try:
        await _stop(tasks)
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)


async def _stop(tasks: Sequence[asyncio.Future[None]]) -> None:
    for task in reversed(tasks):
        task.cancel()
        await asyncio.wait([task])
    failed = [task.exception() for task in tasks if not task.cancelled() and task.exception() is not None]
    if failed and failed[0] is not None:
        raise failed[0]


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: the process decides what stops first."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(host: str, port: int) -> socket.socket:
    """A listening socket, opened before anything else starts; raises `PortTaken`."""
    try:
        return socket.create_server((host, port))
    except OSError as error:
        raise PortTaken(f"cannot listen on {host}:{port}: {error.strerror}; change the service's PORT") from error


async def serve(app: FastAPI, listener: socket.socket) -> None:
    """Serves until cancelled; then answers what it has taken and stops."""
    config = uvicorn.Config(
        app,
        log_config=None,  # ours is configured already
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve([listener]))
    try:
        await asyncio.shield(serving)
    finally:
        server.should_exit = True
        await serving
