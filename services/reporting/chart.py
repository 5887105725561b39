"""One chart per page as a Vega-Lite specification, rendered to SVG without a browser or another host."""

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import vl_convert

from services.reporting.figures import Figures
from services.reporting.queries import Report, UnitFigures
from shared.web.language import Texts

MOST_UNITS = 20
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif"
SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
LEGEND = {"title": None, "orient": "bottom", "columns": 1, "symbolType": "square"}
LOOK = {
    "font": FONT,
    "view": {"stroke": None},
    "axis": {"labelFontSize": 11, "domain": False, "ticks": False, "gridColor": "#e5e0d8", "labelColor": "#3b3b3b"},
    "legend": {"labelFontSize": 11},
}
ANSWERS = {"met": "#2f6f4f", "not_held": "#d69e2e", "not_reported": "#b3261e"}
PRESENCE = {
    "attended": "#2f6f4f", "partly": "#8fbf9f", "excused": "#d69e2e", "unexcused": "#b3261e", "unknown": "#9aa0a6",
}  # fmt: skip
Row = Mapping[str, object]


def specification(report: Report, texts: Texts) -> dict[str, Any] | None:
    """Of committees below, their cells' answers; of cells below, or of the cell itself, attendance. None: nothing."""
    owing = [child for child in report.children if child.figures.cells]
    if any(not child.is_cell for child in owing):
        return _of_units(owing, ANSWERS, "answers", texts)
    expecting = [child for child in report.children if child.figures.expected]
    if expecting:
        return _of_units(expecting, PRESENCE, "presence", texts)
    if report.unit.figures.expected:
        return _of_cell(report.unit.figures, texts)
    return None


def over_months(months: Sequence[tuple[str, Figures | None]], texts: Texts) -> dict[str, Any] | None:
    """Two lines: the share of cells that met, and of expected members who came. None: no month has either."""
    rows = [
        {"month": texts.month(period), "order": n, "part": texts[name], "share": percent / 100}
        for n, (period, figures) in enumerate(months)
        if figures
        for name, percent in (("met", figures.met_percent), ("attendance_percent", figures.attendance_percent))
        if percent is not None
    ]
    if not rows:
        return None
    colours = {texts["met"]: ANSWERS["met"], texts["attendance_percent"]: ANSWERS["not_held"]}
    quantity = {"format": ".0%", "values": [0, 0.25, 0.5, 0.75, 1], "title": None}
    return {
        "$schema": SCHEMA,
        "background": None,
        "width": 480,
        "height": 180,
        "title": _title(texts["chart_series"]),
        "data": {"values": rows},
        "mark": {"type": "line", "point": True},
        "encoding": {
            "x": {
                "field": "month",
                "type": "ordinal",
                "sort": {"field": "order"},
                "axis": {"title": None, "labelAngle": -45},
            },
            "y": {"field": "share", "type": "quantitative", "scale": {"domain": [0, 1]}, "axis": quantity},
            "color": _colour("part", colours, LEGEND),
        },
        "config": LOOK,
    }


def _of_units(units: Sequence[UnitFigures], parts: Mapping[str, str], chart: str, texts: Texts) -> dict[str, Any]:
    """Shares of `parts` (indicator to colour) in each unit. Of many, those with the lowest share of the first part."""
    lowest = sorted(units, key=lambda unit: _share(unit.figures, list(parts)))[:MOST_UNITS]
    rows = [
        {"unit": _short(unit.name), "order": n, "part": texts[part], "count": getattr(unit.figures, part), "rank": rank}
        for n, unit in enumerate(lowest)
        for rank, part in enumerate(parts)
    ]
    title = texts[f"chart_{chart}"]
    if len(lowest) < len(units):
        title = texts[f"chart_{chart}_lowest"].format(n=len(lowest))
    y = {"field": "unit", "type": "nominal", "title": None, "sort": {"field": "order"}, "axis": {"labelLimit": 150}}
    return _bars(rows, title, y, "part", {texts[part]: colour for part, colour in parts.items()}, stack="normalize")


def _share(figures: Figures, parts: Sequence[str]) -> tuple[float, int]:
    whole = sum(getattr(figures, part) for part in parts)
    return getattr(figures, parts[0]) / whole if whole else 0.0, -whole


def _of_cell(figures: Figures, texts: Texts) -> dict[str, Any]:
    rows = [
        {"line": texts[name], "order": n, "count": getattr(figures, name), "rank": n} for n, name in enumerate(PRESENCE)
    ]
    y = {"field": "line", "type": "nominal", "title": None, "sort": {"field": "order"}, "axis": {"labelLimit": 150}}
    colours = {texts[name]: colour for name, colour in PRESENCE.items()}
    return _bars(rows, texts["chart_cell"], y, "line", colours, stack="zero", legend=None)


def _bars(
    rows: Sequence[Row],
    title: str,
    y: Mapping[str, object],
    colour_field: str,
    colours: Mapping[str, str],
    *,
    stack: str,
    legend: object = LEGEND,
) -> dict[str, Any]:
    axis: dict[str, Any] = {"title": None, "tickCount": 4, "grid": True}
    axis |= {"format": ".0%", "values": [0, 0.5, 1]} if stack == "normalize" else {"format": "d", "tickMinStep": 1}
    return {
        "$schema": SCHEMA,
        "background": None,
        "width": 210,
        "height": {"step": 20},
        "title": _title(title),
        "data": {"values": list(rows)},
        "mark": {"type": "bar", "height": {"band": 0.72}},
        "encoding": {
            "y": y,
            "x": {"field": "count", "type": "quantitative", "stack": stack, "axis": axis},
            "color": _colour(colour_field, colours, legend),
            "order": {"field": "rank", "type": "quantitative"},
        },
        "config": LOOK,
    }


def _title(text: str) -> dict[str, object]:
    return {"text": text, "anchor": "start", "fontSize": 13, "fontWeight": 600, "offset": 10}


def _colour(field: str, colours: Mapping[str, str], legend: object) -> dict[str, object]:
    scale = {"domain": list(colours), "range": list(colours.values())}
    return {"field": field, "type": "nominal", "scale": scale, "legend": legend}


async def svg(spec: dict[str, Any]) -> str:
    """The chart as an `<svg>` that scales with its place. The renderer takes a tenth of a second: in a thread."""
    return await asyncio.to_thread(_rendered, json.dumps(spec, ensure_ascii=False, sort_keys=True))


@lru_cache(maxsize=256)
def _rendered(spec: str) -> str:
    drawn: str = vl_convert.vegalite_to_svg(json.loads(spec))
    return re.sub(r'(<svg[^>]*?) width="[^"]*" height="[^"]*"', r"\1", drawn, count=1)


def _short(name: str, size: int = 30) -> str:
    return name if len(name) <= size else name[: size - 1].rstrip() + "…"
