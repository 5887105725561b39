"""One running system for all faults that leave it as it was; a test that failed leaves none."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.faults.rig import running_rig
from tests.faults.workload import World


class Worlds:
    """Starts a system when there is none, when the last test spoilt it, or when it has no past month left."""

    def __init__(self, folders: pytest.TempPathFactory) -> None:
        self._folders = folders
        self._stack = ExitStack()
        self._world: World | None = None

    def sound_one(self) -> World:
        if self._world is None or not self._world.usable:
            self.close()
            self._world = World(self._stack.enter_context(running_rig(self._folders.mktemp("faults"))))
        return self._world

    def close(self) -> None:
        self._stack.close()


@pytest.fixture(scope="package")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worlds]:
    made = Worlds(tmp_path_factory)
    yield made
    made.close()


@pytest.fixture
def world(worlds: Worlds) -> World:
    """A system with its province, whose next month is to be played."""
    return worlds.sound_one()
