"""`make secrets` makes certificates that servers and clients take, once, and renews them before they end."""

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from deploy.local.system import ROOT
from tests.fixtures.certificates import Authority

SCRIPT = ROOT / "deploy" / "certificates.sh"
needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl, which make secrets uses")
HOSTS = {"kafka": {"kafka-1", "kafka-2", "kafka-3", "localhost"}, "postgres": {"postgres", "localhost"}}


def made(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", str(SCRIPT), str(folder)], env=variables or None, capture_output=True, text=True, check=True
    )


def certificate(path: Path) -> x509.Certificate:
    [found] = x509.load_pem_x509_certificates(path.read_bytes())
    return found


@needs_openssl
@pytest.mark.parametrize("name", HOSTS)
def test_a_servers_certificate_is_the_authoritys_and_names_the_hosts_of_compose(tmp_path: Path, name: str) -> None:
    made(tmp_path)
    server = certificate(tmp_path / f"{name}_identity")
    server.verify_directly_issued_by(certificate(tmp_path / "authority_certificate"))
    [subject] = server.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    named = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert (subject.value, set(named.get_values_for_type(x509.DNSName))) == (name, HOSTS[name])


@needs_openssl
def test_nobody_else_may_read_the_folder_and_nobody_at_all_mounts_the_authoritys_key(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    made(folder)
    assert folder.stat().st_mode & 0o077 == 0
    assert (folder / "authority_key").stat().st_mode & 0o077 == 0
    assert "authority_key" not in (ROOT / "deploy" / "encrypted.yml").read_text()


@needs_openssl
def test_what_is_there_stays_until_it_is_about_to_end(tmp_path: Path) -> None:
    made(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert made(tmp_path).stdout == ""
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before

    ending, key = Authority(tmp_path.parent, "another").issue("ending")
    identity = tmp_path / "kafka_identity"
    identity.chmod(0o600)
    identity.write_bytes(key.read_bytes() + ending.read_bytes())
    assert made(tmp_path).stdout == f"made {identity}\n"
    renewed = certificate(identity)
    renewed.verify_directly_issued_by(certificate(tmp_path / "authority_certificate"))
    assert renewed.not_valid_after_utc > datetime.now(UTC) + timedelta(days=800)
    assert (tmp_path / "postgres_identity").read_bytes() == before["postgres_identity"]


def test_a_machine_without_openssl_is_told_and_gets_its_other_secrets_all_the_same(tmp_path: Path) -> None:
    done = made(tmp_path / "secrets", PATH=str(tmp_path))
    assert done.stderr == "openssl is not installed: no certificates were made\n"
