"""Reading one's own writes: a query may ask for at least a position that a command's answer carried."""

import asyncio
import re
from typing import Annotated

from fastapi import Query, Request

from shared.web.identity import bearer, identify
from shared.web.problems import Refused
from shared.web.runtime import ServiceRuntime

WAIT_SECONDS = 2.0
POLL_SECONDS = 0.05
_POSITION = re.compile(r"(?P<log>[a-z][a-z0-9_-]{0,60}):(?P<position>[0-9]{1,18})")


class PositionMalformed(Refused):
    """`at_least` is not what the header X-Log-Position gave."""

    problem = "position-malformed"
    status = 400


class NotYetThere(Refused):
    """The service has not applied the position yet: ask again."""

    problem = "position-not-reached"
    status = 503
    retry_after = 1


class Applied:
    """Up to which position a source is applied here. However many wait, the database is asked by one at a time."""

    def __init__(self, runtime: ServiceRuntime) -> None:
        self._runtime = runtime
        self._asking: dict[str, asyncio.Task[int]] = {}

    async def __call__(self, source: str) -> int:
        asking = self._asking.get(source)
        if asking is None or asking.done():
            asking = self._asking[source] = asyncio.create_task(self._ask(source))
        # One who gives up must not end the question for the others.
        return await asyncio.shield(asking)

    async def _ask(self, source: str) -> int:
        try:
            return await self._runtime.applied(source)
        finally:
            del self._asking[source]


async def at_least(
    request: Request,
    at_least: Annotated[
        list[str], Query(max_length=8, description="Positions (<log>:<position>) that the answer must include.")
    ] = [],  # noqa: B006  # FastAPI copies it
) -> None:
    """Waits a moment until this service has applied the positions; then 503 with Retry-After."""
    if at_least:
        # Somebody known: waiting asks the database again and again. Not a dependency, which those who do not wait for
        # anything would have too.
        await identify(request, await bearer(request))
    for wanted in at_least:
        match = _POSITION.fullmatch(wanted)
        if match is None:
            raise PositionMalformed(f"at_least phải có dạng <log>:<position>, không phải {wanted!r}.")
        await _wait(request.app.state.applied, match["log"], int(match["position"]))


async def _wait(applied: Applied, source: str, position: int) -> None:
    clock = asyncio.get_running_loop().time
    deadline = clock() + WAIT_SECONDS
    while await applied(source) < position:
        if clock() >= deadline:
            raise NotYetThere(f"Chưa nhận được dữ liệu đến vị trí {source}:{position}; hãy thử lại.")
        await asyncio.sleep(POLL_SECONDS)
