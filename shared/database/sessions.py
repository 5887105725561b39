"""Who else works on a service's database at this moment."""

from pathlib import Path

import asyncpg

from shared.database.pool import answering, queries

SQL = queries(Path(__file__).parent / "sql" / "sessions.sql")


async def sessions_named(database_url: str, *names: str) -> int:
    """How many sessions are open under these application names.

    As who logs in, not as the runtime role: PostgreSQL shows a session's name to the same login only.
    """
    with answering():
        connection = await asyncpg.connect(database_url, timeout=10)
    try:
        found: int = await SQL.sessions_named(connection, names=list(names))
    finally:
        await connection.close()
    return found
