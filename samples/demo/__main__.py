"""`python -m samples.demo [--exit] [--scale small|default|full]`: see `make help`."""

import asyncio
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from deploy.local.errors import LocalStackError
from deploy.local.leftovers import end_leftovers
from deploy.local.stopping import until_asked_to_stop
from deploy.local.system import System, running_system
from samples.demo.door import Door, Refused
from samples.demo.job import run_job, settled
from samples.demo.people import INTEGRATOR, OPERATOR, Cast
from samples.demo.report import print_month
from samples.month import PERIOD
from shared.web.issuer import DemoIssuer

RUN = Path(".run")
FOLDER = RUN / "demo"
STACK = RUN / "stack.json"
CLIENTS = {INTEGRATOR: {"role": "integrator"}, OPERATOR: {"role": "operator"}}


def main(
    *,
    exit_after: Annotated[bool, typer.Option("--exit", help="Stop after the report.")] = False,
    scale: Annotated[str, typer.Option(help="small, default or full.")] = "default",
    port: Annotated[int, typer.Option(help="Of the front door, on loopback.")] = 8080,
) -> None:
    """Starts the whole system, plays March 2026, prints the province's month, and keeps running until Ctrl-C."""
    console = Console()
    status = 1
    try:
        with until_asked_to_stop():
            _start_clean()
            with running_system(FOLDER, CLIENTS, lambda step: console.print(f"· {step}"), port) as system:
                status = _demonstrate(system, scale, console)
                if not exit_after:
                    console.print("Hệ thống đang chạy; Ctrl-C để dừng.")
                    while True:
                        time.sleep(3600)
    except (LocalStackError, Refused) as error:
        sys.exit(f"demo: {error}")
    except OSError as error:  # a full disk, a folder of another user
        sys.exit(f"demo: {error.strerror}: {error.filename}")
    finally:
        STACK.unlink(missing_ok=True)
    sys.exit(status)


def _start_clean() -> None:
    """Every demo begins anew; what a killed one left running is ended when its servers' folders are claimed."""
    end_leftovers(FOLDER)
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)


def _demonstrate(system: System, scale: str, console: Console) -> int:
    began = time.monotonic()
    actors = asyncio.run(_play_and_print(system, scale, console))
    status = _recount(system)
    page = f"{system.front_door}/reporting/pages/{actors.province}/{PERIOD}"
    console.print(f"{time.monotonic() - began:.0f} s. Trang số liệu: {page}", highlight=False, soft_wrap=True)
    console.print(
        f"Đăng nhập: {system.front_door}/issuer/sign-in, dán mã của một vai trò trong {STACK}", highlight=False
    )
    return status


async def _play_and_print(system: System, scale: str, console: Console) -> Cast:
    issuer = DemoIssuer(system.issuer_folder, system.issuer)
    door = Door(system.front_door)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    try:
        with Progress(*columns, console=console) as progress:
            actors = await run_job(door, issuer, FOLDER / "files", scale, progress)
        system.write(STACK, actors.tokens)
        await print_month(door, actors, await settled(door, actors, PERIOD), console)
    except* Refused as refused:
        raise refused.exceptions[0] from None
    finally:
        await door.close()
    return actors


def _recount(system: System) -> int:
    environment = {
        **os.environ,
        "REPORTING_DATABASE_URL": system.databases["reporting"],
        "REPORTING_KAFKA_BOOTSTRAP": system.kafka,
    }
    return subprocess.run(
        [sys.executable, "-m", "services.reporting", "recount"], env=environment, check=False
    ).returncode


if __name__ == "__main__":
    typer.run(main)
