"""A receiver of webhooks: a real HTTP server on this machine that answers what a test tells it to."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

from standardwebhooks import Webhook


@dataclass(frozen=True)
class Got:
    """One request. `event`: its body, read."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def place(self) -> tuple[str, int]:
        """Key and position."""
        return self.event["partitionkey"], int(self.event["sequence"])

    def verified_by(self, secret: str) -> bool:
        """Raises for a signature that does not fit."""
        return bool(Webhook(secret).verify(self.body, self.headers))


@dataclass(frozen=True)
class Answer:
    """`size`: of the body, in bytes. `hang`: says nothing until the receiver is let go."""

    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    size: int = 0
    hang: bool = False


@dataclass
class Receiver:
    """`answer`: what is said to a request."""

    server: ThreadingHTTPServer
    scheme: str = "http"
    got: list[Got] = field(default_factory=list)
    answer: Callable[[Got], Answer] = lambda _: Answer()
    let_go: Event = field(default_factory=Event)
    body_cut: Event = field(default_factory=Event)

    @property
    def authority(self) -> str:
        return f"localhost:{self.server.server_port}"

    def url(self, path: str = "/in") -> str:
        return f"{self.scheme}://{self.authority}{path}"

    def places(self, path: str = "/in") -> list[tuple[str, int]]:
        """Key and position of every request to a path, in the order in which they came."""
        return [got.place for got in self.got if got.path == path]


class _Handler(BaseHTTPRequestHandler):
    receiver: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        got = Got(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
        self.receiver.got.append(got)
        answer = self.receiver.answer(got)
        if answer.hang:
            self.receiver.let_go.wait(60)
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(answer.size))
        self.end_headers()
        try:
            for _ in range(answer.size // 65536):
                self.wfile.write(bytes(65536))
        except OSError:
            self.receiver.body_cut.set()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Says nothing."""


@contextmanager
def receiving(wrap: Callable[[ThreadingHTTPServer], None] | None = None, scheme: str = "http") -> Iterator[Receiver]:
    """A receiver until the block ends; `wrap` may encrypt it."""
    handler = type("Handler", (_Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    if wrap:
        wrap(server)
    receiver = Receiver(server, scheme)
    handler.receiver = receiver  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield receiver
    finally:
        receiver.let_go.set()
        server.shutdown()
        server.server_close()
        thread.join()
