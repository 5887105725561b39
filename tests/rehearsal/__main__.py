"""`make rehearse-restore`: backs up a province while its month is entered, destroys PostgreSQL, and gets it all back.

Twice: from a dump, and from a base backup with archived WAL up to a moment. What was entered later is on the topics.
"""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
from rich.progress import Progress

from deploy.local.postgres import binary
from deploy.local.system import PUBLISHERS, SERVICES
from samples.demo.door import Door
from samples.demo.job import run_job, settled
from samples.month import PERIOD
from tests.faults.rig import Rig, running_rig
from tests.fixtures.waiting import eventually

FOLDER = Path(".run") / "rehearsal"
WAIT_SECONDS = 300
EVENTS = "SELECT count(*) FROM events"


@dataclass
class Rehearsal:
    """`seconds` of each step, in order."""

    rig: Rig
    folder: Path
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.seconds[name] = time.monotonic() - began
        sys.stdout.write(f"{self.seconds[name]:7.1f} s  {name}\n")
        sys.stdout.flush()

    @property
    def data(self) -> Path:
        return self.rig.folder / "postgres" / "data"

    @property
    def archive(self) -> Path:
        return self.folder / "archive"

    async def archive_wal(self) -> None:
        self.archive.mkdir()
        shutil.chown(self.archive, self.data.stat().st_uid)
        await self.rig.execute(
            "postgres",
            "ALTER SYSTEM SET archive_mode = on",
            f"ALTER SYSTEM SET archive_command = 'cp %p {self.archive}/%f'",
        )
        await self.rig.restart_postgres()

    async def base_backup(self) -> None:
        with self.step("base backup: pg_basebackup"):
            base = f"--pgdata={self.folder / 'base'}"
            await tool("pg_basebackup", self.rig.system.postgres, base, "--checkpoint=fast", "--wal-method=none")

    async def dump(self) -> str:
        """The moment before it, to which the other restore goes back."""
        moment = str(await self.ask("postgres", "SELECT clock_timestamp()::text"))
        with self.step("logical backup: pg_dumpall"):
            await tool("pg_dumpall", self.rig.system.postgres, f"--file={self.folder / 'dump.sql'}")
        return moment

    async def ask(self, database: str, question: str) -> object:
        connection = await asyncpg.connect(self.rig.owner_of(database))
        try:
            return await connection.fetchval(question)
        finally:
            await connection.close()

    async def events(self) -> dict[str, object]:
        return {name: await self.ask(name, EVENTS) for name in PUBLISHERS}

    async def destroy(self) -> int:
        """The owner of the data that are gone."""
        for service in SERVICES:
            await self.rig.suspend(service)
        process, owner = self.rig.system.servers.postgres_process, self.data.stat().st_uid
        os.kill(process.pid, signal.SIGKILL)
        await eventually(partial(ended, process), "PostgreSQL has ended", WAIT_SECONDS)
        shutil.rmtree(self.data)
        return owner

    async def restore_dump(self) -> None:
        await self.destroy()
        known = urlsplit(self.rig.system.postgres).password
        with self.step("restore the dump into a new cluster: psql"):
            await self.rig.start_servers()
            # The dump gives the superuser the password that it had, and connects again after that.
            new = await asyncpg.connect(self.rig.system.servers.postgres)
            await new.execute(f"ALTER ROLE postgres PASSWORD '{known}'")
            await new.close()
            (self.rig.folder / "postgres" / "password").write_text(str(known))
            await tool("psql", self.rig.system.postgres, "--quiet", f"--file={self.folder / 'dump.sql'}")

    async def restore_base(self, moment: str) -> None:
        owner = await self.destroy()
        with self.step("restore the base backup, and WAL up to the moment"):
            shutil.copytree(self.folder / "base", self.data)
            (self.data / "recovery.signal").touch()
            with (self.data / "postgresql.auto.conf").open("a") as settings:
                settings.write(f"restore_command = 'cp {self.archive}/%f %p'\n")
                settings.write(f"recovery_target_time = '{moment}'\nrecovery_target_action = promote\n")
            for path in (self.data, *self.data.rglob("*")):
                shutil.chown(path, owner)
            self.data.chmod(0o700)
            await self.rig.start_servers()
            await eventually(self.promoted, "PostgreSQL takes writes", WAIT_SECONDS)

    async def promoted(self) -> bool:
        return not await self.ask("postgres", "SELECT pg_is_in_recovery()")

    async def recover(self, expected: dict[str, object]) -> None:
        """What the backup lacks comes from the topics, before the services start; raises AssertionError."""
        restored = await self.events()
        sys.stdout.write(f"           events before {expected}, in the backup {restored}\n")
        assert restored != expected, "the backup lacked nothing: nothing was rehearsed"
        with self.step("log recover-from-topic, of each service"):
            for service in PUBLISHERS:
                await self.typed(service, "log", "recover-from-topic")
        assert await self.events() == expected

    async def typed(self, service: str, *command: str) -> None:
        status, said = await self.rig.operate(service, *command)
        sys.stdout.write("".join(f"           {service}: {line}\n" for line in said.splitlines()[-2:]))
        assert status == 0, said


async def tool(name: str, url: str, *arguments: str) -> None:
    """One of PostgreSQL's own; pg_dumpall connects several times, and keeps no password of the address."""
    command = [binary(name), f"--dbname={url}", *arguments]
    environment = {**os.environ, "PGPASSWORD": urlsplit(url).password or ""}
    run = partial(subprocess.run, command, env=environment, capture_output=True, text=True, check=False)
    done = await asyncio.to_thread(run)
    assert done.returncode == 0, f"{name}: {done.stderr}"


async def ended(process: object) -> bool:
    return process.exit_status() is not None  # type: ignore[attr-defined]


async def rehearse(rig: Rig, folder: Path) -> None:
    rehearsal, door = Rehearsal(rig, folder), Door(rig.system.front_door)
    await rehearsal.archive_wal()
    await rehearsal.base_backup()

    async def being_entered() -> bool:
        return int(str(await rehearsal.ask("attendance", EVENTS))) > 0

    with Progress(disable=True) as progress:
        entering = asyncio.create_task(run_job(door, rig.issuer, folder / "files", "small", progress))
        await eventually(being_entered, "the month is being entered", WAIT_SECONDS)
        moment = await rehearsal.dump()
        actors = await entering
    await settled(door, actors, PERIOD)
    await rehearsal.ask("postgres", "SELECT pg_switch_wal()")
    expected = await rehearsal.events()
    for restore in (rehearsal.restore_dump, partial(rehearsal.restore_base, moment)):
        await restore()
        await rehearsal.recover(expected)
        with rehearsal.step("services start, figures catch up"):
            for service in SERVICES:
                rig.resume(service)
            await settled(door, actors, PERIOD)
        with rehearsal.step("log verify, of each service"):
            for service in PUBLISHERS:
                await rehearsal.typed(service, "log", "verify")
        with rehearsal.step("recount"):
            await rehearsal.typed("reporting", "recount")
    await door.close()


if __name__ == "__main__":
    shutil.rmtree(FOLDER, ignore_errors=True)
    (FOLDER / "backup").mkdir(parents=True)
    with running_rig(FOLDER.resolve() / "system") as started:
        asyncio.run(rehearse(started, (FOLDER / "backup").resolve()))
    shutil.rmtree(FOLDER)
