"""Copies of the working tree: what a mutant breaks is never the tree that somebody works in."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.mutants.mutant import ROOT, Mutant


class PatchDoesNotApply(Exception):
    """The code has moved on: make the mutant anew, or drop it with the promise."""


@contextmanager
def snapshot() -> Iterator[Path]:
    """A temporary folder with every file that git knows or would take, as it is now, changes included.

    Whoever goes on working meanwhile changes nothing of a run.
    """
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        for name in _git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0"):
            source, target = ROOT / name, Path(folder, name)
            if name and source.is_file():  # one that was deleted is still listed
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target)
        yield Path(folder)


@contextmanager
def copy_of(tree: Path) -> Iterator[Path]:
    """A temporary folder to break things in: what one mutant leaves behind is not there for the next."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        yield shutil.copytree(tree, Path(folder, "tree"))


def apply(mutant: Mutant, folder: Path) -> None:
    """Breaks the tree in `folder`. Raises `PatchDoesNotApply`."""
    _patch(mutant, folder)


def check_applies(mutant: Mutant) -> None:
    """Whether the working tree can still be broken so. Raises `PatchDoesNotApply`."""
    _patch(mutant, ROOT, "--check")


def _patch(mutant: Mutant, folder: Path, *options: str) -> None:
    try:
        _git(folder, "apply", *options, str(mutant.patch))
    except subprocess.CalledProcessError as error:
        raise PatchDoesNotApply(f"{mutant.patch.name} no longer applies: {error.stderr.strip()}") from error


def _git(folder: Path, *arguments: str) -> str:
    # A repository further up would let `git apply` pass over, in silence, files that it thinks are not its own.
    environment = {**os.environ, "GIT_CEILING_DIRECTORIES": str(folder.parent)}
    done = subprocess.run(["git", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return done.stdout
