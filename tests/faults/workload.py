"""A month entered through the front door while a fault happens, and what must hold when all has settled."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import uuid4

import httpx
from rich.progress import Progress

from samples.demo.door import Door
from samples.demo.job import SEED, play_months, set_up, settled
from samples.demo.people import OPERATOR, Cast, Cell
from samples.month import CellMonth, Course, Official, plan_month
from samples.province.make import make_province
from tests.faults.rig import Rig
from tests.faults.scan import scan
from tests.fixtures.waiting import eventually

PROVINCE = make_province(SEED, "small")
# Two minutes without Kafka or PostgreSQL, and the start of everything that was killed, on a busy machine.
PATIENCE_SECONDS = 300.0


class Load(Door):
    """The front door as the month's clients see it: very patient, counted, and held back when a fault wants quiet."""

    patience = PATIENCE_SECONDS
    actors: Cast  # known once the province is imported

    def __init__(self, rig: Rig) -> None:
        super().__init__(rig.system.front_door)
        self.rig = rig
        self.playing: asyncio.Task[None] | None = None
        self.period = ""
        self._open = asyncio.Event()
        self._open.set()
        self.planning = asyncio.Event()
        self.planning.set()
        self._under_way = 0

    async def _try(self, method: str, path: str, request: Mapping[str, Any]) -> httpx.Response | None:
        await self._open.wait()
        self._under_way += 1
        try:
            answer = await super()._try(method, path, request)
        finally:
            self._under_way -= 1
        # The front door's "client closed request" reaches another client too, that waited for the same connection.
        return None if answer is not None and answer.status_code == 499 else answer

    async def more(self, requests: int = 20) -> None:
        wanted = self.requests + requests

        async def so_many() -> bool:
            if self.playing and self.playing.done():
                self.playing.result()
            return self.requests >= wanted

        await eventually(so_many, f"{requests} requests more", PATIENCE_SECONDS)

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Nobody asks anything inside: all that was asked has its answer."""
        self._open.clear()

        async def quiet() -> bool:
            return self._under_way == 0

        try:
            await eventually(quiet, "no request is under way", 180)
            yield
        finally:
            self._open.set()

    async def settled(self) -> Any:
        """The month's report once every log's watermark has reached its head; nobody plans ahead meanwhile."""
        self.planning.clear()
        try:
            return await settled(self, self.actors, self.period)
        finally:
            self.planning.set()

    async def report(self, **query: str) -> Any:
        return await self.read(f"/reporting/reports/{self.actors.province}/{self.period}", self.actors.board, **query)

    async def status(self) -> Mapping[str, Mapping[str, Any]]:
        """Every service's status by its name, as operations show it."""
        found = await self.read("/operations/status", self.rig.issuer.for_client(OPERATOR))
        return {service["service"]: service for service in found["services"]}


Fault = Callable[[Load], Awaitable[None]]


@dataclass
class World:
    """A system with its province; each fault gets the next month. `sound`: the last one ended well.

    Beside the month, cells plan meetings of years to come, for as long as the fault lasts: the load never ends early.
    """

    rig: Rig
    actors: Cast | None = None
    played: int = 0
    sound: bool = True
    planned: Iterator[int] = field(default_factory=count)

    @property
    def usable(self) -> bool:
        """Sound, and its next month is over: no meeting can be entered before it was held."""
        return self.sound and max(_ends(_months(self.played))) < datetime.now(UTC)

    def play_through(self, fault: Fault, code: str = "") -> Mapping[str, Any]:
        """A month with `fault` in its midst; afterwards nothing is lost, doubled, out of order or held. The report.

        `code`: the module that counts again, where the services' own would not know every event.
        """
        self.sound = False
        months = _months(self.played)
        self.played += 1
        report: Mapping[str, Any] = asyncio.run(self._play(months, fault, code))
        figures, planned = report["unit"]["figures"], _planned(months)
        assert {name: figures[name] for name in planned} == planned
        self.sound = True
        return report

    async def _play(self, months: Sequence[CellMonth], fault: Fault, code: str) -> Any:
        load, rig = Load(self.rig), self.rig
        with Progress(disable=True) as progress:
            if self.actors is None:
                self.actors = await set_up(load, rig.issuer, rig.folder / "files", PROVINCE, progress)
            load.actors, load.period = self.actors, months[0].period
            rig.say(f"{load.period} begins")
            load.playing = asyncio.create_task(play_months(load, self.actors, months, progress))
            planning = asyncio.create_task(self._plan_ahead(load))
            try:
                await fault(load)
                planning.cancel()
                await load.playing
                rig.say(f"{load.period} is entered, {load.requests} requests")
                report = await load.settled()
                await check_sound(rig, code)
                return report
            finally:
                planning.cancel()
                load.playing.cancel()
                await load.close()

    async def _plan_ahead(self, load: Load) -> None:
        cells = [*load.actors.cells.values()]
        for number in self.planned:
            await load.planning.wait()
            month, place = divmod(number, len(cells))
            period = f"{2100 + month // 12}-{month % 12 + 1:02}"
            await load.command("/meetings/meetings", plan_of(cells[place], period), cells[place].secretary)


def plan_of(cell: Cell, period: str) -> Mapping[str, Any]:
    """The body of a command that no other service has to know of beforehand."""
    sitting = {"sitting_id": str(uuid4()), "starts_at": f"{period}-03T19:30:00+07:00"}
    return {"unit_id": str(cell.unit_id), "period": period, "parts": ["regular"], "sittings": [sitting]}


async def check_sound(rig: Rig, code: str = "") -> None:
    """The figures are those of the topics, the topics are copies of the logs, and nothing is held back."""
    await recount_is_0(rig, code)
    rig.say(await scan(rig))


async def recount_is_0(rig: Rig, code: str = "") -> None:
    status, said = await rig.operate("reporting", "recount", code=code)
    assert (status, "recount: 0 differences" in said) == (0, True), said
    rig.say(next(line for line in said.splitlines() if line.startswith("recount:")))


def _months(number: int) -> list[CellMonth]:
    """The sample's plan of March 2026, so many months later."""
    months = plan_month(PROVINCE, SEED)
    return [
        replace(
            month,
            period=_later(datetime.fromisoformat(f"{month.period}-01"), number).strftime("%Y-%m"),
            held=month.held and replace(month.held, starts_at=_later(month.held.starts_at, number)),
        )
        for month in months
    ]


def _ends(months: Sequence[CellMonth]) -> Iterator[datetime]:
    """The first moment after each month."""
    return (_later(datetime.fromisoformat(f"{month.period}-01T00:00:00+07:00"), 1) for month in months)


def _later(day: datetime, months: int) -> datetime:
    years, month = divmod(day.month - 1 + months, 12)
    return day.replace(year=day.year + years, month=month + 1)


def _planned(months: Sequence[CellMonth]) -> Mapping[str, int]:
    """What was played, whatever happened meanwhile: an answered command that is lost, or done twice, shows here."""
    courses = Counter(month.course for month in months)
    held = [month.held for month in months if month.held]
    return {
        "cells": len(months),
        "met": courses[Course.HELD] + courses[Course.HELD_ENTERED_LATE],
        "not_held": courses[Course.NOT_HELD],
        "not_reported": courses[Course.SILENT],
        "minutes": sum(meeting.minutes for meeting in held),
        "guests": sum(meeting.guests for meeting in held),
        "self_scored": len(held),
        "awaiting_rating": sum(meeting.official is Official.AWAITING for meeting in held),
    }
