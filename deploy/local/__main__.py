"""PostgreSQL and Kafka for developers, and commands of a demo's services: python -m deploy.local up | down | run."""

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from deploy.local import kafka, postgres
from deploy.local.errors import LocalStackError
from deploy.local.process import Process, end_recorded, recorded
from deploy.local.stopping import until_asked_to_stop

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__, pretty_exceptions_enable=False)
Folder = Annotated[Path, typer.Option(help="Where data, logs and servers.json are kept.")]
DEFAULT_FOLDER = Path(".run/dev")
STACK = Path(".run/stack.json")  # of a running demo


@app.command()
def up(
    folder: Folder = DEFAULT_FOLDER,
    postgres_port: Annotated[int | None, typer.Option(help="Default: any free port.")] = None,
    kafka_port: Annotated[int | None, typer.Option(help="Default: any free port.")] = None,
    max_connections: int = 200,
    *,
    durable: Annotated[bool, typer.Option(help="--no-durable: no fsync, faster, a power cut may lose all.")] = True,
) -> None:
    """Starts both servers, writes their addresses to FOLDER/servers.json, and runs until Ctrl-C."""
    addresses = folder / "servers.json"
    addresses.unlink(missing_ok=True)  # of a run that was killed
    with until_asked_to_stop():
        database = postgres.start_postgres(
            folder / "postgres", postgres_port, durable=durable, max_connections=max_connections
        )
        try:
            broker = kafka.start_kafka(folder / "kafka", kafka_port)
            try:
                addresses.touch(mode=0o600)  # the address of the database has its password
                addresses.write_text(json.dumps({"postgres": database.url, "kafka": broker.bootstrap}, indent=2) + "\n")
                print(
                    f"PostgreSQL {database.url}\nKafka      {broker.bootstrap}\nalso in {addresses}; Ctrl-C stops both",
                    flush=True,  # who started us may be reading
                )
                watch(database.process, broker.process)
            finally:
                addresses.unlink(missing_ok=True)
                broker.stop()
        finally:
            database.stop()


@app.command()
def down(folder: Folder = DEFAULT_FOLDER) -> None:
    """Ends what `up` left running on FOLDER, if it was killed."""
    for name, stop_signal in (("kafka", signal.SIGTERM), ("postgres", postgres.FAST_SHUTDOWN)):
        ended = end_recorded(folder / name / f"{name}.pid", stop_signal)
        print(f"{name}: {'stopped' if ended else 'was not running'}")


@app.command()
def status(folder: Folder = DEFAULT_FOLDER) -> None:
    """What runs on FOLDER, and where."""
    for name in ("postgres", "kafka"):
        identity = recorded(folder / name / f"{name}.pid")
        print(f"{name}: {f'runs as process {identity.pid}' if identity and identity.runs() else 'does not run'}")
    addresses = folder / "servers.json"
    if addresses.exists():
        print(addresses.read_text(), end="")


@app.command(context_settings={"ignore_unknown_options": True})
def run(service: str, arguments: list[str]) -> None:
    """A command of a service of the demo that runs here, such as: run reporting parked list."""
    if not STACK.exists():
        raise LocalStackError(f"no demo runs here (no {STACK}): start one with make demo")
    environments = json.loads(STACK.read_text())["environments"]
    if service not in environments:
        raise LocalStackError(f"no service {service}, but: {', '.join(environments)}")
    command = [sys.executable, "-m", f"services.{service}", *arguments]
    os.execve(sys.executable, command, {**os.environ, **environments[service]})  # noqa: S606 - a service's own command


@app.command()
def lock() -> None:
    """Resolves Kafka's artefacts anew and writes kafka.lock.toml."""
    kafka.write_lock()


def watch(*processes: Process) -> None:
    """Does not return. Raises LocalStackError when one of the processes ends by itself."""
    while True:
        for process in processes:
            if (exit_status := process.exit_status()) is not None:
                raise LocalStackError(f"{process.name} ended with status {exit_status} (log: {process.log})")
        time.sleep(0.5)


if __name__ == "__main__":
    try:
        app()
    except LocalStackError as error:
        sys.exit(f"deploy.local: {error}")
    except OSError as error:  # a full disk, a folder of another user
        sys.exit(f"deploy.local: {error.strerror}: {error.filename}")
