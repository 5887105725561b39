"""One running system with a small province and its month, for all tests of this folder."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rich.progress import Progress

from deploy.local import ports
from deploy.local.system import System, running_system
from samples.demo.__main__ import CLIENTS
from samples.demo.door import Door
from samples.demo.job import run_job, settled
from samples.demo.people import Cast
from samples.month import PERIOD
from shared.web.issuer import DemoIssuer


@dataclass(frozen=True)
class Played:
    """A system after its month: who acted, and the province's report."""

    system: System
    actors: Cast
    issuer: DemoIssuer
    report: dict[str, Any]


@pytest.fixture(scope="package")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    folder: Path = tmp_path_factory.mktemp("system")
    with running_system(folder, CLIENTS, lambda _: None, ports.free_port()) as system:
        issuer = DemoIssuer(system.issuer_folder, system.issuer)
        yield asyncio.run(_play(system, issuer, folder / "files"))


async def _play(system: System, issuer: DemoIssuer, files: Path) -> Played:
    door = Door(system.front_door)
    try:
        with Progress(disable=True) as progress:
            actors = await run_job(door, issuer, files, "small", progress)
        return Played(system, actors, issuer, await settled(door, actors, PERIOD))
    finally:
        await door.close()
