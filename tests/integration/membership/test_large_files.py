"""A file that is too large is refused by the service, which says why: the front door lets through what it takes."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest

from deploy.local import ports
from deploy.local.front_door import front_door
from deploy.local.supervisor import Supervisor
from shared.web.body_limit import MAX_FORM_BYTES


class Counter(BaseHTTPRequestHandler):
    """Answers how much it was sent."""

    def do_POST(self) -> None:
        wanted = int(self.headers["Content-Length"])
        taken = 0
        while part := self.rfile.read(min(wanted - taken, 1024 * 1024)):
            taken += len(part)
        if taken < wanted:
            return  # the door has answered already
        body = str(taken).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Quiet: the test looks at answers."""


@contextmanager
def counting() -> Iterator[int]:
    with ThreadingHTTPServer((ports.LOOPBACK, 0), Counter) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture
def door(tmp_path: Path) -> Iterator[httpx.Client]:
    port = ports.free_port()
    with counting() as service, Supervisor(tmp_path) as supervisor:
        supervisor.start(front_door(port, {"membership": service}, tmp_path))
        with httpx.Client(base_url=f"http://localhost:{port}", timeout=60) as client:
            yield client


def test_the_front_door_lets_through_as_much_as_the_service_takes_of_a_form(door: httpx.Client) -> None:
    answer = door.post("/membership/imports", content=bytes(MAX_FORM_BYTES))
    assert (answer.status_code, answer.text) == (200, str(MAX_FORM_BYTES))
    assert door.post("/membership/imports", content=bytes(MAX_FORM_BYTES + 1)).status_code == 413
