"""`python -m benchmarks.end_to_end`: from a check-in's HTTP request to the province's figure, at a given rate.

The whole system runs on this machine, and the load with it. A check-in's latency runs from the moment it was meant to
start until the province's report, asked for again and again, knows its position.
"""

import asyncio
import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from random import Random
from statistics import quantiles
from typing import Annotated, TypeAlias
from uuid import uuid4

import typer
from rich.console import Console
from rich.progress import Progress

from benchmarks.open_loop import Answer, Request, send_all
from deploy.local import ports
from deploy.local.process import recorded
from deploy.local.system import System, running_system
from samples.demo.__main__ import CLIENTS
from samples.demo.door import Door
from samples.demo.job import SEED, set_up
from samples.demo.people import Cast, Cell
from samples.province.make import make_province
from shared.web.issuer import DemoIssuer

PERIODS = [f"2026-{month:02}" for month in range(1, 13)]
ASK_SECONDS = 0.1
ROLL_CALL = range(20, 61)
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Load:
    """`rate` in check-ins a second; `in_roll_calls`: which share comes as whole roll calls."""

    name: str
    rate: int
    in_roll_calls: float


# The first is what two cores take; the others are the goals: 99 of 100 check-ins in the figure within a second.
LOADS = (Load("single scans", 50, 0.0), Load("single scans", 500, 0.0), Load("the field's mix", 1500, 0.8))


@dataclass(frozen=True)
class Meeting:
    """An open roll call, and who has not been checked in."""

    meeting_id: str
    token: str
    members: list[str]


# Where, and who came.
Scan: TypeAlias = tuple[Meeting, Sequence[str]]


def main(
    seconds: Annotated[int, typer.Option(help="How long each load lasts.")] = 20,
    scale: Annotated[str, typer.Option(help="Of the sample province.")] = "default",
    months: Annotated[int, typer.Option(max=12, help="How many meetings each cell has open.")] = 12,
) -> None:
    """Starts a system of its own."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_system(Path(folder), CLIENTS, lambda _: None, ports.free_port()) as system,
    ):
        asyncio.run(_measure(system, Path(folder), seconds, scale, months))


async def _measure(system: System, folder: Path, seconds: int, scale: str, months: int) -> None:
    door, issuer = Door(system.front_door), DemoIssuer(system.issuer_folder, system.issuer)
    try:
        with Progress(console=Console(stderr=True), transient=True) as progress:
            actors = await set_up(door, issuer, folder / "files", make_province(SEED, scale), progress)
            meetings = await _open(door, actors, PERIODS[:months], progress)
        # Roll calls are taken whole where they are in the field's mix; the other meetings' members come one by one.
        whole = [meeting for meeting in meetings[len(meetings) // 3 :] if len(meeting.members) in ROLL_CALL]
        single = _scans(meetings[: len(meetings) // 3])
        for load in LOADS:
            requests = list(_requests(load, seconds, whole, single))
            before, last = _cpu(folder), asyncio.get_running_loop().create_future()
            asking = asyncio.create_task(_figures(door, actors, last))
            answers = await send_all(system.front_door, requests)
            last.set_result(max(answer.position for answer in answers))
            figures = await asking
            spent = {name: at - before.get(name, 0) for name, at in _cpu(folder).items()}
            for line in _lines(load, answers, figures, spent):
                print(line, flush=True)
    finally:
        await door.close()


async def _open(door: Door, actors: Cast, periods: Sequence[str], progress: Progress) -> list[Meeting]:
    """A scheduled meeting with an open roll call, of each cell in each period."""
    task = progress.add_task("meetings", total=len(actors.cells) * len(periods))
    turns = asyncio.Semaphore(24)

    async def one(cell: Cell, period: str) -> Meeting:
        async with turns:
            meeting_id = str(uuid4())
            sitting = {"sitting_id": str(uuid4()), "starts_at": f"{period}-05T08:00:00+07:00", "place": "Nhà văn hóa"}
            plan = {"meeting_id": meeting_id, "unit_id": str(cell.unit_id), "period": period, "parts": ["regular"]}
            planned = await door.command("/meetings/meetings", {**plan, "sittings": [sitting]}, cell.secretary)
            path = f"/attendance/roll-calls/{meeting_id}"
            await door.command(f"{path}/open", {"call": "start"}, cell.secretary, at_least=[planned["at"]])
            rows = (await door.read(path, cell.secretary))["rows"]
            progress.advance(task)
            return Meeting(meeting_id, cell.secretary, [row["member_id"] for row in rows])

    return await asyncio.gather(*(one(cell, period) for period in periods for cell in actors.cells.values()))


def _requests(load: Load, seconds: int, whole: list[Meeting], single: Iterator[Scan]) -> Iterator[Request]:
    """As many as fill the time; each comes when the check-ins before it have had theirs."""
    chance, entered, total = Random(SEED), 0, load.rate * seconds
    average = (ROLL_CALL.start + ROLL_CALL.stop) / 2
    share = load.in_roll_calls / (load.in_roll_calls + (1 - load.in_roll_calls) * average)
    while entered < total:
        meeting, members = _roll_call(whole) if chance.random() < share else next(single)
        body = json.dumps({"call": "start", "check_ins": [{"member_id": member} for member in members]}).encode()
        path = f"/attendance/roll-calls/{meeting.meeting_id}/check-ins"
        yield Request(entered / load.rate, path, body, meeting.token, uuid4().hex, len(members))
        entered += len(members)


def _roll_call(whole: list[Meeting]) -> Scan:
    if not whole:
        raise typer.BadParameter("too few roll calls are open for this load: more --months, or a larger --scale")
    meeting = whole.pop()
    return meeting, meeting.members


def _scans(meetings: Sequence[Meeting]) -> Iterator[Scan]:
    """One member of each meeting in turn: many doors at once."""
    for place in range(max(len(meeting.members) for meeting in meetings)):
        for meeting in meetings:
            if place < len(meeting.members):
                yield meeting, meeting.members[place : place + 1]


@dataclass(frozen=True, slots=True)
class Figure:
    """At `at` somebody had a report that knew attendance up to `position`."""

    at: float
    position: int


async def _figures(door: Door, actors: Cast, last: asyncio.Future[int]) -> list[Figure]:
    """The province's report, again and again, until it knows the last position."""
    clock, figures = asyncio.get_running_loop().time, list[Figure]()
    while True:
        report = await door.read(f"/reporting/reports/{actors.province}/{PERIODS[0]}", actors.board)
        [reached] = [mark["reached"] for mark in report["watermarks"] if mark["source"] == "attendance"]
        figures.append(Figure(clock(), reached))
        if last.done() and reached >= last.result():
            return figures
        await asyncio.sleep(ASK_SECONDS)


