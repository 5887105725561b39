"""A disk of a few hundred megabytes that can be filled to the last byte, in memory."""

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import RawIOBase
from pathlib import Path

import pytest

from tests.fixtures.servers import RUN_FOLDER


@dataclass(frozen=True)
class Disk:
    folder: Path

    def fill(self) -> None:
        """Whoever appends to a file here is told that no space is left."""
        with self._ballast.open("wb", buffering=0) as ballast:
            for block in (bytes(1024 * 1024), bytes(4096)):  # others write too: how much is free is known afterwards
                while _fits(ballast, block):
                    pass

    def free(self) -> None:
        self._ballast.unlink(missing_ok=True)

    @property
    def _ballast(self) -> Path:
        return self.folder / "ballast"


def _fits(file: RawIOBase, block: bytes) -> bool:
    try:
        return file.write(block) == len(block)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        return False


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Disk]:
    """Skips the test, and says why, where nothing can be mounted."""
    folder.mkdir(parents=True)
    _unmount_leftovers()
    if os.geteuid() != 0:
        pytest.skip("a small disk can only be mounted as root")
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def _unmount_leftovers() -> None:
    """Of runs that were killed: nobody could remove their folders."""
    for line in Path("/proc/mounts").read_text().splitlines():
        folder = Path(line.split()[1])
        if folder.is_relative_to(RUN_FOLDER):
            run = folder.relative_to(RUN_FOLDER).parts[0]
            if not Path("/proc", run.removeprefix("test-")).exists():
                subprocess.run(["umount", str(folder)], check=False)
