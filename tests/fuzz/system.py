"""All six services in this process, each on its own real database; what a relay and Kafka do between them is done here.

The small commune of the integration tests is known, with one meeting planned and one held; every role has its token.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
from anyio.from_thread import BlockingPortal

from services.attendance.app import SERVICE as ATTENDANCE
from services.evaluation.app import SERVICE as EVALUATION
from services.meetings.app import SERVICE as MEETINGS
from services.membership.app import SERVICE as MEMBERSHIP
from services.membership.settings import MembershipSettings
from services.operations import live
from services.operations.app import SERVICE as OPERATIONS
from services.operations.asked import client as asking_client
from services.operations.settings import OperationsSettings
from services.reporting.app import SERVICE as REPORTING
from shared.contracts.envelope import FetchedRecord, RecordedEvent, to_record
from shared.contracts.membership import TREE_KEY, AssignmentKind
from shared.database.migrate import SHARED_MIGRATIONS
from shared.messaging.consumer import Consumer
from shared.messaging.progress import ProgressRecord
from shared.service import ClientSettings, Service, ServiceSettings
from shared.web import consistency
from shared.web.roles import Role
from tests.fixtures.databases import Databases
from tests.fixtures.province import assignment
from tests.integration import commune
from tests.integration.evaluation.conftest import criteria
from tests.integration.inprocess import NOW, InProcess, bearer, record, running

SERVICES = (MEMBERSHIP, MEETINGS, ATTENDANCE, EVALUATION, REPORTING, OPERATIONS)
CLIENTS = {
    "integrator": ClientSettings(role=Role.INTEGRATOR),
    "operator": ClientSettings(role=Role.OPERATOR),
}
TOKENS = {
    **{name: commune.as_(name) for name in commune.OFFICES},
    **{name: bearer(client_id=name) for name in CLIENTS},
    "member": bearer(member_id=commune.AN),
    "note_taker": bearer(member_id=commune.BINH),
    "stranger": bearer(client_id="nobody"),
}
PLANNED, HELD = UUID(int=0x401), UUID(int=0x402)
SITTINGS = {PLANNED: UUID(int=0x411), HELD: UUID(int=0x412)}


@dataclass
class System:
    """`services` by name. `copied`: of each log, its rows as its topic would have them, all on one partition."""

    services: dict[str, InProcess]
    copied: dict[str, list[FetchedRecord]] = field(default_factory=dict)

    async def deliver(self) -> None:
        """Every consumer gets what its sources have recorded since, until nobody records anything in reply."""
        while await self._copy():
            for service in self.services.values():
                for handler in service.handlers:
                    store = service.runtime.store
                    consumer = Consumer(
                        handler, store, topics={f"{log_id}.events": log_id for log_id in handler.sources}
                    )
                    for log_id in handler.sources:
                        at = {
                            place.log_id: position for place, position in (await store.positions(handler.name)).items()
                        }
                        begin = at[log_id].next_offset if log_id in at else 0
                        if batch := self.copied.get(log_id, [])[begin:]:
                            await consumer.handle(batch)
                    await consumer.release()
                await self._tell_progress(service)

    async def _copy(self) -> bool:
        """Whether any log has grown."""
        grown = False
        for name in self.services:
            records = self.copied.setdefault(name, [])
            for row in await self.rows(name, after=len(records) and _position(records[-1])):
                prev = _position(records[-1]) if records else 0
                made = to_record(row, prev)
                records.append(FetchedRecord(f"{name}.events", 0, len(records), made.key, made.value, made.headers))
                grown = True
        return grown

    async def rows(self, name: str, after: int = 0) -> list[RecordedEvent]:
        """The log of the service `name` behind a position."""
        rows: list[RecordedEvent] = []
        while page := await self.services[name].runtime.log.read(after=rows[-1].position if rows else after):
            rows.extend(page)
        return rows

    async def _tell_progress(self, service: InProcess) -> None:
        for name, records in self.copied.items():
            if records:
                said = ProgressRecord(name, _position(records[-1]), NOW, {0: len(records)}, {0: _position(records[-1])})
                await service.runtime.store.record_progress(said)


def _position(record: FetchedRecord) -> int:
    return int(dict(record.headers)["ce_sequence"])


def _settings(service: Service, url: str) -> ServiceSettings:
    match service.name:
        case "membership":
            return MembershipSettings(database_url=url, identity_secret="only for this test", clients=CLIENTS)
        case "operations":
            addresses = {other.name: f"http://{other.name}" for other in SERVICES[:-1]}
            # A machine that receives does so for a unit.
            receiver = ClientSettings(role=Role.INTEGRATOR, unit_id=commune.PROVINCE)
            return OperationsSettings(database_url=url, services=addresses, clients={**CLIENTS, "integrator": receiver})
        case name:
            return ServiceSettings(name=name, database_url=url, clients=CLIENTS)


@asynccontextmanager
async def running_system(databases: Databases) -> AsyncIterator[System]:
    """Started, with the commune known everywhere; stopped at the end."""
    async with AsyncExitStack() as stack:
        services: dict[str, InProcess] = {}
        for service in SERVICES:
            url = await databases.make(*SHARED_MIGRATIONS, service.migrations)
            stack.push_async_callback(databases.drop, url)
            at_work = await stack.enter_async_context(running(service, url, _settings(service, url)))
            at_work.runtime.handlers = at_work.handlers
            services[service.name] = at_work
        system = System(services)
        services["operations"].app.dependency_overrides[asking_client] = _asking(system)
        # One look: nobody here goes away from a stream.
        live.STREAM_SECONDS = live.LOOK_EVERY_SECONDS = 0.01
        await _begin(system)
        yield system


def _asking(system: System) -> Callable[[], AsyncIterator[httpx.AsyncClient]]:
    """How operations reaches the services without sockets."""
    mounts = {f"http://{name}": httpx.ASGITransport(service.app) for name, service in system.services.items()}

    async def client() -> AsyncIterator[httpx.AsyncClient]:
        async with httpx.AsyncClient(mounts=mounts) as http:
            yield http

    return client


async def _begin(system: System) -> None:
    members = system.services["membership"].runtime.log
    await commune.found(members)
    notes = assignment("x", commune.FIRST, AssignmentKind.NOTE_TAKER).model_copy(update={"member_id": commune.BINH})
    await record(members, notes, stream=f"assignment-{notes.assignment_id}", key=TREE_KEY)
    await system.deliver()
    await _do(system, "evaluation", "/criteria-sets", criteria(), "appraiser")
    for meeting, period in ((HELD, "2026-03"), (PLANNED, "2026-04")):
        sitting = {"sitting_id": str(SITTINGS[meeting]), "starts_at": f"{period}-02T01:00:00+00:00"}
        plan = {"unit_id": str(commune.FIRST), "meeting_id": str(meeting), "period": period, "sittings": [sitting]}
        await _do(system, "meetings", "/meetings", plan, "secretary")
    await system.deliver()
    came = [{"member_id": str(member)} for member in (commune.AN, commune.BINH)]
    late = {"check_ins": came, "at": "2026-03-02T01:00:00+00:00"}
    await _do(system, "attendance", f"/roll-calls/{HELD}/late-entry", late, "secretary")
    hours = {"started_at": "2026-03-02T01:00:00+00:00", "ended_at": "2026-03-02T02:35:00+00:00"}
    await _do(system, "meetings", f"/meetings/{HELD}/held", {"sittings": [hours], "speakers": 3}, "secretary")
    await system.deliver()


async def _do(system: System, service: str, path: str, body: dict[str, Any], who: str) -> None:
    answer = await system.services[service].post(path, body, Authorization=TOKENS[who])
    assert answer.status_code == 200, answer.text


@contextmanager
def system_in_thread(portal: BlockingPortal, databases: Databases) -> Iterator[System]:
    """For code that is not asynchronous, as Hypothesis runs its inputs: `portal.call(...)` does what is."""
    waited, consistency.WAIT_SECONDS = consistency.WAIT_SECONDS, 0.0
    try:
        with portal.wrap_async_context_manager(running_system(databases)) as system:
            yield system
    finally:
        consistency.WAIT_SECONDS = waited
