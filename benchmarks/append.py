"""The checked append against what a service without a log would do: one INSERT, one transaction, per event."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from benchmarks.databases import fresh_database
from shared.contracts.attendance import Call, MemberCheckedIn, Way
from shared.contracts.envelope import Metadata
from shared.database.pool import Pool, open_pool
from shared.eventstore.group_commit import GroupCommitLog
from shared.eventstore.log import Append
from shared.local_time import VIETNAM

EVENTS = 4000
PLAIN = "CREATE TABLE plain (id bigserial PRIMARY KEY, stream text, version int, data json, UNIQUE (stream, version))"
INSERT = "INSERT INTO plain (stream, version, data) VALUES ($1, 1, $2)"


def with_clients(clients: int) -> Callable[[str, str], Coroutine[Any, Any, tuple[float, float]]]:
    """Events per second: ours, and single-row INSERTs over as many connections as the server likes best (32)."""

    async def measure(postgres: str, _: str) -> tuple[float, float]:
        async with fresh_database(postgres) as url:
            pool = await open_pool(url, max_size=32, role=None)
            try:
                await pool.execute(PLAIN)
                peer = await _rate(clients, lambda: _insert(pool))
                async with GroupCommitLog(pool, "bench") as log:
                    ours = await _rate(clients, lambda: _append(log))
            finally:
                await pool.close()
        return ours, peer

    return measure


def check_in() -> Append:
    """An append as a scan at the door makes it."""
    meeting = uuid4()
    event = MemberCheckedIn(
        meeting_id=meeting, member_id=uuid4(), sitting_id=uuid4(), call=Call.START, at=MOMENT, way=Way.QR
    )
    return Append(f"roll-call-{meeting}", 0, str(uuid4()), uuid4(), (event,), METADATA)


async def _append(log: GroupCommitLog) -> None:
    await log.append(check_in())


async def _insert(pool: Pool) -> None:
    append = check_in()
    await pool.execute(INSERT, append.stream, append.events[0].model_dump_json())


async def _rate(clients: int, once: Callable[[], Awaitable[None]]) -> float:
    async def client() -> None:
        for _ in range(EVENTS // clients):
            await once()

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    return EVENTS // clients * clients / (time.perf_counter() - began)


METADATA = Metadata(correlation_id=UUID(int=1), actor="office:bench")
MOMENT = datetime(2026, 3, 3, 19, 30, tzinfo=VIETNAM)
