"""The demo on three brokers: a month goes through while a broker and the database restart, and is still there later."""

import asyncio
import json
import subprocess
from collections.abc import Awaitable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.progress import Progress

from deploy.local.system import PUBLISHERS, SERVICES
from samples.demo import job
from samples.demo.door import Door
from samples.demo.people import Cast
from samples.month import PERIOD
from shared.web.issuer import DemoIssuer
from tests.compose.conftest import PATIENCE, Deployed
from tests.compose.deployment import Deployment
from tests.fixtures.waiting import eventually

pytestmark = [pytest.mark.compose, pytest.mark.timeout(5400)]

DEMO = ("--env-file", "deploy/demo.env", "--env-file", "deploy/kafka/three-brokers.env")
PROFILES = ("--profile", "demo", "--profile", "three-brokers")
JOB_SECONDS = 3600.0
# The small province's month is some hundreds.
REQUESTS_BETWEEN = 60


@pytest.fixture(scope="module")
def deployment(deployed: Deployed) -> Iterator[Deployment]:
    with deployed("sinh-hoat-chi-bo-test-three", *DEMO, *PROFILES) as up:
        yield up


@pytest.fixture(scope="module")
def seen() -> dict[str, Any]:
    """What one test leaves for the next: who acted, and the report."""
    return {}


async def test_a_month_goes_through_while_a_broker_and_the_database_restart(
    deployment: Deployment, issuer: DemoIssuer, tmp_path: Path, seen: dict[str, Any]
) -> None:
    seen["dump"] = await asyncio.to_thread(_dump, deployment)
    client = Door(f"http://{deployment.front_door}")
    try:
        with Progress(disable=True) as progress:
            playing = asyncio.create_task(job.run_job(client, issuer, tmp_path, "small", progress))
            restarts: list[Awaitable[Any]] = []
            for service in ("kafka-2", "postgres"):
                await _after_more_requests(client, playing)
                # Not waited for: the month goes on meanwhile.
                restarts.append(asyncio.create_task(asyncio.to_thread(deployment.run, "restart", service)))
            actors, *_ = await asyncio.gather(playing, *restarts)
        report = await job.settled(client, actors, PERIOD)
    finally:
        await client.close()
    seen |= {"actors": actors, "unit": report["unit"]}

    assert report["unit"]["figures"]["met"] > 0
    deployment.all_agree()


def _dump(deployment: Deployment) -> str:
    return deployment.run("exec", "--no-TTY", "postgres", "pg_dumpall", "--username", "postgres").stdout


async def _after_more_requests(client: Door, playing: asyncio.Task[Cast]) -> None:
    """In the middle of the work, at any speed of the machine."""
    mark = client.requests + REQUESTS_BETWEEN

    async def passed() -> bool:
        assert not playing.done(), "the month was over before anything was restarted"
        return client.requests >= mark

    await eventually(passed, f"{REQUESTS_BETWEEN} more requests", JOB_SECONDS)


def test_every_container_has_no_more_rights_than_it_needs(deployment: Deployment) -> None:
    for container in deployment.containers():
        host, name = container["HostConfig"], container["Name"]
        assert host["ReadonlyRootfs"], name
        assert host["CapDrop"] == ["ALL"], name
        assert host["CapAdd"] in (None, []), name
        assert host["SecurityOpt"] == ["no-new-privileges:true"], name
        assert container["Config"]["User"].split(":")[0] not in {"", "0", "root"}, name
        assert min(host["Memory"], host["NanoCpus"], host["PidsLimit"]) > 0, name
        assert host["RestartPolicy"]["Name"] == "unless-stopped", name
        published = [binding for bindings in (host["PortBindings"] or {}).values() for binding in bindings]
        assert {binding["HostIp"] for binding in published} <= {"127.0.0.1"}, name


