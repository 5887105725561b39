"""The demo with deploy/encrypted.yml: a month goes through on servers that know each service, and refuse the rest."""

import asyncio
import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from rich.progress import Progress

from samples.demo import job
from samples.demo.door import Door
from samples.month import PERIOD
from samples.province.files import MEMBERS
from shared.web.issuer import DemoIssuer
from tests.compose.conftest import PATIENCE, Deployed
from tests.compose.deployment import Deployment
from tests.fixtures.waiting import eventually

pytestmark = [pytest.mark.compose, pytest.mark.timeout(5400)]

DEMO = ("--env-file", "deploy/demo.env", "--profile", "demo", "--profile", "pull")
OVERLAYS = ("--file", "deploy/encrypted.yml", "--file", "tests/compose/source.yml")
PULLED = "members.json"
NEWCOMER = {"Số thẻ đảng viên": "HT-999999", "Họ và tên": "Trần Thị Mới", "Ngày sinh": "02/01/1990"}
SESSIONS = """
SELECT string_agg(DISTINCT usename || ' ' || ssl, ',' ORDER BY usename || ' ' || ssl)
FROM pg_stat_activity JOIN pg_stat_ssl USING (pid) WHERE usename <> 'postgres'
"""
WRITES_ANOTHERS_TOPIC = """
import asyncio
from services.attendance.settings import AttendanceSettings

async def main():
    producer = AttendanceSettings().brokers.producer(acks="all")
    await producer.start()
    try:
        await producer.send_and_wait("meetings.events", b"{}")
    finally:
        await producer.stop()

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the source of members shows. While it is empty, the source answers 404."""
    folder: Path = tmp_path_factory.mktemp("source")
    folder.chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def deployment(deployed: Deployed, secrets: Path, source: Path) -> Iterator[Deployment]:
    variables = {
        "SECRETS": str(secrets),
        "SOURCE": str(source),
        "MEMBERSHIP_PULL_URL": f"http://source:8000/{PULLED}",
        "MEMBERSHIP_PULL_EVERY_SECONDS": "2",
    }
    with deployed("sinh-hoat-chi-bo-test-encrypted", *DEMO, *OVERLAYS, **variables) as up:
        yield up


@pytest.fixture(scope="module")
def seen() -> dict[str, Path]:
    """What the first test leaves for the next: the file of members."""
    return {}


async def test_a_month_goes_through_encrypted(
    deployment: Deployment, issuer: DemoIssuer, tmp_path: Path, seen: dict[str, Path]
) -> None:
    client = Door(f"http://{deployment.front_door}")
    try:
        with Progress(disable=True) as progress:
            actors = await job.run_job(client, issuer, tmp_path, "small", progress)
        report = await job.settled(client, actors, PERIOD)
    finally:
        await client.close()
    seen["members"] = tmp_path / MEMBERS

    assert report["unit"]["figures"]["met"] > 0
    deployment.all_agree()


async def test_members_are_pulled_once_the_source_has_them_and_a_stopped_pull_ends_well(
    deployment: Deployment, source: Path, seen: dict[str, Path]
) -> None:
    (source / PULLED).write_text(json.dumps({"rows": [newcomer(seen["members"])]}), encoding="utf-8")

    async def taken() -> bool:
        said = await asyncio.to_thread(deployment.run, "logs", "--no-log-prefix", "membership-pull")
        return "1 new, 0 changed, 0 ended, 0 unchanged, 0 set aside" in said.stdout

    await eventually(taken, "the member is pulled", PATIENCE)
    deployment.run("stop", "membership-pull")
    stopped = json.loads(deployment.run("ps", "--all", "--format", "json", "membership-pull").stdout)
    assert (stopped["State"], stopped["ExitCode"]) == ("exited", 0)


def newcomer(members: Path) -> Mapping[str, str | None]:
    """A row for the cell of the first member in the file."""
    lines = members.read_text(encoding="utf-8-sig").splitlines(keepends=True)
    first = next(row for row in csv.DictReader(lines[1:]) if row["Tình trạng sinh hoạt"] == "Đang sinh hoạt")
    return {name: value or None for name, value in {**first, **NEWCOMER}.items()}


def test_every_session_of_a_service_is_its_own_and_encrypted(deployment: Deployment) -> None:
    found = asked(deployment, "--username=postgres", f"--command={SESSIONS}").strip()
    services = ("attendance", "evaluation", "meetings", "membership", "operations", "reporting")
    assert found.split(",") == [f"{service} true" for service in services]


def test_the_database_answers_nobody_in_clear(deployment: Deployment) -> None:
    said = asked(deployment, "host=postgres user=meetings dbname=meetings sslmode=disable", "--command=SELECT 1")
    assert "no encryption" in said


def test_no_other_services_login_writes_a_services_topic(deployment: Deployment) -> None:
    done = deployment.run("exec", "--no-TTY", "attendance", "python", "-c", WRITES_ANOTHERS_TOPIC, check=False)
    assert "TopicAuthorizationFailedError" in done.stderr


def asked(deployment: Deployment, *arguments: str) -> str:
    """What psql says in the server's container, whatever it is."""
    psql = ("exec", "--no-TTY", "postgres", "psql", "--tuples-only", "--no-align")
    done = deployment.run(*psql, *arguments, check=False)
    return done.stdout + done.stderr
