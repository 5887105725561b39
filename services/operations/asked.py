"""What the endpoints of operations share: who may ask, and how owners are asked."""

from collections.abc import AsyncIterator
from typing import Annotated

import httpx
from fastapi import Depends

from services.operations.owners import Owners
from services.operations.queries import Index
from services.operations.settings import settings_of
from shared.local_time import local_date
from shared.service import Runtime, runtime
from shared.web.identity import access_token

Running = Annotated[Runtime, Depends(runtime)]


async def client() -> AsyncIterator[httpx.AsyncClient]:
    """A client for one request; proxies of the environment are not for services."""
    async with httpx.AsyncClient(trust_env=False) as http:
        yield http


async def owners(
    token: Annotated[str, Depends(access_token)],
    running: Running,
    http: Annotated[httpx.AsyncClient, Depends(client)],
) -> Owners:
    """Each owner is asked with the operator's own token: it decides itself what it shows."""
    return Owners(settings_of(running).services, token, http)


async def index(running: Running) -> Index:
    """The index of traces, as of today's tree."""
    return Index(running.pool, running.settings.clients, local_date(running.clock()))


Asked = Annotated[Owners, Depends(owners)]
Traces = Annotated[Index, Depends(index)]
