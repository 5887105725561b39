"""The endpoints: each client about its own unit, secrets shown once, problems in the house's form; the page."""

import re
from datetime import date
from html import unescape
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.operations.webhooks.api import WebhookInput
from shared.contracts.membership import TREE_KEY, UnitMoved
from tests.integration.commune import BLOCK, COMMUNE, FIRST, PROVINCE
from tests.integration.inprocess import bearer
from tests.integration.operations.webhooks.conftest import TYPE, Post
from tests.integration.operations.webhooks.receiver import Answer, Receiver

BROWSER = {"Cookie": "token=" + bearer(client_id="watch").removeprefix("Bearer "), "Accept": "text/html"}
OURS = {**BROWSER, "Sec-Fetch-Site": "same-origin"}


async def ask(post: Post, client_id: str, method: str, path: str, body: object = None) -> httpx.Response:
    headers = {"Authorization": bearer(client_id=client_id)}
    return await post.service.client.request(method, path, json=body, headers=headers)


async def made(post: Post, client_id: str = "commune", **wish: Any) -> dict[str, Any]:
    body = {"url": post.receiver.url(), "types": [TYPE], **wish}
    answer = await ask(post, client_id, "POST", "/webhooks", body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def refused(post: Post, client_id: str, **wish: Any) -> tuple[int, str]:
    body = {"url": post.receiver.url(), "types": [TYPE], **wish}
    answer = await ask(post, client_id, "POST", "/webhooks", body)
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


async def test_a_client_makes_a_webhook_for_its_own_unit_and_its_secret_verifies(
    post: Post, receiver: Receiver
) -> None:
    webhook = await made(post)
    seen = (await ask(post, "commune", "GET", f"/webhooks/{webhook['webhook_id']}")).json()
    assert (seen["unit_id"], seen["types"], seen["state"]) == (str(COMMUNE), [TYPE], "active")
    assert "whsec_" not in str(seen)
    await post.happen(FIRST)
    await post.deliver()
    assert receiver.got[0].verified_by(webhook["secret"])


async def test_the_example_of_the_document_makes_a_webhook(post: Post) -> None:
    [body] = WebhookInput.model_json_schema()["examples"]
    webhook = await made(post, **{**body, "unit_id": str(FIRST), "url": post.receiver.url("/su-kien")})
    seen = (await ask(post, "commune", "GET", f"/webhooks/{webhook['webhook_id']}")).json()
    assert seen["types"] == body["types"]


async def test_a_client_makes_one_for_a_unit_below_its_own_and_for_no_other(post: Post) -> None:
    await made(post, unit_id=str(FIRST))
    assert await refused(post, "commune", unit_id=str(PROVINCE)) == (403, "out-of-reach")
    assert await refused(post, "commune", unit_id=str(BLOCK)) == (403, "out-of-reach")
    assert await refused(post, "commune", unit_id=str(uuid4())) == (409, "unit-not-yet-learned")
    assert await refused(post, "unbound") == (422, "unit-missing")
    assert await refused(post, "unbound", unit_id=str(FIRST)) == (403, "out-of-reach")
    assert await refused(post, "watch") == (403, "role-not-allowed")


async def test_a_client_of_another_unit_sees_nothing_of_it_and_changes_nothing(post: Post) -> None:
    webhook = (await made(post))["webhook_id"]
    assert (await ask(post, "block", "GET", "/webhooks")).json() == []
    for method, path in (
        ("GET", ""),
        ("POST", "/pause"),
        ("POST", "/resume"),
        ("POST", "/secret"),
        ("POST", "/redrive"),
        ("DELETE", ""),
    ):
        answer = await ask(post, "block", method, f"/webhooks/{webhook}{path}")
        missing = await ask(post, "block", method, f"/webhooks/{UUID(int=1)}{path}")
        assert (answer.status_code, missing.status_code) == (404, 404)
        assert answer.json()["type"] == missing.json()["type"]
    assert [seen["webhook_id"] for seen in (await ask(post, "province", "GET", "/webhooks")).json()] == [webhook]
    assert (await ask(post, "watch", "GET", f"/webhooks/{webhook}")).json()["state"] == "active"


async def test_who_made_a_webhook_sees_and_ends_it_though_its_unit_stands_elsewhere_today(post: Post) -> None:
    path = f"/webhooks/{(await made(post, unit_id=str(FIRST)))['webhook_id']}"
    moved = UnitMoved(unit_id=FIRST, parent_id=BLOCK, effective_on=date(2026, 3, 1))
    await post.happen(TREE_KEY, log_id="membership", event=moved)
    seen = (await ask(post, "commune", "GET", path)).json()
    assert (await ask(post, "commune", "GET", "/webhooks")).json() == [seen]
    assert (await ask(post, "commune", "DELETE", path)).json() == seen
    assert (await ask(post, "block", "GET", path)).status_code == 404


@pytest.mark.parametrize(
    "wish",
    [
        {"types": ["PersonCorrected"]},
        {"types": ["Nothing"]},
        {"types": []},
        {"url": "https://elsewhere.example/\u0000"},
        {"unknown": 1},
    ],
)
async def test_an_internal_or_unknown_type_and_other_nonsense_is_refused(post: Post, wish: dict[str, Any]) -> None:
    assert (await refused(post, "commune", **wish))[0] == 422


async def test_a_host_that_no_operator_allowed_is_refused_in_words_that_say_so(post: Post) -> None:
    body = {"url": "https://evil.example/in", "types": [TYPE]}
    answer = await ask(post, "commune", "POST", "/webhooks", body)
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (422, "webhook-target-refused")
    assert "chưa được người vận hành cho phép" in answer.json()["detail"]


async def test_a_unit_has_one_webhook_to_an_address_and_twenty_in_all(post: Post) -> None:
    await made(post)
    assert await refused(post, "commune") == (409, "webhook-exists")
    for number in range(19):
        await made(post, url=post.receiver.url(f"/{number}"))
    assert await refused(post, "commune", url=post.receiver.url("/more")) == (409, "too-many-webhooks")


async def test_pausing_resuming_a_new_secret_and_removing(post: Post, receiver: Receiver) -> None:
    webhook = await made(post)
    path = f"/webhooks/{webhook['webhook_id']}"
    assert (await ask(post, "commune", "POST", f"{path}/pause")).status_code == 200
    assert (await ask(post, "commune", "GET", path)).json()["state"] == "paused"
    assert (await ask(post, "commune", "POST", f"{path}/resume")).status_code == 200
    new = (await ask(post, "commune", "POST", f"{path}/secret")).json()
    await post.happen(FIRST)
    await post.deliver()
    assert all(receiver.got[0].verified_by(secret) for secret in (webhook["secret"], new["secret"]))
    assert (await ask(post, "commune", "DELETE", path)).status_code == 200
    assert (await ask(post, "commune", "GET", path)).status_code == 404


async def test_a_webhook_that_ended_stays_so_and_another_can_be_made_in_its_place(
    post: Post, receiver: Receiver
) -> None:
    path = f"/webhooks/{(await made(post))['webhook_id']}"
    receiver.answer = lambda _: Answer(410)
    await post.happen(FIRST)
    await post.deliver()
    for action in ("pause", "resume", "secret"):
        answer = await ask(post, "commune", "POST", f"{path}/{action}")
        assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (409, "webhook-ended")
    await made(post)


async def test_a_receiver_that_is_mended_asks_for_what_was_parked(post: Post, receiver: Receiver) -> None:
    path = f"/webhooks/{(await made(post))['webhook_id']}"
    receiver.answer = lambda _: Answer(500)
    await post.happen(FIRST, FIRST)
    await post.deliver()
    seen = (await ask(post, "commune", "GET", path)).json()
    assert (seen["waiting"], seen["parked"]) == (2, 2)
    receiver.answer = lambda _: Answer()
    assert (await ask(post, "commune", "POST", f"{path}/redrive")).json() == {"keys": 1, "deliveries": 2}
    await post.deliver()
    assert (await ask(post, "commune", "GET", path)).json()["waiting"] == 0


async def test_the_status_of_the_service_names_a_webhook_with_parked_deliveries(post: Post, receiver: Receiver) -> None:
    running = post.service.runtime
    running.troubles = lambda: post.service.service.troubles(running)
    webhook = (await made(post))["webhook_id"]
    receiver.answer = lambda _: Answer(500)
    await post.happen(FIRST)
    await post.deliver()
    status = (await ask(post, "watch", "GET", "/ops/status")).json()
    assert f"webhook {webhook} has parked 1 deliveries: see `webhooks list`" in status["degraded"]


async def test_the_page_rehearses_redrives_and_drops_in_a_click(post: Post, receiver: Receiver) -> None:
    await made(post)
    receiver.answer = lambda _: Answer(500)
    await post.happen(FIRST, FIRST)
    await post.deliver()
    fields = await form(post)
    assert set(fields) == {"webhook_id", "log_id", "key"}
    [event, _] = await post.recorded()
    page = await click(post, "dry-run", fields)
    assert "Chưa gửi gì. Số sự kiện sẽ được gửi, lần lượt: 2." in page
    assert str(event.event_id) in page
    assert "Đã bỏ, không gửi nữa: meetings 1." in await click(post, "drop", fields)
    receiver.answer = lambda _: Answer()
    await post.deliver()
    assert receiver.places()[-1] == (str(FIRST), 2)
    assert "Không có lượt gửi nào bị lỗi." in await click(post, "redrive", fields)


async def test_no_other_sites_form_lets_a_delivery_go(post: Post, receiver: Receiver) -> None:
    await made(post)
    receiver.answer = lambda _: Answer(500)
    await post.happen(FIRST)
    await post.deliver()
    fields = await form(post)
    theirs = {**BROWSER, "Sec-Fetch-Site": "cross-site"}
    answer = await post.service.client.post("/deliveries/drop", data=fields, headers=theirs)
    assert answer.status_code == 401
    assert len(await post.lines()) == 1


async def form(post: Post) -> dict[str, str]:
    """The fields of the form beside the key that failed, as the page gives them."""
    page = (await post.service.client.get("/deliveries", headers=BROWSER)).text
    return {name: unescape(value) for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page)}


async def click(post: Post, action: str, fields: dict[str, str]) -> str:
    answer = await post.service.client.post(f"/deliveries/{action}", data=fields, headers=OURS)
    assert answer.status_code == 200
    return unescape(answer.text)
