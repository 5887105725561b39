"""The Chromium of this machine, signed in as the operator of a running system."""

import asyncio
import json
import os
import shutil
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from tests.e2e.conftest import Played, played
from tests.integration.operations.webhooks.receiver import Receiver, receiving

__all__ = ["played"]

IMAGES = Path(__file__).parents[2] / "docs" / "images"
WIDE: ViewportSize = {"width": 1100, "height": 760}
NARROW: ViewportSize = {"width": 390, "height": 760}
# Nothing but the pages under test is asked for anything.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session", autouse=True)
def receiver() -> Iterator[Receiver]:
    """Of webhooks. Ready before the system is, so that its settings name it; one failure parks."""
    with receiving() as made, pytest.MonkeyPatch.context() as settings:
        settings.setenv("OPERATIONS_WEBHOOK_HOSTS", json.dumps({made.authority: ["127.0.0.0/8", "::1/128"]}))
        settings.setenv("OPERATIONS_WEBHOOK_HTTP_LOOPBACK", "true")
        settings.setenv("OPERATIONS_WEBHOOK_ATTEMPTS", "1")
        yield made


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where this machine has one; CHROMIUM names another."""
    where = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if where is None:
        pytest.skip("no Chromium here: install it (Debian: the package chromium), or name one in CHROMIUM")
    return where


@pytest.fixture(scope="package")
def browser(chromium: str, played: Played) -> Iterator[Browser]:  # noqa: ARG001 - its loop has to end before ours begins
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, played: Played) -> Iterator[Page]:
    """Signed in as people do: the operator's token pasted. Whatever a page logs or refuses to run fails the test."""
    with browser.new_context(
        locale="vi-VN", timezone_id="UTC", viewport=WIDE, base_url=played.system.front_door
    ) as context:
        page = context.new_page()
        page.set_default_timeout(20_000)
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto("/issuer/sign-in")
        page.get_by_label("Mã truy cập").fill(played.actors.tokens["operator"])
        page.get_by_role("button", name="Đăng nhập").click()
        page.goto("/operations/")
        yield page
        # A refused request is one too, and meant to be.
        assert [text for text in complaints if not text.startswith("Failed to load resource")] == []


@pytest.fixture
def picture(page: Page) -> Callable[..., None]:
    """Writes `docs/images/<name>.png`, from `part` on; nothing may stick out at the side, on a telephone neither."""

    def take(name: str, part: str = "main") -> None:
        for size in (NARROW, WIDE):
            page.set_viewport_size(size)
            assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], f"{name} sticks out"
        page.locator(part).evaluate("part => part.scrollIntoView()")
        page.screenshot(path=IMAGES / f"{name}.png")

    return take


@pytest.fixture
def execute(played: Played) -> Callable[[str], None]:
    """Runs a statement as the superuser in reporting's database."""

    async def run(statement: str) -> None:
        connection = await asyncpg.connect(played.system.postgres.rpartition("/")[0] + "/reporting")
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    def call(statement: str) -> None:
        # The browser's own loop runs in this thread.
        with ThreadPoolExecutor(1) as thread:
            work: Coroutine[Any, Any, None] = run(statement)
            thread.submit(asyncio.run, work).result()

    return call
