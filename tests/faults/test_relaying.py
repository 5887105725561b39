"""Relays on real servers, ended by kill -9 at each step, and frozen past their takeover: the topic stays a copy."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator

import asyncpg
import pytest

from shared.contracts.envelope import from_record
from shared.database.migrate import SHARED_MIGRATIONS
from shared.database.pool import Pool, open_pool
from shared.eventstore.postgres import PostgresLog
from shared.messaging.kafka_topic import KafkaTopic
from shared.messaging.postgres_relay_store import PostgresRelayStore
from shared.messaging.provision import provision
from shared.messaging.recover import verify
from shared.messaging.relay_store import Checkpoint
from tests.conformance.appends import append_of
from tests.fixtures.databases import DatabaseFactory
from tests.fixtures.topics import PARTITIONS, Topics
from tests.fixtures.waiting import eventually

pytestmark = pytest.mark.faults

SESSION_SECONDS = 2.0
Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
async def url(database: DatabaseFactory, topics: Topics) -> str:
    await provision(topics.brokers, "notes", prefix=topics.prefix, partitions=PARTITIONS)
    return await database(*SHARED_MIGRATIONS)


@pytest.fixture
async def pool(url: str) -> AsyncIterator[Pool]:
    pool = await open_pool(url)
    yield pool
    await pool.close()


@pytest.fixture
def log(pool: Pool) -> PostgresLog:
    return PostgresLog(pool, "notes")


@pytest.fixture
def start(url: str, topics: Topics) -> Iterator[Start]:
    """Starts a relay process; those that still run are ended after the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start_one(failpoint: str = "") -> subprocess.Popen[bytes]:
        arguments = [url, topics.bootstrap, topics.prefix, str(SESSION_SECONDS)]
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.relaying", *arguments], env={**os.environ, "FAILPOINT": failpoint}
        )
        started.append(process)
        return process

    yield start_one
    for process in started:
        process.kill()
        process.wait()


async def fill(log: PostgresLog, count: int) -> None:
    head = await log.head()
    for n in range(head, head + count):
        await log.append(append_of(stream=f"stream-{n}", key=f"key-{n % 7}"))


async def until_relayed(pool: Pool, log: PostgresLog) -> None:
    async def relayed() -> bool:
        position: int = await pool.fetchval("SELECT position FROM relay_checkpoint")
        return position == await log.head()

    await eventually(relayed, "the checkpoint is at the log's head", seconds=30)


async def check_copy(log: PostgresLog, topics: Topics) -> None:
    """Every row is on the topic, and no record comes before its predecessor."""
    topic = await KafkaTopic.open(topics.brokers, "notes", topics.prefix)
    try:
        assert (await verify(log, topic, await log.head())).is_copy
        for partition in range(PARTITIONS):
            seen = {0}
            for record in await topic.read(partition, 0, 10_000):
                row, prev = from_record(record)
                assert prev in seen
                seen.add(row.position)
    finally:
        await topic.close()


@pytest.mark.parametrize("failpoint", ["relay.elected", "relay.sent", "relay.checkpointed", "relay.told"])
async def test_a_relay_killed_at_any_step_is_followed_by_one_that_completes_the_topic(
    failpoint: str, log: PostgresLog, pool: Pool, topics: Topics, start: Start
) -> None:
    await fill(log, 30)
    killed = start(failpoint)
    assert await wait_for_end(killed) == -signal.SIGKILL
    await fill(log, 10)
    start()
    await until_relayed(pool, log)
    await check_copy(log, topics)


async def test_a_frozen_leader_is_replaced_and_harmless_when_it_wakes(
    log: PostgresLog, pool: Pool, topics: Topics, start: Start
) -> None:
    await fill(log, 20)
    first = start()
    await until_relayed(pool, log)
    epoch = await pool.fetchval("SELECT epoch FROM relay_checkpoint")
    first.send_signal(signal.SIGSTOP)
    await fill(log, 20)
    start()
    await until_relayed(pool, log)
    assert await pool.fetchval("SELECT epoch FROM relay_checkpoint") == epoch + 1
    first.send_signal(signal.SIGCONT)
    await fill(log, 20)
    await until_relayed(pool, log)
    await check_copy(log, topics)
    assert first.poll() is None


async def test_a_leader_that_is_busy_for_longer_than_a_silent_session_lives_keeps_it(url: str) -> None:
    """It reads a large topic before it refuses, or a slow one: without its session it would begin again, for ever."""
    lived = (
        "SELECT clock_timestamp() - backend_start > interval '3 s' FROM pg_stat_activity"
        " WHERE application_name = 'relay' AND datname = current_database()"
    )
    owner = await asyncpg.connect(url)
    try:
        async with PostgresRelayStore(url, session_seconds=1).lead() as leadership:
            assert leadership is not None

            async def still_there() -> bool:
                return bool(await owner.fetchval(lived))

            await eventually(still_there, "the session is older than it may be silent", 30)
            await leadership.advance(Checkpoint(1))
    finally:
        await owner.close()


async def test_a_leader_that_loses_its_session_begins_again(
    log: PostgresLog, pool: Pool, url: str, topics: Topics, start: Start
) -> None:
    await fill(log, 5)
    start()
    await until_relayed(pool, log)
    owner = await asyncpg.connect(url)
    try:
        await owner.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'relay'")
    finally:
        await owner.close()
    await fill(log, 5)
    await until_relayed(pool, log)
    await check_copy(log, topics)


async def wait_for_end(process: subprocess.Popen[bytes]) -> int:
    async def ended() -> bool:
        return process.poll() is not None

    await eventually(ended, "the armed relay has ended", seconds=30)
    return process.returncode
