"""A running system with its parts in hand: servers and services to kill, freeze, suspend and bring back."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import asyncpg

from deploy.local import ports
from deploy.local.process import Identity, Process
from deploy.local.servers import Servers
from deploy.local.supervisor import BackOff, Program, Supervisor
from deploy.local.system import ROOT, SERVICES, System, plan, prepared
from samples.demo.__main__ import CLIENTS
from shared.web.issuer import DemoIssuer
from tests.fixtures.databases import url_of
from tests.fixtures.waiting import eventually

REPLACED_SECONDS = 300
COMMAND_SECONDS = 300
ROLES = ("service_log", "service_api", "service_relay", "service_runtime")


@dataclass
class Rig:
    """`starter`: a thread for starts that take long; what it started ends with it, so it stays."""

    folder: Path
    system: System
    supervisor: Supervisor
    programs: dict[str, Program]
    starter: ThreadPoolExecutor
    began: float = field(default_factory=time.monotonic)

    def say(self, what: str) -> None:
        sys.stdout.write(f"  {time.monotonic() - self.began:5.0f} s  {what}\n")
        sys.stdout.flush()

    @property
    def issuer(self) -> DemoIssuer:
        return DemoIssuer(self.system.issuer_folder, self.system.issuer)

    def owner_of(self, service: str) -> str:
        """The service's database, as the superuser."""
        return url_of(self.system.postgres, service)

    # Services

    def wake(self, name: str) -> None:
        os.kill(self.process(name).pid, signal.SIGCONT)

    async def froze(self, name: str) -> None:
        """Waits until a process armed with `FAILPOINT=...:SIGSTOP` has come to that place."""

        async def stopped() -> bool:
            return _is_stopped(self.process(name).pid)

        await eventually(stopped, f"{name} is frozen", REPLACED_SECONDS)
        self.say(f"{name} is frozen")

    def process(self, name: str) -> Identity:
        identity = Identity.of(self.supervisor.pid(name))
        assert identity is not None, f"{name} does not run"
        return identity

    async def kill(self, name: str) -> None:
        """As `kill -9`, and waits until the supervisor has brought it back."""
        victim = self.process(name)
        os.kill(victim.pid, signal.SIGKILL)
        await self.replaced(name, victim)

    async def replaced(self, name: str, victim: Identity) -> None:
        """Waits until `victim` has ended by itself and another process of that name runs."""

        async def other() -> bool:
            now = Identity.of(self.supervisor.pid(name))
            return now is not None and now != victim

        await eventually(other, f"{name} has ended and runs again", REPLACED_SECONDS)

    def written_by(self, name: str, logger: str) -> Sequence[str]:
        """What a library, or a part of ours, has written into the log of a process so far."""
        log = (self.folder / "processes" / f"{name}.log").read_text()
        return [line for line in log.splitlines() if f'"logger": "{logger}' in line]

    async def suspend(self, name: str) -> None:
        await asyncio.to_thread(self.supervisor.suspend, name)

    def resume(self, name: str, **once: str) -> Identity:
        """From the main thread: a program ends with the thread that started it. `once`: more for its environment."""
        self.supervisor.resume(name, once)
        return self.process(name)

    async def restart(self, name: str, **once: str) -> Identity:
        await self.suspend(name)
        return self.resume(name, **once)

    async def add_beside(self, service: str, **env: str) -> str:
        """A second process of a service, with an API of its own; its name. `env`: more for its environment."""
        add = partial(self.add_worker, service, "all", **env)
        return await asyncio.get_running_loop().run_in_executor(self.starter, add)

    def add_worker(self, service: str, part: str = "worker", **env: str) -> str:
        """A second process of a service, without its API; its name. Before the load, as it waits until it is ready."""
        if f"{service}-2" in self.programs:
            self.resume(f"{service}-2")
            return f"{service}-2"
        first, port = self.programs[service], ports.free_port()
        worker = replace(
            first,
            name=f"{service}-2",
            argv=[*first.argv[:-1], part],
            env={**first.env, f"{service.upper()}_PORT": str(port), **env},
            port=port,
            ready_url=f"http://{ports.LOOPBACK}:{port}/health/ready",
        )
        self.supervisor.start(worker)
        self.programs[worker.name] = worker
        return worker.name

    async def operate(self, service: str, *command: str, code: str = "") -> tuple[int, str]:
        """What an operator types; exit status and all that was written. `code`: another module with the service's."""
        module = [code, service] if code else [f"services.{service}"]
        return await _typed([sys.executable, "-m", *module, *command], self.programs[service])

    # Servers

    async def restart_postgres(self) -> None:
        """An immediate stop, as after a power cut, and a start."""
        process = self.system.servers.postgres_process
        os.kill(process.pid, signal.SIGQUIT)
        await eventually(partial(_has_ended, process), "PostgreSQL has stopped", REPLACED_SECONDS)
        await self.start_servers()

    async def kill_broker(self, number: int = 1) -> None:
        process = self.system.servers.kafka_processes[number - 1]
        os.kill(process.pid, signal.SIGKILL)
        await eventually(partial(_has_ended, process), f"broker {number} has ended", REPLACED_SECONDS)

    async def start_servers(self) -> None:
        """Those that have ended, by themselves or by us, where they were."""
        await asyncio.get_running_loop().run_in_executor(self.starter, self.system.servers.start_ended, self.say)

    async def execute(self, service: str, *statements: str) -> None:
        connection = await asyncpg.connect(self.owner_of(service))
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()


