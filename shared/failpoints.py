"""Named places at which a test may end the process or the step. Free of charge when nothing is armed."""

import os
import signal
from collections.abc import Callable

ARMED = os.environ.get("FAILPOINT")
_hooks: list[Callable[[str], None]] = []


def failpoint(name: str) -> None:
    """Ends the process as kill -9 would if FAILPOINT names this place; calls what tests have hooked in."""
    for hook in _hooks:
        hook(name)
    if name == ARMED:
        os.kill(os.getpid(), signal.SIGKILL)


def hook(callback: Callable[[str], None]) -> Callable[[], None]:
    """Calls `callback` at every failpoint until the returned function is called. For simulations."""
    _hooks.append(callback)
    return lambda: _hooks.remove(callback)
