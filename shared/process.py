"""One process: its parts run until SIGTERM or SIGINT, or until one of them fails; then all stop, last first."""

import asyncio
import os
import signal
import socket
import sys
import threading
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import contextmanager

import structlog
import uvicorn
from fastapi import FastAPI

from shared import garbage

# Requests that are being answered get this long before their connections are closed.
GRACE_SECONDS = 10
SIGNALS = (signal.SIGTERM, signal.SIGINT)
NOT_STOPPED = 1

log = structlog.get_logger(__name__)


class PortTaken(Exception):
    """Somebody listens there already. The text names address and setting."""


async def run_until_stopped(*parts: Awaitable[None], stop_seconds: float | None = None) -> None:
    """Runs `parts` side by side. Raises the error of the first that failed, after all have stopped.

    A process that has not ended `stop_seconds` after it was to stop ends where it stands, with status 1: a database or
    a name server that answers no more would hold it up for minutes. Logs, positions and leases are made for that.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        loop.add_signal_handler(number, stopping.set)
    garbage.settle()
    tasks = [asyncio.ensure_future(part) for part in parts]
    asked = asyncio.create_task(stopping.wait())
    await asyncio.wait([asked, *tasks], return_when=asyncio.FIRST_COMPLETED)
    log.info("stopping", asked=stopping.is_set())
    if stop_seconds is not None:
        _end_after(stop_seconds, loop)
    asked.cancel()
    try:
        await _stop(tasks)
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)


def _end_after(seconds: float, loop: asyncio.AbstractEventLoop) -> None:
    """On a thread: also the end of the loop, and what is done after it, may wait for somebody."""

    def end() -> None:
        running = sorted(getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks(loop))
        log.error("not stopped in time", seconds=seconds, running=running)
        sys.stderr.flush()
        os._exit(NOT_STOPPED)

    timer = threading.Timer(seconds, end)
    timer.daemon = True  # ends with the process
    timer.start()


def end_at_once_when_asked() -> None:
    """What SIGTERM does to a process by default, also for the first one of a container, which the kernel spares.

    Until `run_until_stopped` knows better: a start may wait for its database.
    """
    signal.signal(signal.SIGTERM, lambda number, _: os._exit(128 + number))


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
    """Serves until cancelled; then answers what it has taken and stops. Streams look at `app.state.stopping`."""
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
        app.state.stopping = server.should_exit = True
        await serving
