"""The demo's main job: import a province, play its month through the APIs, wait until the figures have it all."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

from rich.progress import Progress, TaskID

from samples.demo.door import IMPORT_SECONDS, Door, Refused
from samples.demo.people import HOURS, INTEGRATOR, Cast, cast
from samples.demo.play import CellPlay
from samples.month import CellMonth, plan_month
from samples.province.files import IMPORTS, write_files
from samples.province.make import make_province
from samples.province.model import FOUNDED, Province
from shared.web.issuer import DemoIssuer
from shared.web.roles import Role

SEED = 7
CRITERIA = Path(__file__).parents[1] / "criteria" / "hd42-anphu-2025.json"
AS_OF = date(2026, 3, 1)
CELLS_AT_ONCE = 24
STILL_SECONDS = 120
AUTOMATIC = {"1.1", "2.1", "2.2", "4.5"}


async def run_job(door: Door, issuer: DemoIssuer, folder: Path, scale: str, progress: Progress) -> Cast:
    """Everything from the files to the last correction. Raises `Refused`."""
    province = make_province(SEED, scale)
    actors = await set_up(door, issuer, folder, province, progress)
    await play_months(door, actors, plan_month(province, SEED), progress)
    return actors


async def set_up(door: Door, issuer: DemoIssuer, folder: Path, province: Province, progress: Progress) -> Cast:
    """The province from its files, and the rules that it decides. Raises `Refused`."""
    write_files(province, folder)
    position = await _import(door, issuer, folder, progress)
    actors = await cast(door, issuer, position)
    await _decide_rules(door, actors)
    return actors


async def _import(door: Door, issuer: DemoIssuer, folder: Path, progress: Progress) -> str:
    """Sends each file for a preview and applies it; the position that reads must have reached to see it all."""
    token, position = issuer.for_client(INTEGRATOR, seconds=HOURS), 0
    task = progress.add_task("Nhập tệp đảng viên và tổ chức", total=len(IMPORTS))
    for mapping, name in IMPORTS:
        content = await asyncio.to_thread((folder / name).read_bytes)
        form = {"mapping": mapping, "as_of": AS_OF.isoformat()}
        preview = await door.upload("/membership/imports", token, content, name, **form)
        apply = f"/membership/imports/{preview['import_id']}/apply"
        applied = await door.command(apply, {}, token, answer_within=IMPORT_SECONDS)
        position = max(position, applied["position"] or 0)
        progress.advance(task)
    return f"membership:{position}"


async def _decide_rules(door: Door, actors: Cast) -> None:
    """The province publishes its criteria, and asks for both roll calls as Thanh Hóa does."""
    criteria = json.loads(CRITERIA.read_text(encoding="utf-8"))
    await door.command("/evaluation/criteria-sets", {**criteria, "unit_id": str(actors.province)}, actors.board)
    rule = {"both_calls_needed": True, "valid_from": FOUNDED.isoformat(), "source": "05-DA/TU"}
    await door.command("/attendance/presence-rules", {**rule, "unit_id": str(actors.province)}, actors.board)


async def play_months(door: Door, actors: Cast, months: Iterable[CellMonth], progress: Progress) -> None:
    """All cells' months side by side, step by step. Raises `Refused`."""
    items = _items_to_choose(json.loads(CRITERIA.read_text(encoding="utf-8")))
    plays = [CellPlay(door, actors.cells[month.cell], month, items, meeting_id=uuid4()) for month in months]
    steps: Sequence[tuple[str, Callable[[CellPlay], Awaitable[None]]]] = (
        ("Lên lịch, thông báo, tài liệu", CellPlay.schedule),
        ("Điểm danh hai lần", CellPlay.call_the_roll),
        ("Kết quả, biên bản, nghị quyết", CellPlay.hold),
        ("Đính chính điểm danh", CellPlay.correct_attendance),
        ("Tự chấm và biểu quyết", CellPlay.score),
        ("Cấp trên xếp loại", CellPlay.rate),
    )
    for title, step in steps:
        await _for_all(plays, step, progress, progress.add_task(title, total=len(plays)))


async def _for_all(
    plays: Iterable[CellPlay], step: Callable[[CellPlay], Awaitable[None]], progress: Progress, task: TaskID
) -> None:
    turns = asyncio.Semaphore(CELLS_AT_ONCE)

    async def one(play: CellPlay) -> None:
        async with turns:
            await step(play)
        progress.advance(task)

    async with asyncio.TaskGroup() as group:
        for play in plays:
            group.create_task(one(play))


def _items_to_choose(criteria: Mapping[str, Any]) -> dict[str, str]:
    """Code and condition of each item that recorded facts do not decide."""
    items = [item for group in criteria["groups"] for item in group["items"]]
    return {item["code"]: item.get("condition", "always") for item in items if item["code"] not in AUTOMATIC}


async def settled(door: Door, actors: Cast, period: str) -> Any:  # noqa: ANN401 - the report's JSON
    """The province's report once it knows every recorded event. Raises `Refused` if no watermark moves on."""
    clock = asyncio.get_running_loop().time
    marks, moved = None, clock()
    while clock() - moved < STILL_SECONDS:
        report = await door.read(f"/reporting/reports/{actors.province}/{period}", actors.board)
        status = await door.read("/operations/status", actors.tokens[Role.OPERATOR])
        if caught_up(report, status):
            return report
        reached = [mark["reached"] for mark in report["watermarks"]]
        if reached != marks:
            marks, moved = reached, clock()
        await asyncio.sleep(0.5)
    raise Refused(f"the figures have stood still for {STILL_SECONDS} s, behind the logs: look at `make status`")


def caught_up(report: Mapping[str, Any], status: Mapping[str, Any]) -> bool:
    """Whether the report knows every event that the services have recorded."""
    heads = {service["service"]: service["relay"]["head"] for service in status["services"] if service.get("relay")}
    reached = {mark["source"]: mark["reached"] for mark in report["watermarks"]}
    return all(reached.get(source, 0) >= head for source, head in heads.items() if source in reached)
