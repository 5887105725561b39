"""What Compose makes of docker-compose.yml, alone and with deploy/encrypted.yml: every container can begin with it."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from deploy.local.system import ROOT, SERVICES
from shared import secret_settings
from shared.service import ServiceSettings

PLAIN = ("docker-compose.yml",)
ENCRYPTED = (*PLAIN, "deploy/encrypted.yml")
JOBS = ("", "-migration", "-topics", "-pull")
PULLED = {"MEMBERSHIP_PULL_URL": "https://nguon.example.vn/dang-vien"}
# Of the key of the authority alone nothing is mounted.
KEPT = {"authority_key"}
SECURED = ROOT / "deploy" / "kafka" / "secured.properties"
Configured = Mapping[str, Any]


def configured(*files: str, secrets: Path) -> Configured:
    """All containers, with the settings of .env.example; skips where Compose is not installed."""
    if shutil.which("docker") is None or _compose("version").returncode != 0:
        pytest.skip("needs docker with its compose plugin, though no engine")
    named = [word for file in files for word in ("--file", file)]
    asked = ("--env-file", ".env.example", *named, "--profile", "*", "config", "--format", "json")
    done = _compose(*asked, SECRETS=str(secrets), **PULLED)
    assert done.returncode == 0, done.stderr
    made: Configured = json.loads(done.stdout)
    return made


def _compose(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Nothing of the caller's environment fills a variable in."""
    found = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        ["docker", "compose", *arguments],
        cwd=ROOT,
        env=found | variables,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `make secrets` fills."""
    folder: Path = tmp_path_factory.mktemp("deployment") / "secrets"
    for script in ("secrets.sh", "certificates.sh"):
        subprocess.run(["sh", str(ROOT / "deploy" / script), str(folder)], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def plain(secrets: Path) -> Configured:
    return configured(*PLAIN, secrets=secrets)


@pytest.fixture(scope="module")
def encrypted(secrets: Path) -> Configured:
    return configured(*ENCRYPTED, secrets=secrets)


def containers(made: Configured) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Those of the services: the service's name, the container's, and what it is."""
    for service in SERVICES:
        for job in JOBS:
            if (found := made["services"].get(f"{service}{job}")) is not None:
                yield service, f"{service}{job}", found


def variables(container: Mapping[str, Any]) -> Iterable[tuple[str, str | None]]:
    """None: as in the environment, where there is nothing."""
    given: Mapping[str, str | None] = container["environment"]
    return given.items()


def secrets_of(container: Mapping[str, Any]) -> Mapping[str, str]:
    """The name in the container of each secret, and its own."""
    return {Path(secret["target"]).name: secret["source"] for secret in container.get("secrets", [])}


def settings_of(
    service: str, container: Mapping[str, Any], secrets: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> ServiceSettings:
    """As a process in the container reads them, its secrets in `folder` instead of /run/secrets."""
    folder.mkdir()
    for target, source in secrets_of(container).items():
        shutil.copy(secrets / source, folder / target)
    monkeypatch.setattr(secret_settings, "SECRETS", folder)
    for name, value in variables(container):
        if value is not None:
            monkeypatch.setenv(name, value.replace("/run/secrets", str(folder)))
    settings: type[ServiceSettings] = getattr(
        import_module(f"services.{service}.settings"), f"{service.capitalize()}Settings"
    )
    return settings()


def test_every_secret_that_a_container_wants_is_made_and_every_one_that_is_made_is_wanted(
    encrypted: Configured, secrets: Path
) -> None:
    wanted = {source for container in encrypted["services"].values() for source in secrets_of(container).values()}
    assert wanted == {path.name for path in secrets.iterdir()} - KEPT


def test_every_container_begins_with_its_settings(
    plain: Configured, secrets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for service, name, container in containers(plain):
        with monkeypatch.context() as inside:
            settings = settings_of(service, container, secrets, tmp_path / name, inside)
        assert settings.brokers.tls is None
        assert settings.front_door == "https://sinh-hoat.example.vn"


def test_no_setting_of_a_container_is_one_that_nobody_reads(encrypted: Configured) -> None:
    for service, name, container in containers(encrypted):
        settings = import_module(f"services.{service}.settings")
        fields = getattr(settings, f"{service.capitalize()}Settings").model_fields
        given = {variable.partition("_")[2].lower() for variable, _ in variables(container)}
        assert given <= set(fields), name


def test_encrypted_each_container_trusts_the_authority_alone_and_comes_by_its_own_login(
    encrypted: Configured, secrets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for service, name, container in containers(encrypted):
        with monkeypatch.context() as inside:
            settings = settings_of(service, container, secrets, tmp_path / name, inside)
            brokers = settings.brokers
        assert "sslmode=verify-full" in settings.database_url, name
        if name.endswith("-migration"):  # which asks no broker
            continue
        assert brokers.tls is not None, name
        assert brokers.login is not None, name
        assert (brokers.login.user, brokers.login.password) == (
            service,
            (secrets / f"{service}_kafka_password").read_text(),
        )


def test_encrypted_no_container_of_a_service_has_anothers_password(encrypted: Configured) -> None:
    for service, name, container in containers(encrypted):
        passwords = {secret for secret in secrets_of(container).values() if secret.endswith("_password")}
        assert passwords <= {f"{service}_kafka_password", f"{service}_database_password", "postgres_password"}, name
        assert ("postgres_password" in passwords) == name.endswith("-migration")


def test_encrypted_a_broker_is_set_by_the_file_and_nothing_says_otherwise(encrypted: Configured) -> None:
    lines = [line for line in SECURED.read_text().splitlines() if line and not line.startswith("#")]
    wanted = dict(line.split("=", 1) for line in lines)
    for number in (1, 2, 3):
        broker = encrypted["services"][f"kafka-{number}"]
        mounted = {volume["target"]: volume["source"] for volume in broker["volumes"]}
        assert Path(mounted["/mnt/shared/config/server.properties"]) == SECURED
        said = {name.removeprefix("KAFKA_").lower().replace("_", "."): value for name, value in variables(broker)}
        assert {name: wanted[name] for name in wanted.keys() & said.keys()}.items() <= said.items()
        assert "PLAINTEXT" not in f"{said['listeners']} {said['advertised.listeners']}"


def test_encrypted_no_service_begins_before_it_has_its_rights(encrypted: Configured) -> None:
    for service in SERVICES:
        assert "kafka-access" in encrypted["services"][service]["depends_on"]
