"""Reads a spreadsheet in a process of its own, with limits: `read_sheet` there, run as a program here.

One stray cell in a far corner makes the reader ask for memory for all cells before it, and it aborts its process.
"""

import json
import resource
import subprocess
import sys
import unicodedata
from datetime import date, datetime
from io import BytesIO
from typing import Any
from xml.parsers.expat import ExpatError, ParserCreate
from zipfile import BadZipFile, ZipFile

Cell = str | date

ZIP = b"PK\x03\x04"

# A sheet of 100,000 rows takes a tenth of both.
MOST_CELLS = 10_000_000
MOST_BYTES = 2 * 1024**3
MOST_SECONDS = 60
TOO_LARGE = (
    "Trang tính quá lớn. Thường là do một ô có dữ liệu hoặc định dạng nằm rất xa: hãy xóa các dòng, cột trống ở cuối, "
    "lưu lại rồi gửi lại."
)


class WorkbookRefused(Exception):
    """The text says what is wrong with the workbook."""


def tidy(text: str) -> str:
    """NFC, so that one Vietnamese letter is one code point whoever typed it, and single spaces."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def read_sheet(content: bytes, sheet: str | None) -> list[list[Cell]]:
    """All rows of the sheet (None: the first one), empty ones too; raises `WorkbookRefused`."""
    program = [sys.executable, "-I", __file__, *([sheet] if sheet else [])]
    try:
        done = subprocess.run(program, input=content, capture_output=True, check=True, timeout=MOST_SECONDS, env={})  # noqa: S603 - ourselves
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise WorkbookRefused(TOO_LARGE) from error
    answer = json.loads(done.stdout)
    if isinstance(answer, str):
        raise WorkbookRefused(answer)
    return [[date.fromisoformat(cell[0]) if isinstance(cell, list) else cell for cell in row] for row in answer]


def _rows(content: bytes, sheet: str | None) -> list[list[Any]] | str:
    from python_calamine import CalamineError, CalamineWorkbook, WorksheetNotFound  # noqa: PLC0415 - only in the child

    try:
        if content.startswith(ZIP):
            _check_whole(content)
        workbook = CalamineWorkbook.from_filelike(BytesIO(content))
        if not workbook.sheet_names:
            return "Tệp bảng tính không có trang tính nào."
        found = workbook.get_sheet_by_name(sheet or workbook.sheet_names[0])
        if found.total_height * found.total_width > MOST_CELLS:
            return TOO_LARGE
        rows = found.to_python(skip_empty_area=False)
    except WorksheetNotFound:
        return f"Tệp không có trang tính '{sheet}'."
    except (CalamineError, BadZipFile, ExpatError) as error:
        return f"Không đọc được tệp bảng tính: {error}. Hãy lưu lại ở dạng .xlsx, không đặt mật khẩu."
    return [[_plain(cell) for cell in row] for row in rows]


def _check_whole(content: bytes) -> None:
    """Raises ExpatError for a part without its end, which the library would take for a shorter table."""
    with ZipFile(BytesIO(content)) as archive:
        for name in archive.namelist():
            if name.endswith(".xml"):
                ParserCreate().Parse(archive.read(name), True)


def _plain(cell: object) -> str | list[str]:
    """A text, or a day in a list. A spreadsheet keeps a code of digits as a number: 42001.0 is the code 42001."""
    if isinstance(cell, datetime):
        return [cell.date().isoformat()]
    if isinstance(cell, date):
        return [cell.isoformat()]
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return tidy(str(cell))


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    json.dump(_rows(sys.stdin.buffer.read(), sys.argv[1] if len(sys.argv) > 1 else None), sys.stdout)
