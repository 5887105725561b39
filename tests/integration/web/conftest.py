"""A service with one command and one query, served by a real uvicorn over a real database and a real issuer."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID, uuid4

import httpx
import pytest
import uvicorn
from fastapi import APIRouter, Depends, FastAPI

from shared.contracts.event import Event, EventTypes
from shared.database.migrate import SHARED_MIGRATIONS
from shared.database.pool import open_pool
from shared.decider import Decider
from shared.directory.directory import Directory
from shared.eventstore.command_handler import Aggregate
from shared.eventstore.context import Context
from shared.eventstore.group_commit import GroupCommitLog
from shared.service import ClientSettings, Runtime, ServiceSettings, runtime
from shared.web.access import READ, Caller, Reach, Role, allow
from shared.web.app import create_app
from shared.web.context import CommandAccepted, at_least, command_context, receipt
from shared.web.issuer import DemoIssuer, issuer_app
from tests.fixtures.province import NOW, Membership, founding

WRITE = allow(
    {
        Role.SECRETARY: Reach.OWN_UNIT,
        Role.NOTE_TAKER: Reach.ASSIGNED,
        Role.COMMUNE_OFFICE: Reach.SUBTREE,
        Role.APPRAISER: Reach.OWN_UNIT,
    }
)
DECIDE = allow({Role.APPRAISER: Reach.SUBTREE})
IMPORT = allow({Role.INTEGRATOR: Reach.SYSTEM})


class Noted(Event):
    """Something was written down about a unit."""

    unit_id: UUID
    number: int


NOTES: Aggregate[Noted, int] = Aggregate(
    decider=Decider(
        initial=0,
        decide=lambda command, state: [] if command.number == state else [command],
        evolve=lambda _, event: event.number if isinstance(event, Noted) else 0,
    ),
    types=EventTypes([Noted]),
)

router = APIRouter()
Running = Annotated[Runtime, Depends(runtime)]


@router.get("/notes/{unit_id}")
async def read_note(unit_id: UUID, caller: Annotated[Caller, READ], running: Running) -> int:
    await caller.require(unit_id)
    state, _ = await running.handler(NOTES).state(f"note-{unit_id}")
    return state


async def _note(command: Noted, running: Runtime, context: Context) -> CommandAccepted:
    stream = f"note-{command.unit_id}"
    done = await running.handler(NOTES).handle(command, stream=stream, key=str(command.unit_id), context=context)
    return receipt(done)


@router.post("/bodies")
async def take_body(body: dict[str, str], caller: Annotated[Caller, IMPORT]) -> int:
    return len(body) + len(caller.actor)


@router.post("/notes/{unit_id}")
async def write_note(
    unit_id: UUID,
    number: int,
    caller: Annotated[Caller, WRITE],
    running: Running,
    context: Annotated[Context, Depends(command_context)],
) -> CommandAccepted:
    await caller.require(unit_id)
    return await _note(Noted(unit_id=unit_id, number=number), running, context)


@router.post("/decisions/{unit_id}")
async def decide(
    unit_id: UUID,
    caller: Annotated[Caller, DECIDE],
    running: Running,
    context: Annotated[Context, Depends(command_context)],
) -> CommandAccepted:
    await caller.require(unit_id)
    return await _note(Noted(unit_id=unit_id, number=100), running, context)


@router.post("/imports")
async def imports(_: Annotated[Caller, IMPORT]) -> str:
    return "imported"


@router.get("/lately/{unit_id}")
async def lately(_: Annotated[Caller, READ], __: Annotated[None, Depends(at_least)]) -> str:
    return "as of then"


@router.get("/broken")
async def broken(_: Annotated[Caller, READ]) -> str:
    raise RuntimeError("a text that nobody outside may see")


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[str]:
    """The address of `app` on a real uvicorn."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", ws="none"))
    serve = asyncio.create_task(server.serve([listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serve


@pytest.fixture(scope="session")
def issuer_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its key pair is made once: that takes longer than a test."""
    return tmp_path_factory.mktemp("issuer")


@pytest.fixture
async def issuer(issuer_folder: Path) -> AsyncIterator[DemoIssuer]:
    """A demo issuer that serves its keys."""
    issuer = DemoIssuer(issuer_folder, "http://to-be-known")
    async with serving(issuer_app(issuer)) as address:
        issuer.issuer = address
        yield issuer


@pytest.fixture
async def running(service_database: Callable[[], Awaitable[str]], issuer: DemoIssuer) -> AsyncIterator[Runtime]:
    url = await service_database()
    settings = ServiceSettings(
        name="notes",
        database_url=url,
        oidc_issuer=issuer.issuer,
        oidc_jwks_url=f"{issuer.issuer}/jwks.json",
        clients={
            "import": ClientSettings(role=Role.INTEGRATOR),
            "operator": ClientSettings(role=Role.OPERATOR),
        },
    )
    pool = await open_pool(url)
    async with GroupCommitLog(pool, settings.log_id) as log:
        yield Runtime(
            settings=settings,
            pool=pool,
            log=log,
            directory=Directory(pool),
            migrations=SHARED_MIGRATIONS,
            clock=lambda: NOW,
        )
    await pool.close()


@pytest.fixture
async def membership(running: Runtime) -> Membership:
    membership = Membership(running.pool)
    await membership.tell(*founding())
    return membership


@dataclass
class Client:
    """Speaks HTTP with one token."""

    http: httpx.AsyncClient
    issuer: DemoIssuer

    async def get(self, path: str, token: str | None, headers: Mapping[str, str] | None = None) -> httpx.Response:
        return await self.http.get(path, headers=self._headers(token, headers))

    async def post(self, path: str, token: str | None, headers: Mapping[str, str] | None = None) -> httpx.Response:
        named = {"Idempotency-Key": str(uuid4())} | dict(headers or {})
        return await self.http.post(path, headers=self._headers(token, named))

    def _headers(self, token: str | None, headers: Mapping[str, str] | None) -> dict[str, Any]:
        authorization = {"Authorization": f"Bearer {token}"} if token else {}
        return authorization | dict(headers or {})


@pytest.fixture
async def client(running: Runtime, issuer: DemoIssuer) -> AsyncIterator[Client]:
    async with (
        serving(create_app(running, [router])) as address,
        httpx.AsyncClient(base_url=address, timeout=10) as http,
    ):
        yield Client(http, issuer)
