"""A source that is pulled: page by page, nothing twice; rows with problems tried again, a source away waited for."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from samples.province.files import IMPORTS
from services.membership import queries
from services.membership.imports.mapping import load_mapping
from services.membership.imports.pull import Pull, Source, pull
from services.membership.imports.registry import Registry
from services.membership.imports.source import SourceAway
from shared.eventstore.log import LogUnavailable
from tests.fixtures.waiting import eventually
from tests.integration.membership.conftest import MACHINE, Sender
from tests.integration.membership.test_pushed_rows import Record, admitted, erase_first, halfway, push, records
from tests.integration.membership.test_shrinking_files import board_of, confirm

URL = "http://source.example/members"


class Feed:
    """A source that gives `rows` from the cursor on, `size` at a time. `asked`: cursor and ETag of every request."""

    def __init__(self, rows: Sequence[Record], size: int = 50) -> None:
        self.rows = list(rows)
        self.size = size
        self.asked: list[tuple[int, str | None]] = []
        self.away = False

    def answer(self, cursor: str | None, known: str | None) -> tuple[int, dict[str, str], bytes]:
        at = int(cursor or 0)
        self.asked.append((at, known))
        if self.away:
            return 503, {}, b""
        page = self.rows[at : at + self.size]
        etag = f'"{at}-{len(page)}"'
        if known == etag:
            return 304, {}, b""
        body = {"rows": page, "next": str(at + len(page)), "as_of": "2026-03-01"}
        return 200, {"ETag": etag}, json.dumps(body).encode()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        status, headers, body = self.answer(request.url.params.get("cursor"), request.headers.get("If-None-Match"))
        return httpx.Response(status, headers=headers, content=body)


class Puller:
    def __init__(self, sender: Sender, feed: Feed) -> None:
        self.feed = feed
        settings: Any = sender.service.runtime.settings
        self.registry = Registry(sender.service.runtime, settings)
        self.source = Source(URL, load_mapping(settings.mappings, "members"))
        self.http = httpx.AsyncClient(transport=httpx.MockTransport(feed))

    async def once(self) -> Pull | None:
        return await pull(self.source, self.http, self.registry)

    async def all(self) -> list[Pull]:
        """Every page until there is nothing more to do."""
        done: list[Pull] = []
        while (page := await self.once()) is not None:
            done.append(page)
        return done


@pytest.fixture
async def puller(sender: Sender) -> AsyncIterator[Puller]:
    for mapping, name in IMPORTS[:2]:
        await sender.applied(mapping, (sender.folder / name).read_bytes())
    made = Puller(sender, Feed(records(sender)))
    yield made
    await made.http.aclose()


async def test_pages_are_taken_by_cursor_and_nothing_is_asked_for_twice(sender: Sender, puller: Puller) -> None:
    everybody = len(puller.feed.rows)
    assert len(await puller.all()) == -(-everybody // puller.feed.size)
    assert await admitted(sender) == everybody
    head = await sender.service.runtime.log.head()
    puller.feed.asked.clear()
    assert await puller.once() is None
    assert puller.feed.asked == [(everybody, f'"{everybody}-0"')]
    assert await sender.service.runtime.log.head() == head


async def test_a_page_whose_end_was_not_remembered_is_taken_again_without_effect(
    sender: Sender, puller: Puller, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dies(*_: object) -> bool:
        raise asyncio.CancelledError

    with monkeypatch.context() as broken:
        broken.setattr(queries, "advance_pull", dies)
        with pytest.raises(asyncio.CancelledError):
            await puller.once()
    head = await sender.service.runtime.log.head()
    again = await puller.once()
    assert again is not None
    assert again.more
    assert await sender.service.runtime.log.head() == head
    assert await admitted(sender) == puller.feed.size


async def test_a_page_that_was_cut_short_is_finished_though_a_member_was_erased_meanwhile(
    sender: Sender, puller: Puller, monkeypatch: pytest.MonkeyPatch
) -> None:
    puller.feed.size = len(puller.feed.rows)
    with halfway(sender, puller.feed.size, monkeypatch), pytest.raises(LogUnavailable):
        await puller.once()
    await erase_first(sender)
    await puller.all()
    assert await admitted(sender) == len(puller.feed.rows)


async def test_a_source_that_is_away_moves_nothing_and_is_asked_again(sender: Sender, puller: Puller) -> None:
    await puller.once()
    puller.feed.away = True
    with pytest.raises(SourceAway, match="answers 503"):
        await puller.once()
    puller.feed.away = False
    await puller.all()
    assert await admitted(sender) == len(puller.feed.rows)


async def test_a_row_with_a_problem_lets_the_others_pass_and_is_tried_again_when_something_is_learned(
    sender: Sender, puller: Puller
) -> None:
    first, second, *_ = puller.feed.rows
    puller.feed.rows = [first, {**second, "Mã chi bộ": "42.001.000.000.009"}]
    [page] = await puller.all()
    assert (page.set_aside, await admitted(sender)) == (1, 1)
    assert await puller.once() is None

    headings = ("Mã tổ chức", "Tên tổ chức đảng", "Loại", "Mã cấp trên trực tiếp", "Ngày thành lập")
    cell = ("42.001.000.000.009", "Chi bộ mới", "Chi bộ", "42.001.000.000.000", "01/07/2025")
    unit = {**dict(zip(headings, cell, strict=True)), "Ngày kết thúc": None, "Loại hình chi bộ": "Cơ quan"}
    assert (await push(sender, [unit], mapping="units")).json()["new"] == 1
    [again] = await puller.all()
    assert (again.set_aside, await admitted(sender)) == (0, 2)


async def test_a_row_that_is_sent_again_replaces_the_one_set_aside(sender: Sender, puller: Puller) -> None:
    first, *_ = puller.feed.rows
    puller.feed.rows = [{**first, "Mã chi bộ": "42.999"}]
    await puller.all()
    puller.feed.rows.append(first)
    [page] = await puller.all()
    assert (page.set_aside, await admitted(sender)) == (0, 1)
    assert await queries.quarantined(sender.service.runtime.pool, URL) == []


async def test_a_row_set_aside_goes_with_the_erased_member(sender: Sender, puller: Puller) -> None:
    first, *_ = puller.feed.rows
    puller.feed.rows = [first]
    await puller.all()
    puller.feed.rows.append({**first, "Mã chi bộ": "42.999"})
    await puller.all()
    pool = sender.service.runtime.pool
    [waiting] = await queries.quarantined(pool, URL)
    member_id = await pool.fetchval("SELECT member_id FROM member_identity WHERE code_hash = $1", waiting.code_hash)
    await sender.service.deliver()
    erased = await sender.service.post(f"/members/{member_id}/erasure", None, Authorization=MACHINE)
    assert erased.status_code == 200, erased.text
    assert await queries.quarantined(pool, URL) == []


async def test_a_page_that_shrinks_a_cell_waits_and_the_next_ones_behind_it(sender: Sender, puller: Puller) -> None:
    await sender.all()
    cell = [row for row in puller.feed.rows if row["Mã chi bộ"] == "42.001.000.000.002"]
    puller.feed.rows = [
        {**row, "Tình trạng sinh hoạt": "Đã ra khỏi", "Từ ngày": None, "Đến ngày": None} for row in cell
    ]
    held = await puller.once()
    assert held is not None
    assert held.held
    again = await puller.once()
    assert again is not None
    assert (again.held, again.file.import_id) == (True, held.file.import_id)
    await confirm(sender, str(held.file.import_id), await board_of(sender))
    done = await puller.once()
    assert done is not None
    assert not done.held
    assert json.loads(done.file.preview)["ended"] == len(cell)


@contextmanager
def served(feed: Feed) -> Iterator[str]:
    """The feed on a real socket."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            cursor = parse_qs(urlsplit(self.path).query).get("cursor", [None])[0]
            status, headers, body = feed.answer(cursor, self.headers.get("If-None-Match"))
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing to read."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/members"
        finally:
            server.shutdown()
            thread.join()


