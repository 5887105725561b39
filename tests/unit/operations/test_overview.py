"""The overview: every owner is asked with the asker's token; who does not answer is part of the answer."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from rich.console import Console

from services.operations.overview import HeldKey, Overview, Source, look
from services.operations.settings import NothingToAsk, asking
from services.operations.status_command import held_table, not_reading, services_table, webhook_line

SERVICES = {"meetings": "http://meetings", "reporting": "http://reporting"}
SENDER = {"operations": "http://operations"}


def status(**changes: Any) -> dict[str, Any]:
    consumer = {
        "name": "reporting.facts",
        "waiting_events": 2,
        "parked_events": 3,
        "quarantined": 1,
        "sources": [
            {"log_id": "meetings", "watermark": 90, "source_position": 100, "lag_events": 10, "lag_seconds": 1.5},
            {"log_id": "attendance", "watermark": 0, "source_position": None, "lag_events": None},
        ],
    }
    relay = {"position": 99, "head": 100, "lag_events": 1, "lag_seconds": 0.2}
    return {"service": "it", "relay": relay, "consumers": [consumer], "degraded": [], "later": "field"} | changes


def parked(*keys: dict[str, Any]) -> dict[str, Any]:
    return {"keys": list(keys), "quarantined": []}


async def seen(
    answers: dict[str, tuple[int, Any]], services: Mapping[str, str] = SERVICES
) -> tuple[Overview, list[httpx.Request]]:
    """What is seen when services answer so, by host and path; a host without an answer refuses connections."""
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        known = answers.get(f"{request.url.host}{request.url.path}")
        if known is None:
            raise httpx.ConnectError("refused")
        return httpx.Response(known[0], json=known[1])

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        return await look(services, "the token", http), requests


WELL = {
    "meetings/ops/status": (200, status(consumers=[])),
    "meetings/ops/parked": (200, parked()),
    "reporting/ops/status": (200, status()),
    "reporting/ops/parked": (200, parked()),
}


async def test_each_service_is_asked_with_the_askers_token() -> None:
    overview, requests = await seen(WELL)
    assert overview.well
    assert {request.headers["Authorization"] for request in requests} == {"Bearer the token"}
    assert [service.service for service in overview.services] == ["meetings", "reporting"]


async def test_what_waits_for_each_webhook_is_shown() -> None:
    hook = {"webhook_id": str(UUID(int=7)), "state": "paused", "waiting": 5, "parked": 2, "url": "later field"}
    since = {"waits_since": "2026-03-03T11:00:00+00:00"}
    sender = {"operations/ops/status": (200, status(consumers=[])), "operations/ops/parked": (200, parked())}
    overview, _ = await seen(WELL | sender | {"operations/webhooks": (200, [hook | since])}, SERVICES | SENDER)
    [told] = map(webhook_line, overview.webhooks)
    assert told == f"webhook {UUID(int=7)} (paused): 5 wait, 2 parked since 2026-03-03T11:00:00+00:00"


async def test_a_sender_of_webhooks_that_does_not_answer_is_named_once_and_hides_nothing_else() -> None:
    overview, _ = await seen(WELL, SERVICES | SENDER)
    assert overview.webhooks == ()
    assert [service.service for service in overview.services if service.problem] == ["operations"]


async def test_the_worst_lag_of_a_service_is_shown() -> None:
    overview, _ = await seen(WELL)
    reporting = overview.services[1]
    assert (reporting.lag_events, reporting.lag_seconds) == (10, 1.5)
    assert (reporting.waiting, reporting.parked, reporting.quarantined) == (2, 3, 1)


@pytest.mark.parametrize(
    ("answers", "problem"),
    [
        ({}, "does not answer (ConnectError)"),
        ({"reporting/ops/status": (403, {})}, "answers 403"),
        ({"reporting/ops/status": (200, {"consumers": 7}), "reporting/ops/parked": (200, parked())}, "cannot be read"),
    ],
)
async def test_a_service_that_gives_no_status_is_named_and_the_others_are_shown(
    answers: dict[str, tuple[int, Any]], problem: str
) -> None:
    others = {path: answer for path, answer in WELL.items() if path.startswith("meetings")}
    overview, _ = await seen(others | answers)
    assert problem in (overview.services[1].problem or "")
    assert overview.services[0].problem is None
    assert not overview.well


async def test_what_is_held_is_not_well_and_says_why() -> None:
    key = {
        "consumer": "reporting.facts",
        "log_id": "attendance",
        "key": "cell-1",
        "state": "parked",
        "events": 3,
        "since": "2026-03-03T11:00:00+00:00",
        "waits_for": None,
        "reason": "UndecodableEvent",
    }
    overview, _ = await seen(WELL | {"reporting/ops/parked": (200, parked(key))})
    assert not overview.well
    console = Console(width=120)
    with console.capture() as printed:
        console.print(services_table(overview), held_table(overview))
    assert "UndecodableEvent" in printed.get()
    assert "cell-1" in printed.get()


async def test_a_row_of_a_large_log_in_trouble_fits_into_80_columns() -> None:
    troubled = status(relay={"position": 999_999, "head": 999_999, "lag_events": 0, "lag_seconds": 0.0})
    overview, _ = await seen(WELL | {"reporting/ops/status": (200, troubled | {"degraded": ["relay retrying"]})})
    console = Console(width=80)
    with console.capture() as printed:
        console.print(services_table(overview))
    assert "…" not in printed.get()
    assert "quarantined" in printed.get()


def test_without_services_it_says_where_to_name_them(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPERATIONS_SERVICES", raising=False)
    with pytest.raises(NothingToAsk, match="OPERATIONS_SERVICES"):
        asking(tmp_path / "stack.json")


def test_without_a_token_nobody_is_asked(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPERATIONS_SERVICES", '{"meetings": "http://m"}')
    monkeypatch.delenv("OPERATIONS_TOKEN", raising=False)
    with pytest.raises(NothingToAsk, match="OPERATIONS_TOKEN"):
        asking(tmp_path / "stack.json")


def test_a_running_demo_is_found_by_its_file(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPERATIONS_SERVICES", raising=False)
    stack = tmp_path / "stack.json"
    stack.write_text('{"services": {"meetings": "http://m"}, "tokens": {"operator": "t"}, "kafka": "k"}')
    found = asking(stack)
    assert (found.services, found.token) == ({"meetings": "http://m"}, "t")


def test_a_watermark_that_no_relay_has_moved_for_a_minute_is_old() -> None:
    now = datetime.now(UTC)
    fresh, old, never = (
        Source(log_id="meetings", watermark=1, watermark_time=time)
        for time in (now - timedelta(seconds=5), now - timedelta(seconds=90), None)
    )
    assert (fresh.is_old, old.is_old, never.is_old, never.age) == (False, True, False, None)
    assert old.age is not None
    assert old.age >= 90


def test_a_reason_is_summed_up_in_its_first_line() -> None:
    said = {"service": "it", "consumer": "c", "log_id": "l", "key": "k", "state": "parked", "events": 1}
    short, long = (HeldKey.model_validate(said | {"reason": reason}) for reason in ("broken", "broken\nDETAIL: a row"))
    assert (short.summary, short.says_more) == ("broken", False)
    assert (long.summary, long.says_more) == ("broken", True)


async def test_a_new_version_waits_for_every_consumer_of_the_event_to_read_it() -> None:
    def reading(version: int | None) -> dict[str, Any]:
        [consumer] = status()["consumers"]
        versions = {} if version is None else {"versions": {"MeetingHeld": version}}
        return status(consumers=[consumer | {"types": ["MeetingHeld"]} | versions])

    async def lacking(version: int | None, log: str = "meetings", event: str = "MeetingHeld") -> list[str]:
        answers = {f"{name}/ops/parked": (200, parked()) for name in SERVICES}
        answers |= {"meetings/ops/status": (200, status(consumers=[])), "reporting/ops/status": (200, reading(version))}
        overview, _ = await seen(answers)
        return list(not_reading(overview, log, event, 2))

    assert await lacking(1) == ["reporting.facts (reporting) reads MeetingHeld up to version 1"]
    assert await lacking(None) == await lacking(1)  # a release that did not say so yet
    assert await lacking(2) == []
    assert await lacking(2, log="membership") == ["no consumer takes MeetingHeld of membership"]
    assert await lacking(2, event="MeetingHelt") == ["no consumer takes MeetingHelt of meetings"]
    overview, _ = await seen({})
    assert not_reading(overview, "meetings", "MeetingHeld", 2)[0] == "meetings does not answer (ConnectError)"
