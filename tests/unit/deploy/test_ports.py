"""Ports are free when they are given out, and a busy one is named."""

import secrets
import socket
from pathlib import Path

import pytest

from deploy.local import ports
from deploy.local.errors import LocalStackError


def test_a_free_port_can_be_listened_on_and_is_never_one_of_outgoing_connections() -> None:
    first_outgoing = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    port = ports.free_port()
    assert port < first_outgoing
    with socket.create_server((ports.LOOPBACK, port)):
        assert ports.answers(port)
    assert not ports.answers(port)


def test_a_busy_port_is_one_line() -> None:
    with socket.create_server((ports.LOOPBACK, 0)) as listener:
        port = listener.getsockname()[1]
        assert not ports.is_free(port)
        with pytest.raises(LocalStackError, match=f"^port {port} on 127.0.0.1 is busy: .* give the front door another"):
            ports.claim("the front door", port)


def test_no_free_port_at_all_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "is_free", lambda _port: False)
    with pytest.raises(LocalStackError, match="no free port on"):
        ports.free_port()


def test_a_given_port_is_kept_and_none_means_any() -> None:
    port = ports.free_port()
    assert ports.claim("the front door", port) == port
    assert ports.claim("the front door", None) != port


def test_a_port_is_drawn_once_though_nobody_listens_there_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter([7, 7, 7, 8])
    monkeypatch.setattr(secrets, "randbelow", lambda _: next(drawn))
    monkeypatch.setattr(ports, "is_free", lambda _port: True)
    monkeypatch.setattr(ports, "_drawn", set())
    assert [ports.free_port(), ports.free_port()] == [ports.FIRST + 7, ports.FIRST + 8]
