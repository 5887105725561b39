"""Commands that no other service has to know of beforehand, asked once and not again: what is each answer?"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from itertools import count
from typing import Any
from uuid import uuid4

import httpx

from samples.demo.people import Cell
from tests.faults.workload import Load, plan_of


class Planner:
    """Cells plan meetings of years to come, one after the other."""

    def __init__(self, load: Load, http: httpx.AsyncClient, first_year: int) -> None:
        self._http = http
        self._plans = (
            (cell, f"{first_year + n // 12}-{n % 12 + 1:02}") for n in count() for cell in load.actors.cells.values()
        )

    async def plan_one(self) -> httpx.Response:
        cell, period = next(self._plans)
        return await self.send(cell, plan_of(cell, period), uuid4().hex)

    async def send(self, cell: Cell, body: Mapping[str, Any], idempotency_key: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {cell.secretary}", "Idempotency-Key": idempotency_key}
        return await self._http.post("/meetings/meetings", json=body, headers=headers)

    async def plan_for(self, seconds: float) -> int:
        """Every command must be taken at once; how many were."""
        loop = asyncio.get_running_loop()
        ends, planned = loop.time() + seconds, 0
        while loop.time() < ends:
            answer = await self.plan_one()
            assert answer.status_code == 200, answer.text
            planned += 1
        return planned


@asynccontextmanager
async def planner(load: Load, first_year: int) -> AsyncIterator[Planner]:
    """`first_year`: of no other fault, as a cell has one regular meeting a month."""
    async with httpx.AsyncClient(base_url=load.rig.system.front_door, timeout=90) as http:
        yield Planner(load, http, first_year)
