"""A container's health check: ready decides, and a process that does not live is ended."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from deploy import health_check
from deploy.local.ports import free_port


@contextmanager
def answering(monkeypatch: pytest.MonkeyPatch, **statuses: int) -> Iterator[None]:
    """A service whose /health/live and /health/ready have these statuses."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(statuses[self.path.removeprefix("/health/")])
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """The test's output stays the test's."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        monkeypatch.setattr(health_check, "ADDRESS", server.server_address)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(autouse=True)
def signals(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr("os.kill", lambda pid, number: sent.append((pid, number)))
    return sent


@pytest.mark.parametrize(("ready", "status"), [(200, 0), (503, 1)])
def test_a_living_service_is_as_healthy_as_it_is_ready_and_goes_on(
    ready: int, status: int, monkeypatch: pytest.MonkeyPatch, signals: list[tuple[int, int]]
) -> None:
    with answering(monkeypatch, live=200, ready=ready):
        assert health_check.main() == status
    assert signals == []


def test_a_service_that_does_not_live_is_ended(monkeypatch: pytest.MonkeyPatch, signals: list[tuple[int, int]]) -> None:
    with answering(monkeypatch, live=503, ready=200):
        assert health_check.main() == 1
    assert signals == [(1, signal.SIGTERM)]


def test_a_service_that_still_starts_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, signals: list[tuple[int, int]]
) -> None:
    monkeypatch.setattr(health_check, "ADDRESS", ("127.0.0.1", free_port()))

    assert health_check.main() == 1
    assert signals == []
