"""A migrated database for one measurement."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg

from shared.database.migrate import SHARED_MIGRATIONS, migrate


@asynccontextmanager
async def fresh_database(server: str) -> AsyncIterator[str]:
    """Its address; dropped afterwards."""
    name = f"bench_{uuid4().hex[:8]}"
    url = urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(f'CREATE DATABASE "{name}"')
        await migrate(url, *SHARED_MIGRATIONS)
        yield url
        await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    finally:
        await connection.close()
