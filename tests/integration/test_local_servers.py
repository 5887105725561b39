"""The demo's own PostgreSQL and Kafka: data stay, a killed run leaves nothing in the way."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.local import ports
from deploy.local.errors import LocalStackError
from deploy.local.kafka import plan_cluster, start_kafka, start_nodes
from deploy.local.postgres import start_postgres
from deploy.local.process import Identity, recorded
from deploy.local.servers import Servers
from deploy.local.system import running_system
from shared.messaging.brokers import Brokers
from shared.messaging.provision import provision
from tests.fixtures.waiting import until


async def execute(url: str, statement: str) -> str:
    connection = await asyncpg.connect(url)
    try:
        return str(await connection.fetchval(statement))
    finally:
        await connection.close()


async def test_postgres_keeps_its_data_and_its_password(tmp_path: Path) -> None:
    first = start_postgres(tmp_path, durable=False)
    await execute(first.url, "CREATE TABLE kept AS SELECT 'đảng ủy' AS word")
    first.stop()

    second = start_postgres(tmp_path, durable=False)
    assert await execute(second.url, "SELECT upper(word) FROM kept") == "ĐẢNG ỦY"
    second.stop()


async def test_postgres_answers_nobody_without_the_password(tmp_path: Path) -> None:
    server = start_postgres(tmp_path, durable=False)
    password = (tmp_path / "password").read_text()
    with pytest.raises(asyncpg.InvalidPasswordError):
        await execute(server.url.replace(password, "guess"), "SELECT 1")
    assert (tmp_path / "password").stat().st_mode & 0o077 == 0
    server.stop()


@pytest.fixture
def other_process(tmp_path: Path) -> Iterator[Callable[[], int]]:
    """Starts a process of the user who owns the cluster: of all others PostgreSQL knows that they are no server."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> int:
        started.append(subprocess.Popen(["sleep", "600"], user=(tmp_path / "data").stat().st_uid))
        return started[-1].pid

    yield start
    for process in started:
        process.kill()
        process.wait()


async def test_postgres_starts_although_another_process_has_the_pid_in_its_lock(
    tmp_path: Path, other_process: Callable[[], int]
) -> None:
    killed = start_postgres(tmp_path, durable=False)
    os.kill(killed.process.pid, signal.SIGKILL)
    until(lambda: killed.process.exit_status() is not None, "it has ended")
    lock = tmp_path / "data" / "postmaster.pid"
    lock.write_text(lock.read_text().replace(str(killed.process.pid), str(other_process()), 1))

    server = start_postgres(tmp_path, durable=False)
    assert await execute(server.url, "SELECT 1") == "1"
    server.stop()


async def test_postgres_starts_after_it_was_killed(tmp_path: Path) -> None:
    killed = start_postgres(tmp_path, durable=False)
    await execute(killed.url, "CREATE TABLE kept (one int)")
    os.kill(killed.process.pid, signal.SIGKILL)
    until(lambda: killed.process.exit_status() is not None, "it has ended")

    server = start_postgres(tmp_path, durable=False)
    assert await execute(server.url, "SELECT count(*) FROM kept") == "0"
    server.stop()


@pytest.mark.parametrize(("start", "name"), [(start_postgres, "PostgreSQL"), (start_kafka, "Kafka")])
def test_a_busy_port_is_one_line(
    tmp_path: Path, start: Callable[[Path, int], object], name: str, busy_port: int
) -> None:
    with pytest.raises(LocalStackError, match=f"^port {busy_port} on 127.0.0.1 is busy: .* give {name} another port$"):
        start(tmp_path, busy_port)


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.create_server((ports.LOOPBACK, 0)) as listener:
        yield listener.getsockname()[1]


async def test_kafka_keeps_its_topics_and_logs_what_it_does(tmp_path: Path) -> None:
    first = start_kafka(tmp_path)
    admin = AIOKafkaAdminClient(bootstrap_servers=first.bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic("kept", 3, 1)])
    await admin.close()
    first.stop()
    assert "Kafka Server started" in (tmp_path / "kafka.log").read_text()

    second = start_kafka(tmp_path)
    admin = AIOKafkaAdminClient(bootstrap_servers=second.bootstrap)
    await admin.start()
    assert "kept" in await admin.list_topics()
    await admin.close()
    second.stop()


@pytest.mark.timeout(300)
async def test_a_server_that_ends_by_itself_is_started_again_where_it_was(tmp_path: Path) -> None:
    servers = Servers(tmp_path, lambda _: None)
    before, said = (servers.postgres, servers.kafka), list[str]()
    for name in ("postgres", "kafka"):
        os.kill(running(tmp_path / name / f"{name}.pid").pid, signal.SIGKILL)

    def both() -> bool:
        servers.start_ended(said.append)
        return len(said) == 2

    until(both, "both are started again", seconds=120)
    assert (servers.postgres, servers.kafka) == before
    assert [line.partition(" ")[0] for line in said] == ["postgres", "kafka"]
    assert await execute(servers.postgres, "SELECT 1") == "1"
    admin = AIOKafkaAdminClient(bootstrap_servers=servers.kafka)
    await admin.start()
    await admin.close()
    servers.stop()


def test_a_busy_front_door_is_said_before_anything_starts(tmp_path: Path, busy_port: int) -> None:
    steps: list[str] = []
    with (
        pytest.raises(LocalStackError, match=f"^port {busy_port} on 127.0.0.1 is busy: .* give the front door another"),
        running_system(tmp_path, {}, steps.append, busy_port),
    ):
        pytest.fail("it started")
    assert steps == []


@pytest.mark.timeout(300)  # four Java programs at once
async def test_a_cluster_of_three_goes_on_without_one_of_them(tmp_path: Path) -> None:
    nodes = plan_cluster(tmp_path, 3)
    servers = start_nodes(nodes)
    addresses = ",".join(node.address for node in nodes)
    await provision(Brokers(addresses), "notes", partitions=1, replication=3, min_insync=2)
    os.kill(servers[0].process.pid, signal.SIGKILL)
    async with AIOKafkaProducer(bootstrap_servers=addresses, acks="all", enable_idempotence=True) as producer:
        sent = await producer.send_and_wait("notes.events", b"copied")
    assert sent.offset == 0
    for server in servers:
        server.stop()


def test_both_servers_end_with_a_run_that_is_killed_and_start_again(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "deploy.local", "up", "--no-durable", "--folder", str(tmp_path)]
    killed = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    addresses = tmp_path / "servers.json"
    until(lambda: addresses.exists() and bool(addresses.read_text()), "both servers run", 60)
    servers = [running(tmp_path / name / f"{name}.pid") for name in ("postgres", "kafka")]
    killed.kill()
    killed.wait()

    again = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert again.stdout is not None
    assert again.stdout.readline().startswith(b"PostgreSQL postgresql://")
    assert not any(server.runs() for server in servers)
    assert set(json.loads(addresses.read_text())) == {"postgres", "kafka"}

    again.send_signal(signal.SIGINT)
    assert again.wait(20) == 0
    assert not addresses.exists()
    again.stdout.close()


def running(record: Path) -> Identity:
    identity = recorded(record)
    assert identity is not None
    assert identity.runs()
    return identity
