"""The page of webhooks as an operator uses it: what failed is seen, rehearsed, given up or sent again in a click."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_operations_pages import Take, schedule
from tests.e2e.asking import Door
from tests.e2e.conftest import Played
from tests.fixtures.waiting import until
from tests.integration.operations.webhooks.receiver import Answer, Receiver

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

PAGE = "/operations/deliveries"
PERIODS = ("2026-09", "2026-10", "2026-11")


@pytest.fixture
def secretary(played: Played) -> Door:
    return Door(played, next(iter(played.actors.cells.values())).secretary)


def typed(played: Played, *arguments: str) -> str:
    """What `webhooks ARGUMENTS` of operations' command line says."""
    variables = {**os.environ, **played.system.environments["operations"]}
    command = [sys.executable, "-m", "services.operations", "webhooks", *arguments]
    return subprocess.run(command, env=variables, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def webhook(played: Played, receiver: Receiver) -> Iterator[str]:
    """For the first cell's meetings; its receiver refuses everything."""
    receiver.answer = lambda _: Answer(500)
    cell = next(iter(played.actors.cells.values()))
    said = typed(played, "add", str(cell.unit_id), receiver.url(), "MeetingScheduled")
    made = said.split()[1]
    yield made
    typed(played, "remove", made)


@pytest.fixture
def parked(played: Played, secretary: Door, webhook: str) -> Callable[[], int]:
    """Three meetings of one cell that went to nobody; how many deliveries are parked."""
    operator = Door(played, played.actors.tokens["operator"])

    def count() -> int:
        found: int = operator.get(f"/operations/webhooks/{webhook}").json()["parked"]
        return found

    for period in PERIODS:
        schedule(played, secretary, period)
    until(lambda: count() == len(PERIODS), "the deliveries are parked", seconds=60)
    return count


def test_deliveries_that_failed_are_rehearsed_given_up_and_sent_again_in_a_click(
    page: Page, receiver: Receiver, parked: Callable[[], int], picture: Take
) -> None:
    [first] = receiver.got
    page.get_by_role("link", name="Webhook").click()
    expect(page.get_by_text("Lượt gửi chưa thành công")).to_be_visible()
    page.get_by_role("button", name="Chạy thử").click()
    expect(page.get_by_role("status")).to_contain_text(
        f"Chưa gửi gì. Số sự kiện sẽ được gửi, lần lượt: {len(PERIODS)}."
    )
    picture("operations-webhooks")
    page.get_by_role("button", name="Bỏ, không gửi").click()
    expect(page.get_by_role("status")).to_contain_text("Đã bỏ, không gửi nữa: meetings")
    until(lambda: parked() == len(PERIODS) - 1, "what stood behind it is tried, and parked", seconds=60)
    receiver.answer = lambda _: Answer()
    tried = len(receiver.got)
    page.goto(PAGE)
    page.get_by_role("button", name="Cho chạy lại").click()
    expect(page.get_by_role("status")).to_have_text(f"Số sự kiện được gửi lại ngay, lần lượt: {len(PERIODS) - 1}.")
    until(lambda: len(receiver.got) == tried + len(PERIODS) - 1, "the rest has gone out", seconds=60)
    assert first.id not in {got.id for got in receiver.got[1:]}
    page.goto(PAGE)
    expect(page.get_by_text("Không có lượt gửi nào bị lỗi.")).to_be_visible()
