"""The meetings service with the small commune known to it."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from services.meetings.app import SERVICE
from tests.integration import commune
from tests.integration.inprocess import InProcess, running


@pytest.fixture
async def meetings(service_database: Callable[[str], Awaitable[str]]) -> AsyncIterator[InProcess]:
    async with running(SERVICE, await service_database("meetings")) as service:
        await service.deliver(await commune.membership())
        yield service
