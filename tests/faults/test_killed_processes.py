"""Each service is ended by kill -9 once while the month is entered; nothing is lost, doubled or out of order."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from rich.progress import Progress

from deploy.local import ports
from deploy.local.process import Identity, recorded
from deploy.local.system import PUBLISHERS, System, running_system
from samples.demo.__main__ import CLIENTS
from samples.demo.door import Door
from samples.demo.job import run_job, settled
from samples.demo.people import Cast
from samples.month import PERIOD
from shared.web.issuer import DemoIssuer

pytestmark = [pytest.mark.faults, pytest.mark.timeout(400)]

VICTIMS = (*PUBLISHERS, "reporting", "operations")


def test_recount_is_0_after_each_process_was_killed_under_load(tmp_path: Path) -> None:
    with running_system(tmp_path, CLIENTS, lambda _: None, ports.free_port()) as system:
        killed = asyncio.run(_play_while_killing(system, tmp_path))
        assert killed == set(VICTIMS)
        environment = {
            **os.environ,
            "REPORTING_DATABASE_URL": system.databases["reporting"],
            "REPORTING_KAFKA_BOOTSTRAP": system.kafka,
        }
        arguments = [sys.executable, "-m", "services.reporting", "recount"]
        done = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=False)
        assert "recount: 0 differences" in done.stdout, done.stdout + done.stderr


async def _play_while_killing(system: System, folder: Path) -> set[str]:
    door = Door(system.front_door)
    issuer = DemoIssuer(system.issuer_folder, system.issuer)
    killed: set[str] = set()

    async def play() -> Cast:
        with Progress(disable=True) as progress:
            return await run_job(door, issuer, folder / "files", "small", progress)

    playing = asyncio.create_task(play())
    try:
        for number, victim in enumerate(VICTIMS, start=1):
            await _until(partial(_so_far, door, playing, 30 * number))
            assert not playing.done(), f"the month was over before {victim} could be killed"
            killed.add(await _kill(folder, victim))
        await settled(door, await playing, PERIOD)
    finally:
        playing.cancel()
        await door.close()
    return killed


def _so_far(door: Door, playing: asyncio.Task[Cast], requests: int) -> bool:
    return door.requests >= requests or playing.done()


async def _kill(folder: Path, name: str) -> str:
    """Ends the process and waits until the supervisor has started another one."""
    record = folder / "processes" / f"{name}.pid"
    victim = recorded(record)
    assert victim is not None
    os.kill(victim.pid, signal.SIGKILL)

    def replaced() -> bool:
        now: Identity | None = recorded(record)
        return now is not None and now != victim and now.runs()

    await _until(replaced)
    return name


async def _until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.05)
