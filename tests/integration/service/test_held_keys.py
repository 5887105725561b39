"""The owner of a held key rehearses and redrives it when an operator asks over HTTP, as its command line does."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest

from shared.contracts.envelope import FetchedRecord, Metadata, RecordedEvent, to_record
from shared.contracts.event import EventTypes
from shared.contracts.membership import UnitDissolved
from shared.messaging.handler import EventHandler, Received, Tx
from shared.messaging.parking import NotHeld
from shared.messaging.store import HeldEvent, HeldKey, HeldState, KeyOf
from shared.service import ClientSettings, Runtime, Service, ServiceSettings, open_runtime
from shared.web.app import create_app
from shared.web.roles import Role
from tests.fixtures.province import NOW
from tests.integration.inprocess import ReadTokens, bearer

KEY = KeyOf("membership", "membership tree")
NAMED = {"consumer": "dissolved", "log_id": KEY.log_id, "key": KEY.key}
OPERATOR = {"Authorization": bearer(client_id="watch")}


class Dissolved:
    """Counts in an ignored type's counter, for want of tables; refuses while it is broken."""

    name = "dissolved"
    sources: tuple[str, ...] = ("membership",)
    types = EventTypes([UnitDissolved])
    broken = False

    async def apply(self, tx: Tx, batch: Sequence[Received]) -> None:
        if self.broken:
            raise ValueError("still broken")
        await tx.execute("UPDATE ignored_event SET events = events + $1", len(batch))

    async def figures(self, tx: Tx, _: Sequence[Received]) -> dict[str, object]:
        return {"dissolved": await tx.fetchval("SELECT sum(events) FROM ignored_event")}


HANDLER = Dissolved()


def handlers(_: Runtime) -> Sequence[EventHandler]:
    return [HANDLER]


SERVICE = Service("notes", Path("no-migrations-of-its-own"), lambda _: (), handlers)


@pytest.fixture
async def running(service_database: Callable[[], Awaitable[str]]) -> AsyncIterator[Runtime]:
    clients = {"watch": ClientSettings(role=Role.OPERATOR), "import": ClientSettings(role=Role.INTEGRATOR)}
    settings = ServiceSettings(name="notes", database_url=await service_database(), clients=clients)
    HANDLER.broken = False
    async with open_runtime(SERVICE, settings) as running:
        async with running.store.transaction() as tx:
            await tx.count_ignored("dissolved", {("membership", "Other"): 1})
            await tx.put_key("dissolved", HeldKey(KEY, 0, HeldState.PARKED, "it was broken"))
            await tx.hold("dissolved", [held(7), held(9)])
        yield running


@pytest.fixture
async def http(running: Runtime) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(running, ())
    app.state.tokens = ReadTokens()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://notes") as http:
        yield http


def held(position: int) -> HeldEvent:
    event = RecordedEvent(
        log_id=KEY.log_id,
        position=position,
        stream=KEY.key,
        version=position,
        key=KEY.key,
        event_id=uuid4(),
        command_id=uuid4(),
        n=0,
        type="UnitDissolved",
        schema_version=1,
        data=UnitDissolved(unit_id=UUID(int=1), effective_on=NOW.date()).model_dump_json(),
        metadata=Metadata(uuid4(), "client:test"),
        recorded_at=NOW,
    )
    made = to_record(event, position - 1)
    record = FetchedRecord("membership.events", 0, position, made.key, made.value, made.headers)
    return HeldEvent(KEY, position, event.type, record)


async def test_a_dry_run_says_what_would_change_and_changes_nothing(http: httpx.AsyncClient, running: Runtime) -> None:
    answer = await http.post("/ops/parked/dry-run", json=NAMED, headers=OPERATOR)
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "applied": 2,
            "still_held": None,
            "tried": True,
            "changes": [{"figure": "dissolved", "now": "1", "then": "3"}],
        },
    )
    [(_, key)] = await running.store.held_keys()
    assert (key.events, key.first_position) == (2, 7)


async def test_a_redrive_lets_the_key_go_once(http: httpx.AsyncClient, running: Runtime) -> None:
    answer = await http.post("/ops/parked/redrive", json=NAMED, headers=OPERATOR)
    assert (answer.status_code, answer.json()) == (200, {"applied": 2, "still_held": None})
    assert await running.store.held_keys() == []
    again = await http.post("/ops/parked/redrive", json=NAMED, headers=OPERATOR)
    assert (again.status_code, again.json()["type"].rpartition(":")[2]) == (409, "key-not-held")
    with pytest.raises(NotHeld):
        await running.redrive("dissolved", KEY)


async def test_a_key_whose_cause_is_not_mended_says_so_and_stays(http: httpx.AsyncClient, running: Runtime) -> None:
    HANDLER.broken = True
    answer = await http.post("/ops/parked/redrive", json=NAMED, headers=OPERATOR)
    assert answer.json() == {"applied": 0, "still_held": "ValueError: still broken"}
    assert len(await running.store.held_keys()) == 1


async def test_a_name_that_nobody_has_is_refused_in_words(http: httpx.AsyncClient) -> None:
    unknown = await http.post("/ops/parked/redrive", json=NAMED | {"consumer": "nobody"}, headers=OPERATOR)
    assert unknown.status_code == 409
    assert "dissolved" in unknown.json()["detail"]
    for broken in ("\x00", "", "x" * 2001):
        answer = await http.post("/ops/parked/dry-run", json=NAMED | {"log_id": broken}, headers=OPERATOR)
        assert answer.status_code == 422


async def test_nobody_but_an_operator_redrives(http: httpx.AsyncClient, running: Runtime) -> None:
    for headers, status in (({}, 401), ({"Authorization": bearer(client_id="import")}, 403)):
        assert (await http.post("/ops/parked/redrive", json=NAMED, headers=headers)).status_code == status
    assert len(await running.store.held_keys()) == 1
