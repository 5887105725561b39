"""Only the jars that were locked reach the class path, whatever the cache or the repository holds."""

import hashlib
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from deploy.local import ports
from deploy.local.artefacts import class_path
from deploy.local.errors import LocalStackError

JAR = b"the jar that was locked"
PLACE = Path("org/example/thing/1.0/thing-1.0.jar")


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_arguments: object) -> None:
        """Quiet: the test looks at files."""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a Maven repository, served on loopback and named in jgo's configuration."""
    folder = tmp_path / "repository"
    (folder / PLACE).parent.mkdir(parents=True)
    (folder / PLACE).write_bytes(JAR)
    server = ThreadingHTTPServer((ports.LOOPBACK, 0), partial(Quiet, directory=str(folder)))
    thread = Thread(target=server.serve_forever)
    thread.start()
    point_to(server.server_port, tmp_path, monkeypatch)
    yield folder
    server.shutdown()
    server.server_close()
    thread.join()


def point_to(port: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configuration = folder / "jgo.conf"
    configuration.write_text(f"[repositories]\nlocal = http://{ports.LOOPBACK}:{port}\n")
    monkeypatch.setenv("JGO_CONFIG_FILE", str(configuration))


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "thing.lock.toml"
    path.write_text(
        '[[dependencies]]\ngroupId = "org.example"\nartifactId = "thing"\nversion = "1.0"\n'
        f'sha256 = "{hashlib.sha256(JAR).hexdigest()}"\n'
    )
    return path


def test_a_missing_jar_is_fetched(repository: Path, lock: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    assert class_path(lock, cache) == [cache / PLACE]
    assert (cache / PLACE).read_bytes() == (repository / PLACE).read_bytes()


@pytest.mark.usefixtures("repository")
def test_a_jar_that_was_cut_off_or_changed_in_the_cache_is_fetched_anew(lock: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    [jar] = class_path(lock, cache)
    jar.write_bytes(JAR[:5])
    assert class_path(lock, cache) == [jar]
    assert jar.read_bytes() == JAR


def test_a_repository_with_another_jar_is_refused_and_nothing_of_it_stays(
    repository: Path, lock: Path, tmp_path: Path
) -> None:
    (repository / PLACE).write_bytes(b"something else")
    with pytest.raises(LocalStackError, match=r"thing-1.0.jar is not the file that was locked"):
        class_path(lock, tmp_path / "cache")
    assert not (tmp_path / "cache" / PLACE).exists()


def test_no_network_is_one_line(lock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    point_to(ports.free_port(), tmp_path, monkeypatch)
    with pytest.raises(LocalStackError, match=r"^cannot fetch thing-1.0.jar: is there a network\? .*$"):
        class_path(lock, tmp_path / "cache")


@pytest.mark.usefixtures("repository")
def test_a_lock_without_sums_is_refused(lock: Path, tmp_path: Path) -> None:
    lock.write_text(lock.read_text().partition("sha256")[0])
    with pytest.raises(LocalStackError, match="no SHA-256 for thing"):
        class_path(lock, tmp_path / "cache")
