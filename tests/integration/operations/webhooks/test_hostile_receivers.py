"""A receiver that hangs, drips, redirects, answers 10 MB, or leads inside: it hurts nobody but itself."""

import asyncio
import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Event
from typing import Any
from uuid import UUID

import pytest

from services.operations.webhooks.registry import WebhookTargetRefused, Wish
from services.operations.webhooks.sender import Sender, client
from services.operations.webhooks.targets import Allowed
from services.operations.webhooks.verdict import Outcome, Verdict
from tests.fixtures.certificates import Authority
from tests.fixtures.waiting import eventually
from tests.integration.commune import FIRST, PROVINCE, SECOND
from tests.integration.operations.webhooks.conftest import HERE, TYPE, Post, served
from tests.integration.operations.webhooks.receiver import Answer, Receiver, receiving

TEN_MEGABYTES = 10 * 1024 * 1024


async def test_a_receiver_that_hangs_holds_up_no_other(post: Post, receiver: Receiver) -> None:
    await post.subscribe(path="/hangs")
    await post.subscribe(path="/well")
    receiver.answer = lambda got: Answer(hang=got.path == "/hangs")
    await post.happen(FIRST, FIRST, SECOND)
    deliverer = post.deliverer(attempt_seconds=60.0)
    deliverer.sender = replace(post.sender, seconds=60.0)
    await deliverer.begin()
    await eventually(lambda: came(receiver, "/well", 3), "the other receiver got everything")
    assert len(receiver.places("/hangs")) == 2
    await deliverer._end()


