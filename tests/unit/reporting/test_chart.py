"""The one chart of a page."""

from datetime import date
from uuid import UUID

from services.reporting.chart import MOST_UNITS, specification, svg
from services.reporting.figures import Figures
from services.reporting.queries import Report, Scope, UnitFigures
from services.reporting.texts import WORDS
from shared.web.language import Language, Texts

VI = Texts(WORDS, Language.VI)


def unit(n: int, *, is_cell: bool = False, **figures: int) -> UnitFigures:
    return UnitFigures(UUID(int=n), f"Đảng bộ xã {n}", "commune", is_cell, Figures(**figures))


def report(of: UnitFigures, *children: UnitFigures) -> Report:
    scope = Scope(of.unit_id, "2026-03", date(2026, 3, 31), None, {})
    return Report(scope=scope, unit=of, children=children, path=(), silent=())


def shown(spec: dict[str, object] | None) -> list[str]:
    """Units of the chart from the top down."""
    assert spec is not None
    rows = spec["data"]["values"]  # type: ignore[index]
    return list(dict.fromkeys(row["unit"] for row in sorted(rows, key=lambda row: row["order"])))


def test_of_many_units_the_lowest_are_shown() -> None:
    children = [unit(n, cells=10, met=n % 11, not_reported=10 - n % 11) for n in range(1, 31)]
    spec = specification(report(unit(100, cells=300), *children), VI)
    assert shown(spec)[:2] == ["Đảng bộ xã 11", "Đảng bộ xã 22"]
    assert len(shown(spec)) == MOST_UNITS
    assert spec is not None
    assert spec["title"]["text"] == "Chi bộ đã sinh hoạt: 20 đơn vị thấp nhất"


def test_cells_are_compared_by_attendance() -> None:
    cells = [unit(n, is_cell=True, cells=1, met=1, expected=10, attended=n, unknown=10 - n) for n in (9, 3)]
    spec = specification(report(unit(100, cells=2), *cells), VI)
    assert shown(spec) == ["Đảng bộ xã 3", "Đảng bộ xã 9"]


def test_where_there_is_nothing_there_is_no_chart() -> None:
    assert specification(report(unit(1, is_cell=True, cells=1)), VI) is None


async def test_it_scales_with_its_place_and_keeps_its_diacritics() -> None:
    spec = specification(report(unit(1, is_cell=True, cells=1, expected=3, attended=2, excused=1)), VI)
    assert spec is not None
    drawn = await svg(spec)
    head = drawn[: drawn.index(">")]
    assert "viewBox" in head
    assert "width=" not in head
    assert "Vắng có lý do" in drawn
