"""The files that an office would send: workbooks with a title above the headings, a CSV as Excel saves it.

The words are those of the mappings in `samples/mapping`; the same province gives the same bytes.
"""

import csv
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import xlsxwriter

from samples.province.model import FOUNDED, Province

MAPPINGS = Path(__file__).parents[1] / "mapping"
NOTICE = "Dữ liệu mẫu: đơn vị hành chính có thật, tổ chức và nhân vật hư cấu."
UNITS, MEMBERS, OFFICES = "units.xlsx", "members.csv", "offices.xlsx"
# What to send, in this order: name of the mapping, name of the file.
IMPORTS = (
    ("unit-kinds", UNITS),
    ("units", UNITS),
    ("members", MEMBERS),
    ("offices", OFFICES),
    ("assignments", OFFICES),
)
# Code, name, is a cell, its committee decides ratings: a sub-committee decides nothing (294-QĐ/TW, article 10).
KINDS = (
    ("province", "Đảng bộ tỉnh", "không", "có"),
    ("commune", "Đảng bộ xã, phường, đặc khu", "không", "có"),
    ("block", "Đảng bộ trực thuộc tỉnh", "không", "có"),
    ("grassroots_committee", "Đảng bộ cơ sở", "không", "có"),
    ("sub_committee", "Đảng bộ bộ phận", "không", "không"),
    ("cell", "Chi bộ", "có", "không"),
    ("grassroots_cell", "Chi bộ cơ sở", "có", "không"),
)


@dataclass(frozen=True, slots=True)
class Words:
    """A mapping read backwards: headings by field, words by code."""

    mapping: dict[str, Any]

    @classmethod
    def of(cls, name: str) -> "Words":
        return cls(tomllib.loads((MAPPINGS / f"{name}.toml").read_text(encoding="utf-8")))

    def heading(self, field: str) -> str:
        return str(self.mapping["columns"][field])

    def word(self, field: str, code: str) -> str:
        return next((word for word, known in self.mapping["values"][field].items() if known == code), code)


def write_files(province: Province, folder: Path) -> Path:
    """Writes units.xlsx, members.csv and offices.xlsx into the folder, and gives the folder back."""
    folder.mkdir(parents=True, exist_ok=True)
    _workbook(folder / UNITS, {"unit-kinds": _kinds(), "units": _units(province)})
    _members_csv(folder / MEMBERS, province)
    _workbook(folder / OFFICES, {"offices": _offices(province), "assignments": _assignments(province)})
    return folder


Cells = dict[str, Any]  # field -> value


def _kinds() -> Iterable[Cells]:
    for kind, name, is_cell, decides in KINDS:
        yield {"kind": kind, "name": name, "is_cell": is_cell, "decides_ratings": decides, "valid_from": FOUNDED}


def _units(province: Province) -> Iterable[Cells]:
    words = Words.of("units")
    for unit in province.units:
        yield {
            "code": unit.code,
            "name": unit.name,
            "kind": words.word("kind", unit.kind),
            "parent": unit.parent,
            "effective_on": unit.effective_on,
            "cell_type": words.word("cell_type", unit.cell_type) if unit.cell_type else None,
        }


def _offices(province: Province) -> Iterable[Cells]:
    words = Words.of("offices")
    for office in province.offices:
        yield {
            "unit": office.unit,
            "role": words.word("role", office.role),
            "member": office.member,
            "valid_from": office.valid_from,
            "valid_until": office.valid_until,
        }


def _assignments(province: Province) -> Iterable[Cells]:
    words = Words.of("assignments")
    for given in province.assignments:
        yield {
            "kind": words.word("kind", given.kind),
            "member": given.member,
            "unit": given.unit,
            "valid_from": given.valid_from,
        }


def _workbook(path: Path, sheets: dict[str, Iterable[Cells]]) -> None:
    book = xlsxwriter.Workbook(path, {"default_date_format": "dd/mm/yyyy"})
    book.set_properties({"created": datetime(2026, 2, 25, tzinfo=UTC)})  # not now: the same seed gives the same bytes
    bold = book.add_format({"bold": True})
    for name, rows in sheets.items():
        words = Words.of(name)
        sheet = book.add_worksheet(words.mapping["sheet"])
        fields = list(words.mapping["columns"])
        sheet.write(0, 0, words.mapping["sheet"].upper(), bold)
        sheet.write(1, 0, NOTICE)
        sheet.write_row(2, 0, [words.heading(field) for field in fields], bold)
        sheet.set_column(0, len(fields) - 1, 24)
        for number, cells in enumerate(rows, start=3):
            _write_row(sheet, number, [cells.get(field) for field in fields])
    book.close()


def _write_row(sheet: Any, number: int, values: Sequence[Any]) -> None:  # noqa: ANN401 - XlsxWriter has no types
    for column, value in enumerate(values):
        if isinstance(value, date):
            sheet.write_datetime(number, column, datetime(value.year, value.month, value.day))  # noqa: DTZ001 - a day
        elif value is not None:
            sheet.write_string(number, column, value)


def _members_csv(path: Path, province: Province) -> None:
    words = Words.of("members")
    fields = list(words.mapping["columns"])
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        rows = csv.writer(file)
        rows.writerow([NOTICE])
        rows.writerow([words.heading(field) for field in fields])
        for member in province.members:
            cells: Cells = {
                "code": member.code,
                "name": member.name,
                "born_on": _day(member.born_on),
                "cell": member.cell,
                "standing": words.word("standing", member.standing),
                "joined_on": _day(member.joined_on),
                "status": words.word("status", member.status),
                "status_from": _day(member.status_from),
                "status_until": _day(member.status_until),
                "host": member.host or "",
            }
            rows.writerow([cells[field] for field in fields])


def _day(day: date | None) -> str:
    return day.strftime("%d/%m/%Y") if day else ""