async def test_prometheus_scrapes_every_service_and_has_its_rules(deployment: Deployment) -> None:
    async with httpx.AsyncClient(base_url=f"http://{deployment.prometheus}/api/v1") as client:

        async def all_up() -> bool:
            answer = await client.get("/query", params={"query": 'up{job="services"} == 1'})
            return {row["metric"]["instance"] for row in _data(answer)["result"]} == {f"{s}:8000" for s in SERVICES}

        await eventually(all_up, "Prometheus has scraped every service", PATIENCE)
        groups = _data(await client.get("/rules"))["groups"]

    assert {group["name"] for group in groups} == {"services", "relays", "consumers", "webhooks"}
    assert {rule["health"] for group in groups for rule in group["rules"]} <= {"ok", "unknown"}


def _data(answer: httpx.Response) -> Mapping[str, Any]:
    data: Mapping[str, Any] = answer.raise_for_status().json()["data"]
    return data


async def test_down_and_up_again_keeps_everything(deployment: Deployment, seen: dict[str, Any]) -> None:
    await asyncio.to_thread(deployment.down)
    await asyncio.to_thread(deployment.up)

    await _is_as_it_was(deployment, seen)


async def test_a_lost_database_comes_back_from_a_dump_and_the_topics(
    deployment: Deployment, seen: dict[str, Any]
) -> None:
    """As docs/runbook.md has it; the dump is older than everything that was entered."""
    await asyncio.to_thread(deployment.down)
    await asyncio.to_thread(_docker, "volume", "rm", f"{deployment.name}_postgres")
    servers = ("postgres", "kafka-1", "kafka-2", "kafka-3")
    await asyncio.to_thread(deployment.run, "up", "--detach", "--no-build", "--wait", *servers)
    psql = ("exec", "--no-TTY", "postgres", "psql", "--quiet", "--username", "postgres")
    await asyncio.to_thread(deployment.run, *psql, typed=seen["dump"])
    recovered = [
        (await asyncio.to_thread(deployment.run, "run", "--rm", "--no-deps", name, "log", "recover-from-topic")).stdout
        for name in PUBLISHERS
    ]
    await asyncio.to_thread(deployment.up)

    assert sum(int(said.split(" events appended")[0]) for said in recovered) > 0, recovered
    await _is_as_it_was(deployment, seen)


async def test_figures_made_anew_in_a_second_database_are_the_same(
    deployment: Deployment, seen: dict[str, Any]
) -> None:
    """As docs/runbook.md has it."""
    second = partial(deployment.run, REPORTING_DATABASE="reporting_2")
    worker = f"{deployment.name}-reporting-2"
    statements = (
        "CREATE DATABASE reporting_2",
        "REVOKE CONNECT ON DATABASE reporting_2 FROM PUBLIC",
        "GRANT CONNECT ON DATABASE reporting_2 TO reporting",
    )
    commands = [part for statement in statements for part in ("--command", statement)]
    deployment.run("exec", "--no-TTY", "postgres", "psql", "--username", "postgres", *commands)
    run = ("run", "--rm", "--no-deps")
    second(*run, "reporting-migration")
    rebuilt = second(*run, "reporting", "rebuild").stdout
    second("run", "--detach", "--no-deps", "--name", worker, "reporting", "worker")
    try:
        await eventually(partial(_has_caught_up, worker), "the second worker has caught up", PATIENCE)
        recounted = second(*run, "reporting", "recount").stdout
        second("up", "--detach", "--no-build", "--wait", "reporting")
    finally:
        await asyncio.to_thread(_docker, "rm", "--force", worker)

    assert "facts; start the worker" in rebuilt
    assert "recount: 0 differences" in recounted
    await _is_as_it_was(deployment, seen)


async def _has_caught_up(worker: str) -> bool:
    said = await asyncio.to_thread(_docker, "exec", worker, "python", "-m", "services.reporting", "status")
    sources = [consumer["sources"] for consumer in json.loads(said)["consumers"]]
    return all(sources) and all(source["lag_events"] == 0 for each in sources for source in each)


def _docker(*arguments: str) -> str:
    return subprocess.run(["docker", *arguments], check=True, capture_output=True, text=True).stdout


async def _is_as_it_was(deployment: Deployment, seen: dict[str, Any]) -> None:
    client = Door(f"http://{deployment.front_door}")
    try:
        report = await job.settled(client, seen["actors"], PERIOD)
    finally:
        await client.close()
    assert report["unit"] == seen["unit"]
    deployment.all_agree()
