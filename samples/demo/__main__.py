"""`python -m samples.demo [--exit] [--scale small|default|full]`: see `make help`."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from deploy.local.errors import LocalStackError
from deploy.local.leftovers import end_leftovers
from deploy.local.stopping import run, until_asked_to_stop
from deploy.local.system import System, running_system
from samples.demo.door import Door, Refused
from samples.demo.job import run_job, settled
from samples.demo.people import INTEGRATOR, OPERATOR, Cast, client_tokens
from samples.demo.report import print_month
from samples.demo.usage import Memory, MemoryWatch, Steps, count_events, disk_kib, print_usage
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
            with ExitStack() as running:
                steps = Steps()
                with steps.step("Khởi động"):
                    started = running_system(FOLDER, CLIENTS, lambda step: console.print(f"· {step}"), port)
                    system = running.enter_context(started)
                status = _demonstrate(system, scale, steps, console)
                if not exit_after:
                    console.print("Hệ thống đang chạy; Ctrl-C để dừng.")
                    system.servers.keep(print)
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


def _demonstrate(system: System, scale: str, steps: Steps, console: Console) -> int:
    with MemoryWatch(FOLDER) as memory:
        actors = run(_play_and_print(system, scale, steps, console))
        with steps.step("Tính lại (recount)"):
            status, held = _recount(system)
        _print_usage(system, steps, memory.look() | held, console)
    page = f"{system.front_door}/reporting/pages/{actors.province}/{PERIOD}"
    console.print(f"{sum(steps.seconds.values()):.0f} s. Trang số liệu: {page}", highlight=False, soft_wrap=True)
    console.print(
        f"Đăng nhập: {system.front_door}/issuer/sign-in, dán mã của một vai trò trong {STACK}", highlight=False
    )
    return status


async def _play_and_print(system: System, scale: str, steps: Steps, console: Console) -> Cast:
    issuer = DemoIssuer(system.issuer_folder, system.issuer)
    door = Door(system.front_door)
    system.write(STACK, client_tokens(issuer))  # who watches the month being played needs no more
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    try:
        with Progress(*columns, console=console) as progress:
            actors = await run_job(door, issuer, FOLDER / "files", scale, progress)
        steps.seconds |= {task.description: task.finished_time or 0.0 for task in progress.tasks}
        system.write(STACK, actors.tokens)
        with steps.step("Số liệu theo kịp"):
            report = await settled(door, actors, PERIOD)
        await print_month(door, actors, report, console)
    except* Refused as refused:
        raise refused.exceptions[0] from None
    finally:
        await door.close()
    return actors


def _recount(system: System) -> tuple[int, dict[str, Memory]]:
    """Its exit status, and the most memory that it held."""
    environment = {**os.environ, **system.environments["reporting"]}
    recount = subprocess.Popen([sys.executable, "-m", "services.reporting", "recount"], env=environment)
    _, status, used = os.wait4(recount.pid, 0)
    recount.returncode = os.waitstatus_to_exitcode(status)
    return recount.returncode, {"recount": Memory(0, used.ru_maxrss)}


def _print_usage(system: System, steps: Steps, memory: Mapping[str, Memory], console: Console) -> None:
    disk = {name: disk_kib(FOLDER / name) for name in ("postgres", "kafka")}
    console.print()
    print_usage(console, steps, run(count_events(system)), memory, disk)


if __name__ == "__main__":
    typer.run(main)
