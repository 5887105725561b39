"""A relay's store in PostgreSQL: lock and LISTEN on one direct connection, never through a pooler."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from time import monotonic

import asyncpg

from shared.database.pool import RELAY_ROLE, queries
from shared.database.transient import is_transient
from shared.messaging.relay_store import Checkpoint, Fenced, Leadership, SessionLost

QUERIES = queries(Path(__file__).parent / "sql" / "relay.sql")
LOCK_SPACE = 0x72656C61  # "rela": a number of this lock alone
CHANNEL = "log_appended"
RELAY_SESSION = "relay"
# A leader that is frozen, or whose machine is gone, keeps its session and with it the lock until the server ends it.
# Longer than a send may take; whoever is slower begins again from the checkpoint.
SESSION_SECONDS = 20.0
KEEPALIVES = {
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "2",
}


class PostgresRelayStore:
    """`dsn`: the service's database, reached directly: a session lock and LISTEN do not survive a pooler."""

    def __init__(self, dsn: str, *, role: str | None = RELAY_ROLE, session_seconds: float = SESSION_SECONDS) -> None:
        self._dsn = dsn
        self._heartbeat = session_seconds / 4
        self._settings = {
            "application_name": RELAY_SESSION,
            "timezone": "UTC",
            "idle_session_timeout": f"{int(session_seconds * 1000)}ms",
            **KEEPALIVES,
        } | ({"role": role} if role else {})

    @asynccontextmanager
    async def lead(self) -> AsyncIterator[Leadership | None]:
        with _session():
            connection = await asyncpg.connect(
                self._dsn, timeout=10, command_timeout=30, server_settings=self._settings
            )
        try:
            with _session():
                elected = await QUERIES.try_lock(connection, space=LOCK_SPACE)
                leading = await _Leading.begin(connection, self._heartbeat) if elected else None
            if leading is None:
                yield None
                return
            alive = asyncio.create_task(leading.keep_alive())
            try:
                yield leading
            finally:
                alive.cancel()
                await asyncio.wait([alive])
        finally:
            connection.terminate()  # at once: ending the session frees the lock

    async def reset(self) -> None:
        """Lets the next leader send the whole log again."""
        with _session():
            connection = await asyncpg.connect(self._dsn, timeout=10, server_settings=self._settings)
            try:
                await QUERIES.reset(connection)
            finally:
                await connection.close()


class _Leading:
    def __init__(self, connection: asyncpg.Connection, epoch: int, heartbeat: float) -> None:
        self._connection = connection
        self._appended = asyncio.Event()
        self._turn = asyncio.Lock()
        self._heard = monotonic()
        self._heartbeat = heartbeat
        self.epoch = self._valid = epoch

    @classmethod
    async def begin(cls, connection: asyncpg.Connection, heartbeat: float) -> "_Leading":
        leading = cls(connection, await QUERIES.next_epoch(connection), heartbeat)
        await connection.add_listener(CHANNEL, lambda *_: leading._appended.set())
        connection.add_termination_listener(lambda *_: leading._appended.set())
        return leading

    async def checkpoint(self) -> Checkpoint:
        async with self._session_to_itself():
            row = await QUERIES.checkpoint(self._connection)
        return Checkpoint(row["position"], _by_partition(row["last"]), _by_partition(row["ends"]))

    async def advance(self, checkpoint: Checkpoint) -> None:
        async with self._session_to_itself():
            moved = await QUERIES.advance(
                self._connection,
                position=checkpoint.position,
                last=json.dumps(dict(checkpoint.last)),
                ends=json.dumps(dict(checkpoint.ends)),
                epoch=self.epoch,
            )
        self._check(moved)

    async def keep_alive(self) -> None:
        """A leader that opens its topic, or reads a large one, says nothing for longer than a session may be silent.

        A frozen process says nothing here either. That the session is lost is raised by the next call.
        """
        with suppress(SessionLost):
            while True:
                await asyncio.sleep(self._heartbeat / 2)
                await self._beat()

    async def _beat(self) -> None:
        if monotonic() - self._heard > self._heartbeat:
            async with self._session_to_itself():
                self._valid = await QUERIES.heartbeat(self._connection)

    @asynccontextmanager
    async def _session_to_itself(self) -> AsyncIterator[None]:
        """A connection does one thing at a time."""
        async with self._turn:
            with _session():
                yield
            self._heard = monotonic()

    def _check(self, epoch: int | None) -> None:
        if epoch != self.epoch:
            raise Fenced(f"epoch {self.epoch} is over: another relay leads, or the log is to be sent again")

    async def wait(self, seconds: float) -> None:
        with suppress(TimeoutError):  # nobody told us: the poll looks by itself
            async with asyncio.timeout(seconds):
                await self._appended.wait()
        self._appended.clear()
        await self._beat()
        self._check(self._valid)
        if self._connection.is_closed():
            raise SessionLost("the leader's session has ended")


def _by_partition(stored: str) -> dict[int, int]:
    return {int(partition): number for partition, number in json.loads(stored).items()}


@contextmanager
def _session() -> Iterator[None]:
    try:
        yield
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
        if is_transient(error):
            raise SessionLost(f"the relay's session is gone: {error!r}") from error
        raise