@contextmanager
def running_rig(folder: Path, *, brokers: int = 1, code: Path = ROOT) -> Iterator[Rig]:
    """With its data in `folder`. Of three brokers each has every topic, and two of them must have a record.

    `code`: the folder of the release whose services run, on its own schema.
    """
    with ExitStack() as stack:
        starter = stack.enter_context(ThreadPoolExecutor(1))
        servers = Servers(folder, lambda _: None, brokers)
        stack.callback(servers.stop)
        asyncio.run(_with_roles(servers.postgres))
        system, programs = plan(folder, servers, prepared(servers, code), CLIENTS, ports.free_port())
        asyncio.run(_with_roles(servers.postgres, *SERVICES))
        programs = [_of(code, program) if program.name in SERVICES else program for program in programs]
        # It is their business to die often: the delay must not grow each time.
        supervisor = stack.enter_context(Supervisor(folder / "processes", report=_line, back_off=BackOff(0.2, 1)))
        supervisor.start(*programs)
        rig = Rig(folder, system, supervisor, {program.name: program for program in programs}, starter)
        rig.say("the system runs")
        yield rig


async def _with_roles(postgres: str, *logins: str) -> None:
    """What deploy/postgres and deploy/kubernetes make before any migration, for processes of every release."""
    connection = await asyncpg.connect(postgres)
    try:
        for role in ROLES:
            if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
                await connection.execute(f"CREATE ROLE {role} NOLOGIN")
            for login in logins:
                await connection.execute(f'GRANT {role} TO "{login}"')
    finally:
        await connection.close()


def _of(code: Path, service: Program) -> Program:
    python, *arguments = service.argv
    # -P: not the folder in which we stand, but PYTHONPATH says which release runs.
    return replace(service, argv=[python, "-P", *arguments], env={**service.env, "PYTHONPATH": str(code)})


async def _has_ended(process: Process) -> bool:
    return process.exit_status() is not None


def _line(what: str) -> None:
    sys.stdout.write(f"           {what}\n")


def _is_stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


async def _typed(argv: Sequence[str], program: Program) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *argv,
        env={**os.environ, "COLUMNS": "200", **program.env},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        written, _ = await asyncio.wait_for(process.communicate(), COMMAND_SECONDS)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
    assert process.returncode is not None
    return process.returncode, written.decode()
