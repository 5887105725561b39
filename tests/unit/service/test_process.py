"""How a process of several parts begins and ends."""

import asyncio
import gc
import os
import signal
import subprocess
import sys

import httpx
import pytest
from fastapi import FastAPI

from shared.process import PortTaken, listen, run_until_stopped, serve


class Part:
    """Runs until cancelled, and writes down when it stopped."""

    def __init__(self, name: str, stopped: list[str]) -> None:
        self.name = name
        self.stopped = stopped
        self.started = asyncio.Event()

    async def run(self) -> None:
        self.started.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.stopped.append(self.name)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_stops_its_parts_last_first_when_asked(number: signal.Signals) -> None:
    stopped: list[str] = []
    relay, api = Part("relay", stopped), Part("api", stopped)
    process = asyncio.create_task(run_until_stopped(relay.run(), api.run()))
    await asyncio.gather(relay.started.wait(), api.started.wait())
    os.kill(os.getpid(), number)
    await process
    assert stopped == ["api", "relay"]


async def test_stops_all_and_says_why_when_one_part_fails() -> None:
    stopped: list[str] = []

    async def failing() -> None:
        raise RuntimeError("the topic would lose events")

    with pytest.raises(RuntimeError, match="would lose events"):
        await run_until_stopped(Part("relay", stopped).run(), failing())
    assert stopped == ["relay"]


async def test_answers_the_request_that_it_has_taken_before_it_stops() -> None:
    arrived, may_answer = asyncio.Event(), asyncio.Event()
    app = FastAPI()

    @app.get("/slow")
    async def slow() -> str:
        arrived.set()
        await may_answer.wait()
        return "answered"

    listener = listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    serving = asyncio.create_task(serve(app, listener))
    async with httpx.AsyncClient(timeout=10) as http:
        request = asyncio.create_task(http.get(f"http://127.0.0.1:{port}/slow"))
        await arrived.wait()
        serving.cancel()
        may_answer.set()
        assert (await request).json() == "answered"
    with pytest.raises(asyncio.CancelledError):
        await serving


async def test_streams_are_told_that_the_process_stops() -> None:
    app = FastAPI()
    serving = asyncio.create_task(serve(app, listen("127.0.0.1", 0)))
    await asyncio.sleep(0)
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving
    assert app.state.stopping


DEAF = """
import asyncio
from shared.process import run_until_stopped

async def deaf():
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            pass

async def ends():
    pass

asyncio.run(run_until_stopped(deaf(), ends(), stop_seconds=0.2))
"""


def test_a_process_that_does_not_stop_ends_where_it_stands_and_says_who_runs() -> None:
    process = subprocess.run([sys.executable, "-c", DEAF], capture_output=True, timeout=60, check=False)
    assert process.returncode == 1
    assert b"not stopped in time" in process.stdout + process.stderr
    assert b"'deaf'" in process.stdout + process.stderr


def test_names_the_port_that_is_taken() -> None:
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(PortTaken, match=str(port)):
            listen("127.0.0.1", port)


async def test_what_starting_has_made_is_not_looked_through_for_garbage_again() -> None:
    async def count() -> None:
        frozen.append(gc.get_freeze_count())

    frozen: list[int] = []
    try:
        await run_until_stopped(count())
    finally:
        gc.unfreeze()
    assert frozen[0] > 10_000