def _latencies(answers: Sequence[Answer], figures: Sequence[Figure]) -> list[float]:
    """Seconds from the moment each check-in was meant to start to the first report that knows it."""
    found, reports = list[float](), iter(figures)
    report = next(reports)
    for answer in sorted(answers, key=lambda answer: answer.position):
        while report.position < answer.position:
            report = next(reports)
        found += [report.at - answer.meant] * answer.weight
    return found


def _lines(
    load: Load, answers: Sequence[Answer], figures: Sequence[Figure], spent: Mapping[str, float]
) -> Iterator[str]:
    refused = [answer.status for answer in answers if answer.status != HTTPStatus.OK]
    assert not refused, f"{len(refused)} refused: {set(refused)}"
    check_ins = sum(answer.weight for answer in answers)
    took = max(answer.answered for answer in answers) - min(answer.meant for answer in answers)
    http = quantiles([answer.answered - answer.meant for answer in answers], n=100)
    figure = quantiles(_latencies(answers, figures), n=100)
    yield (
        f"| {load.name}, {load.rate:,} check-ins/s | {check_ins / took:,.0f} | {http[49]:.2f} | {http[98]:.2f} | "
        f"{figure[49]:.2f} | {figure[98]:.2f} |"
    )
    each = ", ".join(f"{name} {seconds / check_ins * 1000:.2f}" for name, seconds in sorted(spent.items()))
    total = sum(spent.values()) / check_ins
    yield f"CPU milliseconds a check-in: {each}; {total * 1500:.1f} cores at 1,500/s"


def _cpu(folder: Path) -> dict[str, float]:
    """Seconds of processor that each program has had, PostgreSQL with all its processes."""
    spent = {}
    for record in sorted(folder.glob("*/*.pid")):
        if process := recorded(record):
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            spent[record.stem] = sum(_ticks(pid) for pid in (str(process.pid), *children)) / TICKS
    return spent


def _ticks(pid: str) -> int:
    """Its own, and those of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15]))


if __name__ == "__main__":
    typer.run(main)