async def test_names_that_nobody_answers_for_hold_up_no_other_receiver(
    post: Post, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered, look_up = Event(), socket.getaddrinfo

    def slow(host: str, *rest: Any, **named: Any) -> Any:
        if host == "elsewhere.example":
            answered.wait(60)
        return look_up("localhost", *rest, **named)

    monkeypatch.setattr("socket.getaddrinfo", slow)
    for number in range(10):
        await post.registry.add(Wish(PROVINCE, f"https://elsewhere.example/{number}", [TYPE]), "client:test")
    await post.happen(*(UUID(int=0x100 + n) for n in range(7)))
    deliverer = post.deliverer(first_wait=3600.0)
    deliverer.sender = replace(post.sender, seconds=60.0)
    await deliverer.begin()
    await post.subscribe(path="/well")
    await post.happen(FIRST)
    await deliverer.begin()
    try:
        await eventually(lambda: came(receiver, "/well", 1), "the other receiver got its event")
    finally:
        answered.set()
        await deliverer._end()


async def test_an_answer_has_to_come_in_time(post: Post, receiver: Receiver) -> None:
    await post.subscribe()
    receiver.answer = lambda _: Answer(hang=True)
    await post.happen(FIRST)
    deliverer = post.deliverer(first_wait=3600.0)
    deliverer.sender = replace(post.sender, seconds=0.2)
    await served(deliverer)
    [line] = await post.lines()
    assert line.reason == "no answer within 0.2 s"


async def test_a_redirect_is_not_followed(post: Post, receiver: Receiver) -> None:
    await post.subscribe()
    receiver.answer = lambda _: Answer(307, {"Location": receiver.url("/elsewhere")})
    await post.happen(FIRST)
    await post.deliver(first_wait=3600.0)
    assert [got.path for got in receiver.got] == ["/in"]
    [line] = await post.lines()
    assert line.reason == "answers 307: redirects are not followed"


async def test_of_ten_megabytes_in_answer_the_status_is_read_and_nothing_else(post: Post, receiver: Receiver) -> None:
    webhook, _ = await post.subscribe()
    receiver.answer = lambda _: Answer(200, size=TEN_MEGABYTES)
    await post.happen(FIRST)
    await post.deliver()
    assert (await post.one(webhook)).waiting == 0
    assert await asyncio.to_thread(receiver.body_cut.wait, 10), "the connection was closed on the receiver"


async def test_what_is_no_answer_of_http_is_a_failure_like_others(post: Post) -> None:
    async def says_nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.write(b"nonsense\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(says_nonsense, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    outcome = await attempted(post, f"http://localhost:{port}/in", Allowed({f"localhost:{port}": HERE}, True))
    server.close()
    assert outcome.verdict is Verdict.FAILED
    assert outcome.reason.startswith("does not answer")
    outcome = await attempted(post, f"http://localhost:{port}/in", Allowed({f"localhost:{port}": HERE}, True))
    assert outcome == Outcome(Verdict.FAILED, "does not answer (ConnectError)")


@pytest.mark.parametrize("host", ["169.254.169.254", "localhost", "[::ffff:127.0.0.1]"])
async def test_a_host_that_the_setting_names_without_its_inner_address_is_not_connected_to(
    post: Post, receiver: Receiver, host: str
) -> None:
    name = f"{host}:{receiver.server.server_port}"
    outcome = await attempted(post, f"https://{name}/in", Allowed({name: ()}))
    assert outcome.verdict is Verdict.FAILED
    assert "is not public" in outcome.reason
    assert receiver.got == []


@pytest.mark.parametrize(
    "url", ["https://not-allowed.example/in", "http://elsewhere.example.evil/in", "https://elsewhere.example:444/in"]
)
async def test_a_webhook_to_a_host_that_the_setting_does_not_name_is_not_made(post: Post, url: str) -> None:
    with pytest.raises(WebhookTargetRefused):
        await post.registry.add(Wish(PROVINCE, url, [TYPE]), "client:test")


async def test_a_host_that_is_taken_out_of_the_setting_gets_nothing_more(post: Post, receiver: Receiver) -> None:
    await post.subscribe()
    await post.happen(FIRST)
    deliverer = post.deliverer(first_wait=3600.0)
    deliverer.sender = replace(post.sender, allowed=Allowed({}, http_loopback=True))
    await served(deliverer)
    assert receiver.got == []
    [line] = await post.lines()
    assert "OPERATIONS_WEBHOOK_HOSTS" in str(line.reason)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "authority")


@pytest.fixture
def encrypted(authority: Authority) -> Iterator[Receiver]:
    """A receiver with a certificate for "localhost"."""
    certificate, key = authority.issue("receiver")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def encrypt(server: ThreadingHTTPServer) -> None:
        server.socket = context.wrap_socket(server.socket, server_side=True)

    with receiving(encrypt, "https") as found:
        yield found


async def test_over_https_the_certificate_has_to_be_that_of_the_name_and_of_a_trusted_authority(
    post: Post, encrypted: Receiver, authority: Authority
) -> None:
    allowed = Allowed({encrypted.authority: HERE, f"ip6-localhost:{encrypted.server.server_port}": HERE})
    trusting = ssl.create_default_context(cafile=authority.certificate)
    outcome = await attempted(post, encrypted.url(), allowed, trusting)
    assert outcome == Outcome(Verdict.DELIVERED)
    [got] = encrypted.got
    assert got.headers["host"] == encrypted.authority
    distrusting = await attempted(post, encrypted.url(), allowed, ssl.create_default_context())
    assert distrusting == Outcome(Verdict.FAILED, "does not answer (ConnectError)")


async def test_a_certificate_of_another_name_at_the_same_address_is_refused(
    post: Post, encrypted: Receiver, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = encrypted.server.server_port
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("127.0.0.1", port))])
    trusting = ssl.create_default_context(cafile=authority.certificate)
    name = f"other.example:{port}"
    outcome = await attempted(post, f"https://{name}/in", Allowed({name: HERE}), trusting)
    assert outcome == Outcome(Verdict.FAILED, "does not answer (ConnectError)")
    assert encrypted.got == []


async def attempted(post: Post, url: str, allowed: Allowed, trusted: ssl.SSLContext | None = None) -> Outcome:
    """One attempt of the first event there is, to a webhook that leads to `url`."""
    if not await post.registry.all():
        await post.subscribe()
        await post.happen(FIRST)
    await post.execute("UPDATE webhook_subscription SET leased_until = clock_timestamp()")
    [lease] = await post.deliverer()._lease(1)
    [head] = await post.deliverer()._heads(lease)
    async with client(trusted or ssl.create_default_context()) as http:
        return await Sender(http, allowed, seconds=5.0).attempt(replace(lease, url=url), head)


async def came(receiver: Receiver, path: str, requests: int) -> bool:
    return len(receiver.places(path)) >= requests
