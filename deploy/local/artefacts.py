"""Java programs without Maven: the jars that a lock file names, fetched once, each checked against its SHA-256.

The lock has jgo's format (`jgo.lock.toml`) and names no host; jgo's Python resolver wrote it and its configuration
says where artefacts come from. jgo itself checks only the sum that the same host sends, so the sums are checked here,
at every start: a cache can be cut off or changed too.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import requests
from jgo.config import GlobalSettings
from jgo.env import LockedDependency, LockFile
from jgo.maven import Artifact, Dependency, MavenContext, PythonResolver

from deploy.local.errors import LocalStackError


def cache_folder() -> Path:
    """Where artefacts are kept between runs and checkouts: the user's cache folder (XDG_CACHE_HOME)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sinh-hoat-chi-bo" / "maven"


def class_path(lock: Path, cache: Path) -> list[Path]:
    """The jars of `lock` in `cache`, after fetching what is missing. Raises LocalStackError."""
    cache.mkdir(parents=True, exist_ok=True)
    context = _context(cache)
    with _alone(cache):
        return [_verified(context, dependency) for dependency in LockFile.load(lock).dependencies]


def write_lock(coordinates: Sequence[tuple[str, str, str]], lock: Path, cache: Path) -> None:
    """Resolves (group, artefact, version) with all they need and writes the versions and sums to `lock`.

    `raw`: jgo would otherwise take each of them as a bill of materials for the others, and Log4j's lowers Kafka's own
    client to 3.9.1.
    """
    context = _context(cache)
    roots = [
        Dependency(context.project(group, name).at_version(version).artifact(), raw=True)
        for group, name, version in coordinates
    ]
    inputs, transitive = context.resolver.resolve(roots)
    locked = [LockedDependency.from_dependency(dependency) for dependency in (*inputs, *transitive)]
    LockFile(sorted(locked, key=lambda one: (one.groupId, one.artifactId))).save(lock)


def _context(cache: Path) -> MavenContext:
    repositories = GlobalSettings.load().repositories or None
    return MavenContext(resolver=PythonResolver(), repo_cache=cache, remote_repos=repositories, timeout=60)


def _verified(context: MavenContext, locked: LockedDependency) -> Path:
    artifact = (
        context.project(locked.groupId, locked.artifactId)
        .at_version(locked.version)
        .artifact(locked.classifier or "", locked.packaging)
    )
    path = _fetch(artifact)
    if _matches(path, locked):
        return path
    path.unlink()  # most often a download that was cut off: once more
    path = _fetch(artifact)
    if _matches(path, locked):
        return path
    path.unlink()
    raise LocalStackError(
        f"{artifact.filename} is not the file that was locked (SHA-256 differs): do not use its source"
    )


def _matches(path: Path, locked: LockedDependency) -> bool:
    if locked.sha256 is None:
        raise LocalStackError(f"the lock has no SHA-256 for {locked.artifactId}: write it anew with make lock")
    with path.open("rb") as jar:
        return hashlib.file_digest(jar, "sha256").hexdigest() == locked.sha256


def _fetch(artifact: Artifact) -> Path:
    try:
        return Path(artifact.resolve())
    except (requests.RequestException, RuntimeError) as error:
        reason = str(error).partition("\n")[0]
        raise LocalStackError(f"cannot fetch {artifact.filename}: is there a network? ({reason})") from error
    except OSError as error:
        raise LocalStackError(
            f"cannot keep {artifact.filename} in {artifact.context.repo_cache}: {error.strerror}"
        ) from error


@contextmanager
def _alone(cache: Path) -> Iterator[None]:
    """Two first runs at the same time must not write the same file."""
    with (cache / ".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
