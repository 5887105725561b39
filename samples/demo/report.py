"""The province's month in the terminal, level by level."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from samples.demo.door import Door
from samples.demo.people import Cast


async def print_month(door: Door, actors: Cast, report: Mapping[str, Any], console: Console) -> None:
    """Province, then what stands directly below it; watermark and digests."""
    unit = report["unit"]
    children = await _all_children(door, actors, report)
    console.print(_table(report["period"], unit, children))
    figures = unit["figures"]
    console.print(f"Tự chấm: {_ratings(figures['self_ratings'])}   chính thức: {_ratings(figures['official_ratings'])}")
    for mark in report["watermarks"]:
        reached = f"đến vị trí {mark['reached']}, lúc {mark['time'] or '—'}, đang giữ {mark['held']} khóa"
        console.print(f"  {mark['source']:<11} {reached}", highlight=False)
    digests = figures["digests"]
    console.print(f"Mã kiểm đầu vào  {digests['input']} ({digests['events']} sự kiện)", highlight=False)
    console.print(f"Mã kiểm số liệu  {digests['facts']}", highlight=False)


async def _all_children(door: Door, actors: Cast, report: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    path = f"/reporting/reports/{report['unit']['unit_id']}/{report['period']}/children"
    found = await door.read(path, actors.board, size="500")
    children: Sequence[Mapping[str, Any]] = found["items"]
    return children


def _table(period: str, unit: Mapping[str, Any], children: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(title=f"Sinh hoạt chi bộ tháng {period[5:]}/{period[:4]}", title_justify="left")
    table.add_column("Đơn vị", no_wrap=True, max_width=44)
    for heading in ("Chi bộ", "Đã họp", "Không họp", "Chưa báo", "Dự họp %", "Tự chấm", "Chính thức", "Chờ xếp loại"):
        table.add_column(heading, justify="right")
    table.add_row(*_row(unit), style="bold", end_section=True)
    for child in children:
        table.add_row(*_row(child))
    return table


def _row(unit: Mapping[str, Any]) -> tuple[str, ...]:
    figures = unit["figures"]
    counts = (figures[name] for name in ("cells", "met", "not_held", "not_reported"))
    percent = figures["attendance_percent"]
    rated = (figures[name] for name in ("self_scored", "rated", "awaiting_rating"))
    return (unit["name"], *map(str, counts), "—" if percent is None else f"{percent}", *map(str, rated))


def _ratings(counts: Mapping[str, int]) -> str:
    names = {"good": "Tốt", "fair": "Khá", "average": "Trung bình", "poor": "Kém"}
    known = [f"{names.get(rating, rating)} {count}" for rating, count in sorted(counts.items())]
    return ", ".join(known) or "—"
