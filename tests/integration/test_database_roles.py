"""Who may do what in a service's database: a login of the API's, of the relay's, and of a process of 0.1.0."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import pytest

from shared.database.migrate import SHARED_MIGRATIONS, migrate
from shared.database.pool import API_ROLE, RELAY_ROLE, open_pool
from shared.eventstore.group_commit import GroupCommitLog
from shared.messaging.postgres_relay_store import PostgresRelayStore
from tests.conformance.appends import append_of
from tests.fixtures.databases import DatabaseFactory

LoginFactory = Callable[..., Awaitable[str]]
SINCE_0_1_0 = ("0006_separate_roles.sql", "0008_body_key.sql", "0031_relay_role.sql")


@pytest.fixture
async def url(database: DatabaseFactory) -> str:
    return await database(*SHARED_MIGRATIONS)


@pytest.fixture
async def login(url: str) -> AsyncIterator[LoginFactory]:
    """`await login(role, ...)`: the database's address as a new login that is in these roles and in no other."""
    made: list[str] = []
    owner = await asyncpg.connect(url)

    async def make(*roles: str) -> str:
        made.append(name := f"test_{uuid4().hex[:8]}")
        await owner.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{name}' IN ROLE {', '.join(roles)}")
        parts = urlsplit(url)
        return urlunsplit(parts._replace(netloc=f"{name}:{name}@{parts.netloc.rpartition('@')[2]}"))

    yield make
    for name in made:
        await owner.execute(f"DROP ROLE {name}")
    await owner.close()


async def test_an_api_that_is_taken_over_changes_neither_events_nor_how_far_they_were_sent(login: LoginFactory) -> None:
    taken_over = await login(API_ROLE)
    pool = await open_pool(taken_over)
    async with GroupCommitLog(pool, "notes") as log:
        await log.append(append_of("kept"))
    await pool.close()
    assert await refused(
        taken_over,
        "UPDATE events SET type = 'Other'",
        "DELETE FROM events",
        "TRUNCATE events",
        "DROP TABLE events",
        "UPDATE relay_checkpoint SET position = 0",
        "DELETE FROM relay_checkpoint",
        f"SET ROLE {RELAY_ROLE}",
        "DELETE FROM schema_migrations",
    )


async def test_a_relay_moves_its_checkpoint_and_writes_nothing_else(login: LoginFactory) -> None:
    relay = await login(RELAY_ROLE)
    async with PostgresRelayStore(relay).lead() as leadership:
        assert leadership is not None
        await leadership.advance(await leadership.checkpoint())
    tables = ("events", "texts", "claims", "log_seal", "consumer_position", "held_event")
    assert await refused(relay, *(f"DELETE FROM {table}" for table in tables), "DELETE FROM relay_checkpoint")


async def test_processes_of_0_1_0_go_on_while_the_roles_come_to_their_database(
    database: DatabaseFactory, tmp_path: Path
) -> None:
    url = await database(*(without(SINCE_0_1_0, folder, tmp_path) for folder in SHARED_MIGRATIONS))
    await migrate(url, *SHARED_MIGRATIONS)
    old = await open_pool(url, role="service_runtime")
    async with GroupCommitLog(old, "notes") as log:
        await log.append(append_of("from the old process"))
    await old.close()
    async with PostgresRelayStore(url, role="service_runtime").lead() as leadership:
        assert leadership is not None
        await leadership.advance(await leadership.checkpoint())


async def test_a_database_of_0_1_0_gets_the_rights_that_a_new_one_has(
    database: DatabaseFactory, url: str, tmp_path: Path
) -> None:
    old = await database(*(without(SINCE_0_1_0, folder, tmp_path) for folder in SHARED_MIGRATIONS))
    await migrate(old, *SHARED_MIGRATIONS)
    assert await rights(old) == await rights(url)


async def refused(url: str, *statements: str) -> bool:
    """Each of them, by PostgreSQL, for want of a right."""
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.close()
    return True


def without(names: tuple[str, ...], folder: Path, copies: Path) -> Path:
    """A copy of a folder of migrations that lacks those."""
    copy = copies / folder.parents[1].name
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns(*names))
    return copy


async def rights(url: str) -> set[tuple[str, str, str]]:
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(
            "SELECT c.relname, r.rolname, p.right_name FROM pg_class AS c, pg_roles AS r,"
            " unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) AS p (right_name)"
            " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND r.rolname LIKE 'service_%'"
            " AND has_table_privilege(r.oid, c.oid, p.right_name)"
        )
    finally:
        await connection.close()
    return {(row["relname"], row["rolname"], row["right_name"]) for row in rows}


async def test_two_databases_of_one_cluster_may_be_migrated_at_once(database: DatabaseFactory) -> None:
    """Roles are the cluster's: what one migration has just granted, another one finds granted."""
    mine = f"test_{uuid4().hex[:8]}_"
    text = next(
        folder / SINCE_0_1_0[0] for folder in SHARED_MIGRATIONS if (folder / SINCE_0_1_0[0]).exists()
    ).read_text()
    block = text[text.index("DO $$") : text.index("$$;") + 3].replace("service_", mine)
    first, second = [await asyncpg.connect(await database()) for _ in range(2)]
    try:
        for name in ("log", "api", "relay"):
            await first.execute(f"CREATE ROLE {mine}{name} NOLOGIN")
        transaction = first.transaction()
        await transaction.start()
        await first.execute(block)
        other = asyncio.create_task(second.execute(block))
        done, _ = await asyncio.wait([other], timeout=0.3)
        assert not done
        await transaction.commit()
        await other
        assert await second.fetchval("SELECT pg_has_role($1, $2, 'MEMBER')", f"{mine}api", f"{mine}log")
    finally:
        for name in ("log", "api", "relay"):
            await first.execute(f"DROP ROLE {mine}{name}")
        await first.close()
        await second.close()
