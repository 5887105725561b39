"""Ports on the loopback interface."""

import secrets
import socket

from deploy.local.errors import LocalStackError

LOOPBACK = "127.0.0.1"
FIRST, LAST = 20_000, 32_768
ATTEMPTS = 100
# By this process: what it is to listen there may not do so yet.
_drawn: set[int] = set()


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """A port that nobody listens on now, never the same twice; runs side by side rarely draw the same.

    Below the range from which the kernel takes ports of outgoing connections: between the drawing and the listening,
    one of ours could otherwise be given that very port. Raises LocalStackError if none is found.
    """
    for _ in range(ATTEMPTS):
        port = FIRST + secrets.randbelow(LAST - FIRST)
        if port not in _drawn and is_free(port):
            _drawn.add(port)
            return port
    raise LocalStackError(f"no free port on {LOOPBACK} between {FIRST} and {LAST}: end what holds them")


def claim(name: str, port: int | None) -> int:
    """The given port if it is free, or any free one. Raises LocalStackError naming the port and its would-be user."""
    if port is None:
        return free_port()
    if not is_free(port):
        raise LocalStackError(
            f"port {port} on {LOOPBACK} is busy: stop what listens there, or give {name} another port"
        )
    return port


def answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0
