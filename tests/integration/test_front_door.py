"""The front door routes by prefix, tells services their prefix, and answers for those that do not."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest

from deploy.local import ports
from deploy.local.front_door import front_door
from deploy.local.supervisor import Supervisor


class Echo(BaseHTTPRequestHandler):
    """Answers what it was asked, as a service sees it."""

    def do_GET(self) -> None:
        body = json.dumps({"path": self.path, "prefix": self.headers["X-Forwarded-Prefix"]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Quiet: the test looks at answers."""


@pytest.fixture
def echo() -> Iterator[int]:
    server = ThreadingHTTPServer((ports.LOOPBACK, 0), Echo)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def door(echo: int, tmp_path: Path) -> Iterator[httpx.Client]:
    port = ports.free_port()
    with Supervisor(tmp_path) as supervisor:
        supervisor.start(front_door(port, {"meetings": echo, "reporting": ports.free_port()}, tmp_path))
        with httpx.Client(base_url=f"http://localhost:{port}") as client:
            yield client


def test_a_service_sees_its_own_paths_and_its_prefix(door: httpx.Client) -> None:
    answer = door.get("/meetings/cells/1/meetings?period=2026-03", headers={"X-Forwarded-Prefix": "/forged"})
    assert answer.json() == {"path": "/cells/1/meetings?period=2026-03", "prefix": "/meetings"}


def test_the_root_leads_to_the_figures(door: httpx.Client) -> None:
    assert door.get("/").headers["Location"] == "/reporting/"


def test_a_prefix_without_its_slash_is_completed(door: httpx.Client) -> None:
    answer = door.get("/meetings", follow_redirects=True)
    assert answer.json() == {"path": "/", "prefix": "/meetings"}


@pytest.mark.parametrize("path", ["/nowhere", "/meetings/metrics"])
def test_what_is_not_there_is_a_problem(door: httpx.Client, path: str) -> None:
    answer = door.get(path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")
    assert answer.json()["status"] == 404


def test_a_service_that_is_down_is_a_problem_and_says_when_to_come_back(door: httpx.Client) -> None:
    answer = door.get("/reporting/", timeout=20)
    assert (answer.status_code, answer.headers["Content-Type"]) == (502, "application/problem+json")
    assert answer.json()["detail"].startswith("Dịch vụ chưa trả lời")
    assert answer.headers["Retry-After"] == "5"


@pytest.mark.parametrize(
    ("path", "status", "words"), [("/nowhere", 404, "Không có trang"), ("/reporting/", 502, "sau ít giây")]
)
def test_a_browser_gets_a_page_instead(door: httpx.Client, path: str, status: int, words: str) -> None:
    answer = door.get(path, headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}, timeout=20)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "text/html; charset=utf-8")
    assert words in answer.text
    assert 'href="/"' in answer.text
    assert "{" not in answer.text.partition("</style>")[2]
    assert "Server" not in answer.headers
