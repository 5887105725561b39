"""Connections to a service's database, and its queries from `.sql` files."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiosql
import asyncpg
from aiosql.adapters.asyncpg import AsyncPGAdapter
from asyncpg.pool import PoolConnectionProxy

Pool = asyncpg.Pool
Connection = asyncpg.Connection | PoolConnectionProxy
Asked = Pool | Connection
Given = Mapping[str, object]

# Made by the shared migrations. Appends, reads and keeps what is built from the log, but never changes the log, nor how
# far it is on its topic: that is for the relay's role alone.
API_ROLE = "service_api"
RELAY_ROLE = "service_relay"


class DatabaseAway(Exception):
    """The database does not answer. The text names the setting that says where it is."""


@contextmanager
def answering() -> Iterator[None]:
    """Around opening a connection; raises `DatabaseAway`."""
    try:
        yield
    except OSError as error:
        raise DatabaseAway(f"the database of DATABASE_URL does not answer: {str(error) or repr(error)}") from error


async def open_pool(
    dsn: str,
    *,
    role: str | None = API_ROLE,
    application_name: str = "service",
    min_size: int = 1,
    max_size: int = 10,
    command_timeout: float = 60.0,
    idle_in_transaction: float = 60.0,
) -> Pool:
    """A pool whose connections act as `role` (None: as who logs in), in UTC. json and jsonb come as text, byte-exact.

    `command_timeout` and `idle_in_transaction` in seconds. Whoever logs in must be a member of `role`, which the
    migrations make.
    """
    settings = {
        "application_name": application_name,
        "timezone": "UTC",
        # A statement that waited for the log's lock must see what its holder committed.
        "default_transaction_isolation": "read committed",
        # Compiling a plan takes tenths of a second, which no query here can win back.
        "jit": "off",
        # A frozen process must not keep the log's lock for ever: its session ends, the others go on.
        "idle_in_transaction_session_timeout": f"{idle_in_transaction:.3f}s",
    }
    if role is not None:
        settings["role"] = role
    return await asyncpg.create_pool(
        dsn,
        min_size=min_size,
        max_size=max_size,
        command_timeout=command_timeout,
        server_settings=settings,
        reset=_nothing_to_reset,
    )


async def _nothing_to_reset(_: Connection) -> None:
    """In place of asyncpg's round trip after every use, which cost a short read as much as the read itself.

    What is open is rolled back all the same. Nobody here changes a pooled session: settings are given when it begins,
    locks end with their transaction, and who listens has a connection of its own.
    """


def queries(path: Path) -> Any:  # noqa: ANN401 - its methods are whatever the file names
    """The queries of a `.sql` file as async methods by name; arguments by keyword, after a connection or a pool.

    `-- name: x` gives an async iterator of rows, `x^` one row or None, `x$` one value, `x!` the status text.
    """
    driver: Any = _Adapter  # aiosql's types do not know its own either
    return aiosql.from_path(path, driver, mandatory_parameters=False)


class _Adapter(AsyncPGAdapter):
    """aiosql's own, but a pool finds the connection: how aiosql did was a fifth of a short query."""

    async def select(
        self,
        conn: Asked,
        query_name: str,
        sql: str,
        parameters: Given,
        record_class: None = None,  # noqa: ARG002
    ) -> AsyncIterator[asyncpg.Record]:
        for row in await conn.fetch(sql, *self._ordered(query_name, parameters)):
            yield row

    async def select_one(
        self,
        conn: Asked,
        query_name: str,
        sql: str,
        parameters: Given,
        record_class: None = None,  # noqa: ARG002
    ) -> asyncpg.Record | None:
        return await conn.fetchrow(sql, *self._ordered(query_name, parameters))

    async def select_value(self, conn: Asked, query_name: str, sql: str, parameters: Given) -> object:
        return await conn.fetchval(sql, *self._ordered(query_name, parameters))

    async def insert_update_delete(self, conn: Asked, query_name: str, sql: str, parameters: Given) -> str:
        return await conn.execute(sql, *self._ordered(query_name, parameters))

    def _ordered(self, query_name: str, parameters: Given) -> list[object]:
        return [parameters[name] for name in self.var_sorted[query_name]] if parameters else []
