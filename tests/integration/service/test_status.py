"""What a service tells operations, and that trouble degrades it without closing its API."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from prometheus_client import CollectorRegistry, Counter

from shared import status
from shared.contracts.envelope import FetchedRecord, Metadata
from shared.contracts.membership import UnitDissolved
from shared.directory.projection import DirectoryHandler
from shared.eventstore.log import Append
from shared.messaging.handler import UnknownConsumer
from shared.messaging.progress import ProgressRecord
from shared.messaging.quarantine import NotQuarantined, Offset, dismiss, everything
from shared.messaging.store import HeldEvent, HeldKey, HeldState, KeyOf, Place, Position, Quarantined
from shared.service import Runtime, Service, ServiceSettings, open_runtime
from shared.status import STALL_WINDOW_SECONDS, Watch
from shared.web.app import create_app

CELL = KeyOf("membership", str(uuid4()))
NOW = datetime(2026, 3, 15, tzinfo=UTC)
SERVICE = Service("notes", Path("no-migrations-of-its-own"), lambda _: (), lambda _: [DirectoryHandler()])


@pytest.fixture
async def running(service_database: Callable[[], Awaitable[str]]) -> AsyncIterator[Runtime]:
    settings = ServiceSettings(name="notes", database_url=await service_database())
    async with open_runtime(SERVICE, settings) as running:
        yield running


async def health(running: Runtime) -> Mapping[str, object]:
    transport = httpx.ASGITransport(create_app(running, ()))
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as http:
        answer = await http.get("/health/ready")
    assert answer.status_code == 200
    body: Mapping[str, object] = answer.json()
    return body


async def hold(running: Runtime, state: HeldState) -> None:
    waits_for = "unit:1" if state is HeldState.WAITING else None
    place = Place("membership", 0)
    async with running.store.transaction() as tx:
        await tx.lock_positions("directory", [place])
        await tx.save_positions("directory", {place: Position(position=7, next_offset=8)})
        await tx.put_key("directory", HeldKey(CELL, 0, state, "undecodable", waits_for))
        record = FetchedRecord("membership.events", 0, 7, CELL.key.encode(), b"{}", ())
        await tx.hold("directory", [HeldEvent(CELL, 7, "UnitMoved", record)])


async def test_a_quiet_service_is_not_degraded(running: Runtime) -> None:
    assert (await health(running))["degraded"] == []


async def test_records_in_quarantine_degrade_and_do_not_close(running: Runtime) -> None:
    async with running.store.transaction() as tx:
        record = FetchedRecord("membership.events", 0, 7, None, b"{}", ())
        await tx.quarantine("directory", [Quarantined(record, "no position")])
    said = ["consumer directory has quarantined 1 records: see `quarantine list`"]
    assert (await health(running))["degraded"] == said


async def test_dismissed_records_degrade_no_longer_and_stay_with_who_and_why(running: Runtime) -> None:
    records = [FetchedRecord("membership.events", 0, offset, None, b"{}", ()) for offset in (7, 8)]

    async def arrive() -> None:
        async with running.store.transaction() as tx:
            await tx.quarantine("directory", [Quarantined(record, "no position") for record in records])

    await arrive()
    here = "directory", "membership.events"
    assert await dismiss(running.pool, *here, Offset(0, 7), by="office:1", reason="a test by hand") == 1
    assert (await health(running))["degraded"] == [
        "consumer directory has quarantined 1 records: see `quarantine list`"
    ]
    assert [item["offset"] for item in (await running.parked())["quarantined"]] == [8]
    assert [kept.record.offset for _, kept, _ in await everything(running.pool, with_dismissed=False)] == [8]
    assert await dismiss(running.pool, *here, None, by="office:2", reason="the same hand") == 1
    await arrive()  # read again, as after a topic was made anew
    assert (await health(running))["degraded"] == []
    assert await everything(running.pool, with_dismissed=False) == []
    both = await everything(running.pool, with_dismissed=True)
    found = {kept.record.offset: dismissed for _, kept, dismissed in both}
    assert {offset: by and (by.by, by.reason) for offset, by in found.items()} == {
        7: ("office:1", "a test by hand"),
        8: ("office:2", "the same hand"),
    }


async def test_what_is_not_in_quarantine_or_was_dismissed_before_is_not_dismissed(running: Runtime) -> None:
    async with running.store.transaction() as tx:
        record = FetchedRecord("membership.events", 0, 7, None, b"{}", ())
        await tx.quarantine("directory", [Quarantined(record, "no position")])
    at = Offset(0, 7)
    for consumer, topic, place in (
        ("facts", "membership.events", at),
        ("directory", "meetings.events", at),
        ("directory", "membership.events", Offset(1, 7)),
        ("directory", "membership.events", Offset(0, 8)),
    ):
        with pytest.raises(NotQuarantined):
            await dismiss(running.pool, consumer, topic, place, by="office:1", reason="wrong place")
    await dismiss(running.pool, "directory", "membership.events", at, by="office:1", reason="understood")
    with pytest.raises(NotQuarantined):
        await dismiss(running.pool, "directory", "membership.events", at, by="office:2", reason="again")
    [(_, _, dismissed)] = await everything(running.pool, with_dismissed=True)
    assert dismissed is not None
    assert dismissed.by == "office:1"


async def test_parked_keys_degrade_and_do_not_close(running: Runtime) -> None:
    await hold(running, HeldState.PARKED)
    assert (await health(running))["degraded"] == ["consumer directory has parked 1 events: see `parked list`"]
    [key] = (await running.parked())["keys"]
    assert (key["consumer"], key["key"], key["state"]) == ("directory", CELL.key, "parked")
    assert key["first_position"] == 7
    [consumer] = (await running.status())["consumers"]
    assert (consumer["parked_events"], consumer["waiting_events"]) == (1, 0)
    assert "UnitMoved" in consumer["types"]
    [partition] = consumer["sources"][0]["partitions"]
    assert (partition["partition"], partition["next_offset"], partition["parked"]) == (0, 8, 1)


async def test_waiting_is_no_trouble(running: Runtime) -> None:
    await hold(running, HeldState.WAITING)
    assert (await health(running))["degraded"] == []


async def test_a_stopped_consumer_degrades_and_does_not_close(running: Runtime) -> None:
    await running.store.set_stopped("directory", "40 of 100 events failed")
    assert (await health(running))["degraded"] == ["consumer directory stopped: 40 of 100 events failed"]


async def test_a_source_that_is_not_heard_of_any_more_degrades(running: Runtime) -> None:
    heard = datetime.now(UTC)
    await running.store.record_progress(ProgressRecord("membership", 9, heard - timedelta(seconds=75), {0: 9}))
    [said] = await running.degraded()
    assert said.startswith("nothing heard of membership for 7")
    await running.store.record_progress(ProgressRecord("membership", 9, heard, {0: 9}))
    assert await running.degraded() == []


async def test_a_consumer_that_stands_still_while_its_source_goes_on_degrades(running: Runtime) -> None:
    now, place = datetime.now(UTC), Place("membership", 0)
    async with running.store.transaction() as tx:
        await tx.lock_positions("directory", [place])
        await tx.save_positions("directory", {place: Position(position=9, next_offset=9)})
    await running.store.record_progress(ProgressRecord("membership", 9, now - timedelta(seconds=75), {0: 9}))
    await running.store.record_progress(ProgressRecord("membership", 12, now, {0: 12}))
    assert await running.degraded() == ["consumer directory is 3 positions behind membership"]


async def test_says_how_far_the_relay_is_behind_the_log(running: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    event = UnitDissolved(unit_id=UUID(int=1), effective_on=NOW.date())
    await running.log.append(Append("tree", 0, "tree", uuid4(), (event,), Metadata(uuid4(), "client:test")))
    relay = (await running.status())["relay"]
    assert (relay["position"], relay["head"], relay["lag_events"]) == (0, 1, 1)
    assert relay["lag_seconds"] > 0
    monkeypatch.setattr(status, "BEHIND_SECONDS", 0.0)
    assert (await health(running))["degraded"] == ["relay is 1 positions behind the log"]


async def test_applied_is_the_watermark_of_the_slowest_consumer(running: Runtime) -> None:
    assert await running.applied("membership") == 0
    place = Place("membership", 0)
    async with running.store.transaction() as tx:
        await tx.lock_positions("directory", [place])
        await tx.save_positions("directory", {place: Position(position=9, next_offset=9)})
    await running.store.record_progress(ProgressRecord("membership", 9, NOW, {0: 9}))
    assert await running.applied("membership") == 9
    await running.store.record_progress(ProgressRecord("membership", 12, NOW + timedelta(seconds=5), {0: 12}))
    assert await running.applied("membership") == 9
    [consumer] = (await running.status())["consumers"]
    [source] = consumer["sources"]
    assert (source["watermark"], source["source_position"], source["lag_events"]) == (9, 12, 3)


async def test_names_the_consumers_that_there_are(running: Runtime) -> None:
    assert running.handler_named("directory").name == "directory"
    with pytest.raises(UnknownConsumer, match="directory"):
        running.handler_named("nobody")


def test_a_consumer_that_stalls_again_and_again_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = CollectorRegistry()
    restarts = Counter("consumer_restarts", "as the watchdog counts", ["consumer", "reason"], registry=registry)
    monkeypatch.setattr(status, "REGISTRY", registry)
    now = 0.0
    watch = Watch(consumers=["directory"], clock=lambda: now)
    assert watch.hanging() == []
    restarts.labels("directory", "stalled").inc(2)
    assert watch.hanging() == []
    restarts.labels("directory", "stalled").inc()
    assert watch.hanging() == ["directory"]
    now = STALL_WINDOW_SECONDS + 1
    assert watch.hanging() == []
