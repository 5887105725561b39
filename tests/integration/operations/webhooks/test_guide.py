"""The receiver of docs/integration.md, as it stands, and the requests that the guide shows."""

import json
import re
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from services.operations.webhooks.registry import Wish
from services.operations.webhooks.signing import new_secret
from services.operations.webhooks.targets import Allowed
from tests.integration.commune import FIRST, PROVINCE, SECOND
from tests.integration.operations.webhooks.conftest import HERE, TYPE, Post
from tests.integration.operations.webhooks.receiver import Receiver

GUIDE = Path("docs/integration.md").read_text(encoding="utf-8").partition("## Webhooks")[2]


@pytest.fixture
def written() -> Any:
    """The guide's class."""
    [example] = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    found: dict[str, Any] = {}
    exec(compile(example, "docs/integration.md", "exec"), found)
    found["Receiver"].log_message = lambda *_: None
    return found["Receiver"]


@pytest.fixture
def served(written: Any) -> Iterator[int]:
    """The port at which it listens."""
    with ThreadingHTTPServer(("127.0.0.1", 0), written) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


async def test_the_receiver_of_the_guide_takes_each_event_once_and_none_that_others_sign(
    post: Post, written: Any, served: int
) -> None:
    name = f"localhost:{served}"
    object.__setattr__(post.sender, "allowed", Allowed({name: HERE}, http_loopback=True))
    registry = type(post.registry)(post.service.runtime.pool, post.sender.allowed)
    webhook, secret = await registry.add(Wish(PROVINCE, f"http://{name}/", [TYPE]), "client:test")
    applied: list[dict[str, Any]] = []
    written.secret, written.apply = secret, staticmethod(applied.append)
    await post.happen(FIRST, SECOND)
    await post.deliver()
    await post.execute("UPDATE webhook_delivery SET done_at = NULL, outcome = NULL, data = '{}'")
    await post.execute(
        "INSERT INTO webhook_line (subscription_id, log_id, key, waiting) "
        "SELECT subscription_id, log_id, key, 1 FROM webhook_delivery"
    )
    await post.deliver()
    assert len(applied) == 2
    assert (await post.one(webhook)).waiting == 0
    written.secret = new_secret()
    await post.happen(FIRST)
    await post.deliver()
    assert len(applied) == 2
    [line] = await post.lines()
    assert line.reason == "answers 401"


async def test_the_request_that_the_guide_shows_is_what_is_sent(post: Post, receiver: Receiver) -> None:
    await post.subscribe()
    await post.happen(FIRST)
    await post.deliver()
    [got] = receiver.got
    [shown] = re.findall(r'(\{"specversion".*?)\n```', GUIDE, re.DOTALL)
    assert list(json.loads(shown.replace("{…}", "{}"))) == list(got.event)
    for name in re.findall(r"^     ([\w-]+): ", GUIDE, re.MULTILINE):
        assert name.lower() in got.headers


def test_the_guide_names_every_problem_of_webhooks() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in Path("services/operations/webhooks").glob("*.py"))
    raised = set(re.findall(r'problem = "([\w-]+)"', code)) - {"delivery-not-parked"}  # of the operators' page alone
    assert set(re.findall(r"^\| `([\w-]+)` \|", GUIDE, re.MULTILINE)) == raised
