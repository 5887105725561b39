"""A file's bytes as rows of fields, numbered as a spreadsheet shows them. What is odd is refused, never guessed."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from services.membership.imports.encodings import EncodingRefused, read_csv
from services.membership.imports.mapping import Format, Mapping
from services.membership.imports.workbook import Cell, WorkbookRefused, read_sheet, tidy
from shared.decider import DomainError
from shared.web.field_texts import field_text

RECORDS = TypeAdapter(list[dict[str, str | None]])
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # XLSX (a ZIP), and the older XLS


class UnreadableFile(DomainError):
    """The file as a whole cannot be read: encoding, sheet or headings. The text names row and column."""

    problem = "unreadable-file"
    status = 422


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number in the file (headings are row `header_row`) and the mapped fields that are not empty."""

    number: int
    fields: dict[str, Cell]


def read_rows(content: bytes, mapping: Mapping) -> list[Row]:
    """The rows below the headings, or the objects of a list, empty ones left out; raises `UnreadableFile`."""
    if mapping.format is Format.JSON:
        return _records(content, mapping)
    table = _workbook(content, mapping) if content.startswith(WORKBOOKS) else _csv(content, mapping)
    if len(table) < mapping.header_row:
        raise UnreadableFile(f"Tệp không có dòng tiêu đề: cần tiêu đề cột ở dòng {mapping.header_row}.")
    places = _places(table[mapping.header_row - 1], mapping)
    rows = []
    for number, cells in enumerate(table[mapping.header_row :], start=mapping.header_row + 1):
        fields = {name: cells[at] for name, at in places.items() if at < len(cells) and cells[at] != ""}
        if fields:
            rows.append(Row(number, fields))
    return rows


def _records(content: bytes, mapping: Mapping) -> list[Row]:
    """Objects count from 1. A key that is not there is no answer, where null is one: so it is refused."""
    try:
        records = RECORDS.validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        row, key = (*first["loc"], None, None)[:2]
        place = (f"Dòng {row + 1}, trường '{key}': " if key else f"Dòng {row + 1}: ") if isinstance(row, int) else ""
        raise UnreadableFile(
            f"{place}cần một danh sách JSON gồm các đối tượng có giá trị là chuỗi hoặc null ({field_text(first)})."
        ) from error
    rows = []
    for number, record in enumerate(records, start=1):
        for name, key in mapping.columns.items():
            if key not in record:
                raise UnreadableFile(f"Dòng {number}: thiếu '{key}' (trường {name}); nếu để trống hãy ghi null.")
        fields: dict[str, Cell] = {name: tidy(record[key] or "") for name, key in mapping.columns.items()}
        if any(fields.values()):
            rows.append(Row(number, {name: value for name, value in fields.items() if value}))
    return rows


def _places(headings: Sequence[Cell], mapping: Mapping) -> dict[str, int]:
    """Field -> index of its column."""
    by_name: dict[str, list[int]] = {}
    for at, heading in enumerate(headings):
        by_name.setdefault(str(heading).casefold(), []).append(at)
    places = {}
    for name, heading in mapping.columns.items():
        found = by_name.get(tidy(heading).casefold(), [])
        if len(found) != 1:
            what = "thiếu cột" if not found else "có nhiều cột"
            seen = ", ".join(str(cell) for cell in headings if cell != "") or "(trống)"
            raise UnreadableFile(
                f"Dòng {mapping.header_row}: {what} '{heading}' (trường {name}). Các cột đang có: {seen}."
            )
        places[name] = found[0]
    return places


def _workbook(content: bytes, mapping: Mapping) -> list[list[Cell]]:
    try:
        return read_sheet(content, mapping.sheet)
    except WorkbookRefused as error:
        raise UnreadableFile(str(error)) from error


def _csv(content: bytes, mapping: Mapping) -> list[list[Cell]]:
    try:
        table = read_csv(content, mapping.encoding, mapping.delimiter)
    except EncodingRefused as error:
        raise UnreadableFile(str(error)) from error
    except csv.Error as error:
        raise UnreadableFile(f"Tệp CSV hỏng ở {error}.") from error
    return [[tidy(cell) for cell in row] for row in table]
