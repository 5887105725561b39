"""Who brings a schema up to date needs no superuser: on a cluster it is a login that owns the databases."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import pytest

from deploy.local.system import SERVICES, migrations
from shared.database.migrate import SHARED_MIGRATIONS, migrate, missing_migrations
from shared.database.pool import open_pool
from tests.fixtures.databases import DatabaseFactory

# What processes of this version and the last one act as; each login of a service has all of them.
GRANT_ALL = """
DO $$
DECLARE
    acted_as text;
BEGIN
    FOR acted_as IN SELECT rolname FROM pg_roles WHERE starts_with(rolname, 'service_') LOOP
        EXECUTE format('GRANT %I TO {}', acted_as);
    END LOOP;
END
$$
"""


@pytest.fixture
async def logins(postgres_url: str) -> AsyncIterator[tuple[str, str]]:
    """As deploy/kubernetes has them: the owner of the schema, and a service's own."""
    owner, service = (f"test_{kind}_{uuid4().hex[:8]}" for kind in ("owner", "service"))
    server = await asyncpg.connect(postgres_url)
    try:
        await server.execute(f"CREATE ROLE {owner} LOGIN CREATEROLE PASSWORD 'example-owner'")
        await server.execute(f"CREATE ROLE {service} LOGIN PASSWORD 'example-service'")
        yield owner, service
        await server.execute(f"DROP ROLE {owner}; DROP ROLE {service}")
    finally:
        await server.close()


@pytest.mark.parametrize("name", SERVICES)
async def test_the_owner_of_a_database_migrates_it_and_the_service_works_on_it(
    name: str, database: DatabaseFactory, logins: tuple[str, str]
) -> None:
    owner, service = logins
    await database(*SHARED_MIGRATIONS)  # the roles that services act as belong to the cluster, which made them
    url = await database()
    await execute(url, f'ALTER DATABASE "{urlsplit(url).path[1:]}" OWNER TO {owner}')
    await migrate(as_login(url, owner, "example-owner"), *migrations(name))
    await execute(url, GRANT_ALL.format(service))
    pool = await open_pool(as_login(url, service, "example-service"))
    try:
        assert await missing_migrations(pool, *migrations(name)) == []
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute("DELETE FROM events")
    finally:
        await pool.close()
        await execute(url, f"REASSIGN OWNED BY {owner} TO CURRENT_USER; DROP OWNED BY {owner}")


async def execute(url: str, statements: str) -> None:
    """As the superuser."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statements)
    finally:
        await connection.close()


def as_login(url: str, user: str, password: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{user}:{password}@{parts.netloc.rpartition('@')[2]}"))