def environment(sender: Sender, url: str, every_seconds: float = 60) -> dict[str, str]:
    settings = {
        "MEMBERSHIP_DATABASE_URL": sender.service.runtime.settings.database_url,
        "MEMBERSHIP_IDENTITY_SECRET": "only for this test",
        "MEMBERSHIP_PULL_URL": url,
        "MEMBERSHIP_PULL_EVERY_SECONDS": str(every_seconds),
    }
    return {**os.environ, **settings}


PROGRAM = (sys.executable, "-m", "services.membership", "pull")


async def test_the_command_pulls_everything_once_and_says_what_it_did(sender: Sender, puller: Puller) -> None:
    def command(url: str) -> subprocess.CompletedProcess[str]:
        variables = environment(sender, url)
        return subprocess.run([*PROGRAM, "--once"], env=variables, capture_output=True, text=True, check=False)

    with served(puller.feed) as url:
        done = await asyncio.to_thread(command, url)
        assert (done.returncode, "50 new, 0 changed, 0 ended, 0 unchanged, 0 set aside" in done.stdout) == (0, True), (
            done
        )
        puller.feed.away = True
        away = await asyncio.to_thread(command, url)
    assert (away.returncode, "answers 503" in away.stderr) == (2, True), away
    assert await admitted(sender) == len(puller.feed.rows)


async def test_the_command_goes_on_until_it_is_asked_to_stop(sender: Sender, puller: Puller) -> None:
    first, second, late = puller.feed.rows[:3]
    puller.feed.rows = [first, second]

    async def recorded(members: int) -> bool:
        return await admitted(sender) == members

    with served(puller.feed) as url:
        process = await asyncio.create_subprocess_exec(*PROGRAM, env=environment(sender, url, every_seconds=0.1))
        try:
            await eventually(lambda: recorded(2), "the first round", 60)
            puller.feed.rows.append(late)
            await eventually(lambda: recorded(3), "what came after it", 60)
            process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(process.wait(), 60) == 0
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def test_the_command_waits_for_a_source_that_is_away_and_stops_while_it_waits(
    sender: Sender, puller: Puller
) -> None:
    puller.feed.away = True
    with served(puller.feed) as url:
        process = await asyncio.create_subprocess_exec(
            *PROGRAM, env=environment(sender, url, every_seconds=3600), stderr=asyncio.subprocess.PIPE
        )
        assert process.stderr is not None
        said = await asyncio.wait_for(process.stderr.readline(), 60)
        process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.communicate(), 60)
    assert (process.returncode, b"answers 503" in said) == (0, True), said
