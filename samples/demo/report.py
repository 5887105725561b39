"""The province's month in the terminal, level by level."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from samples.demo.door import Door
from samples.demo.people import Cast
from shared.local_time import VIETNAM


async def print_month(door: Door, actors: Cast, report: Mapping[str, Any], console: Console) -> None:
    """Every committee, each below the one above it; then watermarks and digests."""
    unit = report["unit"]
    table = _table(report["period"])
    table.add_row(*_row(unit, 0), style="bold", end_section=True)
    await _add_committees(table, door, actors, report, unit["unit_id"], level=1)
    console.print(table)
    figures = unit["figures"]
    console.print(f"Tự chấm: {_ratings(figures['self_ratings'])}   chính thức: {_ratings(figures['official_ratings'])}")
    for mark in report["watermarks"]:
        reached = f"đến vị trí {mark['reached']}, lúc {_local(mark['time'])}, đang giữ {mark['held']} khóa"
        console.print(f"  {mark['source']:<11} {reached}", highlight=False)
    digests = figures["digests"]
    console.print(f"Mã kiểm đầu vào  {digests['input']} ({digests['events']} sự kiện)", highlight=False)
    console.print(f"Mã kiểm số liệu  {digests['facts']}", highlight=False)


async def _add_committees(
    table: Table, door: Door, actors: Cast, report: Mapping[str, Any], unit_id: str, *, level: int
) -> None:
    """Cells are left to the pages: there are hundreds."""
    found = await door.read(f"/reporting/reports/{unit_id}/{report['period']}/children", actors.board, size="500")
    for child in found["items"]:
        if not child["is_cell"]:
            table.add_row(*_row(child, level))
            await _add_committees(table, door, actors, report, child["unit_id"], level=level + 1)


def _table(period: str) -> Table:
    """Fits into 80 columns."""
    title = f"Sinh hoạt chi bộ tháng {period[5:]}/{period[:4]}"
    table = Table(title=title, title_justify="left", box=None, padding=(0, 1, 0, 0))
    table.add_column("Đơn vị", no_wrap=True, max_width=38)
    for heading in ("Chi bộ", "Đã họp", "Không họp", "Chưa báo", "Dự họp%", "Tự chấm", "Chính thức", "Chờ xếp"):
        table.add_column(heading.replace(" ", "\n"), justify="right", no_wrap=True)
    return table


def _row(unit: Mapping[str, Any], level: int) -> tuple[str, ...]:
    figures = unit["figures"]
    counts = (figures[name] for name in ("cells", "met", "not_held", "not_reported"))
    percent = figures["attendance_percent"]
    rated = (figures[name] for name in ("self_scored", "rated", "awaiting_rating"))
    name = "  " * level + unit["name"]
    return (name, *map(str, counts), "—" if percent is None else f"{percent}", *map(str, rated))


def _local(moment: str | None) -> str:
    return f"{datetime.fromisoformat(moment).astimezone(VIETNAM):%H:%M:%S %d/%m/%Y}" if moment else "—"


def _ratings(counts: Mapping[str, int]) -> str:
    names = {"good": "Tốt", "fair": "Khá", "average": "Trung bình", "poor": "Kém"}
    known = [f"{names.get(rating, rating)} {count}" for rating, count in sorted(counts.items())]
    return ", ".join(known) or "—"
