"""Ports on the loopback interface."""

import socket

from deploy.local.errors import LocalStackError

LOOPBACK = "127.0.0.1"


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """A port that nobody listens on now; the kernel does not hand it out again at once."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


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
