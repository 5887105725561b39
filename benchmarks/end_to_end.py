"""From a check-in's HTTP request to the province's figure, at given rates: an open loop, on this one machine.

The load runs on the machine too. A check-in's latency begins at the moment it was meant to start and ends when the
province's report, asked for again and again, knows its position. The field's mix: 80 % of the check-ins come in whole
roll calls of 20 to 60 members, the others one by one.
"""

import asyncio
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from random import Random
from time import process_time
from typing import TypeAlias
from uuid import uuid4

from rich.console import Console
from rich.progress import Progress

from benchmarks import end_to_end_tables as tables
from benchmarks.end_to_end_tables import Load, Result, Round
from benchmarks.open_loop import Answer, Request, send_all
from deploy.local import ports
from deploy.local.process import recorded
from deploy.local.system import System, running_system
from samples.demo.__main__ import CLIENTS
from samples.demo.door import Door
from samples.demo.job import SEED, set_up
from samples.demo.people import Cast, Cell
from samples.demo.usage import MemoryWatch
from samples.province.make import make_province
from services.reporting.figures import shifted
from shared.web.issuer import DemoIssuer

PERIODS = [shifted("2025-08", later) for later in range(15)]
SECONDS = 20
IDLE_SECONDS = 10
ASK_SECONDS = 0.1
ROLL_CALL = range(20, 61)
TICKS = os.sysconf("SC_CLK_TCK")


GOAL = "99 % within 1 s"
LOADS = (
    Load("single scans", 200, 0.0),
    Load("single scans", 500, 0.0, GOAL),
    Load("the field's mix", 1500, 0.8, GOAL),
)


@dataclass(frozen=True)
class Meeting:
    """An open roll call, and who has not been checked in."""

    meeting_id: str
    token: str
    members: list[str]


# Where, and who came.
Scan: TypeAlias = tuple[Meeting, Sequence[str]]


def measure(rounds: int) -> str:
    """Tables in Markdown: each load's latencies, then processor time by program, then memory."""
    found = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder, _running(Path(folder)) as system:
            found.append(asyncio.run(_round(system, Path(folder))))
    loads = [[one.results[place] for one in found] for place in range(len(LOADS))]
    return "\n\n".join([tables.latencies(LOADS, loads), tables.processor(LOADS, loads), tables.memory(found)])


def _running(folder: Path) -> AbstractContextManager[System]:
    return running_system(folder, CLIENTS, lambda _: None, ports.free_port())


async def _round(system: System, folder: Path) -> Round:
    door, issuer = Door(system.front_door), DemoIssuer(system.issuer_folder, system.issuer)
    try:
        with MemoryWatch(folder) as memory, Progress(console=Console(stderr=True), transient=True) as progress:
            await asyncio.sleep(IDLE_SECONDS)
            idle = memory.look()
            actors = await set_up(door, issuer, folder / "files", make_province(SEED, "default"), progress)
            meetings = await _open(door, actors, progress)
            # Of a third of the meetings members come one by one; of the others all together.
            whole = [meeting for meeting in meetings[len(meetings) // 3 :] if len(meeting.members) in ROLL_CALL]
            single = _scans(meetings[: len(meetings) // 3])
            results = [await _load(system, folder, door, actors, load, whole, single) for load in LOADS]
            return Round(results, idle, memory.look())
    finally:
        await door.close()


async def _load(
    system: System, folder: Path, door: Door, actors: Cast, load: Load, whole: list[Meeting], single: Iterator[Scan]
) -> Result:
    requests = list(_requests(load, whole, single))
    before, last = _processor(folder), asyncio.get_running_loop().create_future()
    asking = asyncio.create_task(_figures(door, actors, last))
    answers = await send_all(system.front_door, requests)
    refused = {answer.status for answer in answers if answer.status != HTTPStatus.OK}
    assert not refused, f"answered with {refused}"
    last.set_result(max(answer.position for answer in answers))
    figures = await asking
    spent = {name: seconds - before.get(name, 0) for name, seconds in _processor(folder).items()}
    return Result(
        check_ins=sum(answer.weight for answer in answers),
        answered=[answer.answered - answer.meant for answer in answers],
        in_figure=_latencies(answers, figures),
        spent=spent,
    )


async def _open(door: Door, actors: Cast, progress: Progress) -> list[Meeting]:
    """A scheduled meeting with an open roll call, of each cell in each period."""
    task = progress.add_task("meetings", total=len(actors.cells) * len(PERIODS))
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

    return await asyncio.gather(*(one(cell, period) for period in PERIODS for cell in actors.cells.values()))


def _requests(load: Load, whole: list[Meeting], single: Iterator[Scan]) -> Iterator[Request]:
    """As many as fill the time; each comes when the check-ins before it have had theirs."""
    chance, entered, total = Random(SEED), 0, load.rate * SECONDS
    average = (ROLL_CALL.start + ROLL_CALL.stop) / 2
    share = load.in_roll_calls / (load.in_roll_calls + (1 - load.in_roll_calls) * average)
    while entered < total:
        meeting, members = _roll_call(whole) if chance.random() < share else next(single)
        body = json.dumps({"call": "start", "check_ins": [{"member_id": member} for member in members]}).encode()
        path = f"/attendance/roll-calls/{meeting.meeting_id}/check-ins"
        yield Request(entered / load.rate, path, body, meeting.token, uuid4().hex, len(members))
        entered += len(members)


def _roll_call(whole: list[Meeting]) -> Scan:
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


def _processor(folder: Path) -> dict[str, float]:
    """Seconds that each program has had, PostgreSQL with all its processes; and this one, which sends the load."""
    spent = {"the load": process_time()}
    for record in sorted(folder.glob("*/*.pid")):
        if process := recorded(record):
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            spent[record.stem] = sum(_ticks(pid) for pid in (str(process.pid), *children)) / TICKS
    return spent


def _ticks(pid: str) -> int:
    """Its own, and those of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15]))
