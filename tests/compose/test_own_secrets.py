"""Outside the demo: examples of secrets are refused before anything starts, own ones go through on one broker."""

import json
from pathlib import Path

import httpx
import pytest

from tests.compose.conftest import Deployed, Make

pytestmark = [pytest.mark.compose, pytest.mark.timeout(3600)]

NAME = "sinh-hoat-chi-bo-test-own"
EXAMPLE = "is an example that everybody can read"
PROVIDER = {
    "SERVICE_OIDC_ISSUER": "https://issuer.invalid",
    "SERVICE_OIDC_JWKS_URL": "https://issuer.invalid/jwks.json",
    "SERVICE_CLIENTS": json.dumps({"van-hanh": {"role": "operator"}}),
}


def test_examples_of_secrets_are_refused_before_anything_is_set_up(make: Make) -> None:
    deployment = make(NAME, SECRETS="./deploy/secrets.example", **PROVIDER)
    try:
        started = deployment.run("up", "--detach", "--no-build", check=False)
        said = deployment.run("logs", "--no-log-prefix", "secrets-check").stdout.splitlines()
        running = deployment.run("ps", "--services", "--status", "running").stdout.split()
    finally:
        deployment.down(volumes=True)

    assert started.returncode != 0
    assert [line for line in said if EXAMPLE in line] == said
    assert len(said) == 1
    assert not {"postgres", "membership"} & set(running)


def test_a_service_by_itself_refuses_an_example_too(make: Make) -> None:
    deployment = make(NAME, SECRETS="./deploy/secrets.example", **PROVIDER)
    try:
        started = deployment.run("run", "--rm", "--no-deps", "attendance", check=False)
    finally:
        deployment.down(volumes=True)

    assert started.returncode == 2
    assert "attendance: check the environment: ATTENDANCE_DATABASE_PASSWORD: " + EXAMPLE in started.stderr


def test_own_secrets_and_one_broker_are_enough(deployed: Deployed, secrets: Path) -> None:
    with deployed(NAME, SECRETS=str(secrets), **PROVIDER) as deployment:
        running = set(deployment.run("ps", "--services", "--status", "running").stdout.split())
        answers = httpx.get(f"http://{deployment.front_door}/reporting/health/ready", timeout=30)
        # As docs/deploy.md and docs/operators.md have them.
        recounted = deployment.run("run", "--rm", "--no-deps", "reporting", "recount").stdout
        deployment.run("stop", "meetings")
        topics = ("/opt/kafka/bin/kafka-topics.sh", "--bootstrap-server", "kafka-1:9092")
        deployment.run("exec", "--no-TTY", "kafka-1", *topics, "--delete", "--topic", "meetings.events")
        deployment.run("run", "--rm", "--no-deps", "meetings", "republish")
        deployment.up()
        deployment.all_agree()

    assert {"kafka-1", "front-door", "prometheus"} <= running
    assert not {"kafka-2", "issuer"} & running
    assert answers.json()["ok"]
    assert "recount: 0 differences" in recounted
