"""Settings from variables, secrets from files too; examples of secrets are refused outside a demo."""

import ssl
from pathlib import Path

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from services.membership.app import SERVICE
from services.membership.settings import MembershipSettings
from services.reporting.app import SERVICE as REPORTING
from services.reporting.settings import ReportingSettings
from shared import secret_settings
from shared.command_line import command_line
from shared.messaging.brokers import Login

OWN = "0123456789abcdef0123"
AUTHORITIES = ssl.get_default_verify_paths().cafile or "/etc/ssl/cert.pem"


@pytest.fixture(autouse=True)
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of secrets, which has what the service needs."""
    monkeypatch.setattr(secret_settings, "SECRETS", tmp_path)
    monkeypatch.setenv("MEMBERSHIP_DATABASE_URL", "postgresql://membership@db:5432/membership?sslmode=disable")
    (tmp_path / "membership_identity_secret").write_text(f"{OWN}\n")
    return tmp_path


def test_takes_a_secret_from_the_file_called_like_its_variable() -> None:
    assert MembershipSettings().identity_secret.get_secret_value() == OWN


def test_prefers_the_variable_to_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEMBERSHIP_IDENTITY_SECRET", "fedcba9876543210fedc")

    assert MembershipSettings().identity_secret.get_secret_value() == "fedcba9876543210fedc"


def test_takes_what_all_services_share_from_one_variable_and_its_own_from_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SERVICE_KAFKA_BOOTSTRAP", "kafka-1:9092,kafka-2:9092")
    monkeypatch.setenv("SERVICE_PORT", "8000")
    monkeypatch.setenv("MEMBERSHIP_PORT", "8001")

    settings = MembershipSettings()

    assert (settings.kafka_bootstrap, settings.port) == ("kafka-1:9092,kafka-2:9092", 8001)


def test_needs_no_folder_of_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secret_settings, "SECRETS", tmp_path / "nowhere")
    monkeypatch.setenv("MEMBERSHIP_IDENTITY_SECRET", OWN)

    assert MembershipSettings().identity_secret.get_secret_value() == OWN


def test_puts_the_password_into_the_address_whatever_signs_it_has(secrets: Path) -> None:
    (secrets / "membership_database_password").write_text("a/b@c:d\n")

    assert MembershipSettings().database_url == (
        "postgresql://membership:a%2Fb%40c%3Ad@db:5432/membership?sslmode=disable"
    )


def test_keeps_a_password_that_the_address_already_has(secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (secrets / "membership_database_password").write_text("other")
    monkeypatch.setenv("MEMBERSHIP_DATABASE_URL", "postgresql://membership:own@db/membership")

    assert MembershipSettings().database_url == "postgresql://membership:own@db/membership"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("MEMBERSHIP_IDENTITY_SECRET", "example-identity-secret"),
        ("MEMBERSHIP_DATABASE_PASSWORD", "example-membership"),
        ("MEMBERSHIP_DATABASE_URL", "postgresql://membership:example-membership@db/membership"),
    ],
)
@pytest.mark.parametrize("command", ["all", "migrate"])
def test_refuses_an_example_outside_the_demo_in_one_line(
    variable: str, value: str, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)

    answer = CliRunner().invoke(command_line(SERVICE, MembershipSettings), [command])

    refusal = "is an example that everybody can read; make your own with `make secrets`"
    assert answer.exit_code == 2
    assert answer.output == f"membership: check the environment: {variable}: {refusal}\n"


def test_takes_an_example_in_the_demo(secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEMBERSHIP_DEMO", "true")
    (secrets / "membership_database_password").write_text("example-membership")

    assert "example-membership@db" in MembershipSettings().database_url


def test_a_database_whose_authority_is_known_must_show_its_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEMBERSHIP_DATABASE_URL", "postgresql://membership@db/membership")
    monkeypatch.setenv("SERVICE_DATABASE_CA_FILE", AUTHORITIES)

    url = MembershipSettings().database_url

    assert url == f"postgresql://membership@db/membership?sslmode=verify-full&sslrootcert={AUTHORITIES}"


def test_a_service_logs_in_to_kafka_under_its_own_name(secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVICE_KAFKA_SECURITY", "SASL_SSL")
    (secrets / "membership_kafka_password").write_text(f"{OWN}\n")

    brokers = MembershipSettings().brokers

    assert brokers.tls is not None
    assert brokers.login == Login("membership", OWN)


@pytest.mark.parametrize(
    ("variables", "refusal"),
    [
        ({"DATABASE_CA_FILE": "/nowhere"}, "DATABASE_CA_FILE: no certificates can be read from /nowhere"),
        ({"DATABASE_CA_FILE": AUTHORITIES}, "DATABASE_URL: says sslmode=disable, but DATABASE_CA_FILE is given"),
        ({"KAFKA_CA_FILE": AUTHORITIES}, "KAFKA_CA_FILE: is given, but KAFKA_SECURITY is PLAINTEXT"),
        ({"KAFKA_SECURITY": "SASL_SSL"}, "KAFKA_SECURITY is SASL_SSL: KAFKA_PASSWORD is missing"),
        ({"KAFKA_SECURITY": "SASL_PLAINTEXT"}, "KAFKA_SECURITY: Input should be 'PLAINTEXT', 'SSL' or 'SASL_SSL'"),
    ],
)
def test_half_an_encryption_is_refused_in_one_line(
    variables: dict[str, str], refusal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(f"MEMBERSHIP_{name}", value)

    answer = CliRunner().invoke(command_line(SERVICE, MembershipSettings), ["all"])

    assert answer.exit_code == 2
    assert refusal in answer.output
    assert answer.output.count("\n") == 1


@pytest.mark.parametrize(
    ("variables", "refusal"),
    [
        ({}, "OIDC_CLIENT_ID is given: OIDC_CLIENT_SECRET or FRONT_DOOR is missing"),
        ({"FRONT_DOOR": "https://door"}, "OIDC_CLIENT_SECRET or FRONT_DOOR is missing"),
        ({"OIDC_CLIENT_SECRET": OWN}, "OIDC_CLIENT_SECRET or FRONT_DOOR is missing"),
        ({"FRONT_DOOR": "https://door/reporting"}, "FRONT_DOOR: String should match pattern"),
        ({"OIDC_CLIENT_SECRET": "example-oidc-client-secret"}, "make your own with `make secrets`"),
    ],
)
def test_half_a_login_is_refused_in_one_line(
    variables: dict[str, str], refusal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"DATABASE_URL": "postgresql://nowhere", "OIDC_CLIENT_ID": "web", **variables}.items():
        monkeypatch.setenv(f"REPORTING_{name}", value)

    answer = CliRunner().invoke(command_line(REPORTING, ReportingSettings), ["all"])

    assert answer.exit_code == 2
    assert refusal in answer.output
    assert answer.output.count("\n") == 1


def test_the_secret_of_a_client_is_a_file_like_others(secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (secrets / "reporting_oidc_client_secret").write_text(f"{OWN}\n")
    for name, value in {"OIDC_CLIENT_ID": "web", "FRONT_DOOR": "https://door"}.items():
        monkeypatch.setenv(f"SERVICE_{name}", value)

    client = ReportingSettings(database_url="postgresql://nowhere").client

    assert client == ("web", SecretStr(OWN), "https://door")
