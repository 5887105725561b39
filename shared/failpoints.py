"""Named places at which a test may end or freeze the process, or end the step. Free of charge when nothing is armed."""

import os
import signal
from collections.abc import Callable

# `name` ends the process there, as kill -9 would; `name:SIGSTOP` freezes it the first time it comes there.
_armed, _, _signal = os.environ.get("FAILPOINT", "").partition(":")
_hooks: list[Callable[[str], None]] = []


def failpoint(name: str) -> None:
    """Sends the process the armed signal if FAILPOINT names this place; calls what tests have hooked in."""
    global _armed  # noqa: PLW0603 - a woken process shall go on
    for hook in _hooks:
        hook(name)
    if name == _armed:
        _armed = ""
        os.kill(os.getpid(), signal.Signals[_signal or "SIGKILL"])


def hook(callback: Callable[[str], None]) -> Callable[[], None]:
    """Calls `callback` at every failpoint until the returned function is called. For simulations."""
    _hooks.append(callback)
    return lambda: _hooks.remove(callback)
