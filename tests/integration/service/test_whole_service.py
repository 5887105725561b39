"""A whole service as its own process: starts, is ready without Kafka, relays, and stops when asked."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import httpx
import pytest

from deploy.local.ports import free_port
from tests.fixtures.commit_proxy import Lost, commit_proxy
from tests.fixtures.topics import Topics
from tests.fixtures.waiting import eventually

STOP_SECONDS = 60
Database = Callable[[str], Awaitable[str]]


def environment(url: str, bootstrap: str, port: int, prefix: str = "") -> dict[str, str]:
    settings = {
        "DATABASE_URL": url,
        "KAFKA_BOOTSTRAP": bootstrap,
        "TOPIC_PREFIX": prefix,
        "TOPIC_PARTITIONS": "3",
        "PORT": str(port),
    }
    return {**os.environ, **{f"MEETINGS_{name}": value for name, value in settings.items()}}


class Started:
    """A service's process. What it writes is read at once: a full pipe would stop it."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._written = asyncio.create_task(process.communicate())

    @property
    def returncode(self) -> int | None:
        return self._process.returncode

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            self._process.send_signal(number)

    async def written(self) -> bytes:
        """All that it wrote, once it has ended."""
        _, written = await asyncio.shield(self._written)
        return written


@asynccontextmanager
async def running(what: str, variables: Mapping[str, str], service: str = "meetings") -> AsyncIterator[Started]:
    process = Started(
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", f"services.{service}", what, env=variables, stderr=PIPE
        )
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        await process.written()


async def ready(port: int) -> bool:
    async with httpx.AsyncClient() as http:
        try:
            return (await http.get(f"http://127.0.0.1:{port}/health/ready")).status_code == 200
        except httpx.TransportError:
            return False


async def stop(process: Started) -> list[dict[str, object]]:
    """Asks it to stop; its log entries, each of which is a line of JSON, also those of libraries."""
    process.send_signal(signal.SIGTERM)
    try:
        written = await asyncio.wait_for(process.written(), STOP_SECONDS)
    except TimeoutError:
        process.send_signal(signal.SIGKILL)
        pytest.fail(f"still runs, and wrote:\n{(await process.written()).decode()}")
    return [json.loads(line) for line in written.decode().splitlines()]


async def test_starts_makes_its_topics_and_stops_when_asked(service_database: Database, topics: Topics) -> None:
    port = free_port()
    url = await service_database("meetings")
    async with running("all", environment(url, topics.bootstrap, port, topics.prefix)) as process:
        await eventually(lambda: ready(port), "ready", 60)
        await eventually(lambda: exists(topics, f"{topics.prefix}meetings.progress"), "topics", 60)
        entries = await stop(process)
        assert process.returncode == 0
        assert any(entry["event"] == "stopping" and entry["asked"] for entry in entries)


async def exists(topics: Topics, name: str) -> bool:
    return name in await topics._admin.list_topics()


async def test_is_ready_without_kafka_and_stops_then_too(service_database: Database) -> None:
    port, nobody_there = free_port(), f"127.0.0.1:{free_port()}"
    async with running("all", environment(await service_database("meetings"), nobody_there, port)) as process:
        await eventually(lambda: ready(port), "ready", 60)
        await stop(process)
        assert process.returncode == 0


async def test_ends_though_its_database_answers_no_more(service_database: Database) -> None:
    port, nobody_there = free_port(), f"127.0.0.1:{free_port()}"
    url = await service_database("meetings")
    async with commit_proxy(url, Lost.AFTER, lambda _: False) as (proxy, through):
        variables = environment(through, nobody_there, port) | {"MEETINGS_STOP_SECONDS": "3"}
        async with running("all", variables) as process:
            await eventually(lambda: ready(port), "ready", 60)
            proxy.silent = True
            entries = await stop(process)
            assert process.returncode == 1
            assert entries[-1]["event"] == "not stopped in time"


async def test_can_be_stopped_before_it_has_begun(service_database: Database) -> None:
    """Also as the first process of a container, for which the kernel's default does not hold."""
    async with commit_proxy(await service_database("meetings"), Lost.AFTER, lambda _: False) as (proxy, through):
        proxy.silent = True
        async with running("all", environment(through, "127.0.0.1:1", free_port())) as process:
            await eventually(proxy.asked, "the service asks its database", 60)
            process.send_signal(signal.SIGTERM)
            await asyncio.wait_for(process.written(), STOP_SECONDS)
            assert process.returncode == 128 + signal.SIGTERM


async def test_says_in_one_line_what_is_missing() -> None:
    async with running("api", {k: v for k, v in os.environ.items() if not k.startswith("MEETINGS_")}) as process:
        written = await asyncio.wait_for(process.written(), STOP_SECONDS)
        assert process.returncode == 2
        assert b"MEETINGS_DATABASE_URL" in written
        assert b"Traceback" not in written


async def test_refuses_to_write_a_version_that_it_does_not_know() -> None:
    nowhere = environment("postgresql://nowhere@127.0.0.1:1/none", "127.0.0.1:1", free_port())
    async with running("api", nowhere | {"MEETINGS_EVENT_VERSIONS": '{"MeetingHeld": 7}'}) as process:
        written = await asyncio.wait_for(process.written(), STOP_SECONDS)
        assert process.returncode == 2
        assert b"MeetingHeld.v7 cannot be written here, but: MeetingHeld.v1" in written
        assert b"Traceback" not in written
