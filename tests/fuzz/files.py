"""Files of a membership system: read row by row, or refused with a text for the office that sent them."""

import csv
import io
import json
import re
import zipfile
from collections.abc import Sequence
from datetime import date, datetime, time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import xlsxwriter
from hypothesis import strategies as st

from samples.province.files import IMPORTS, MAPPINGS, write_files
from samples.province.make import make_province
from services.membership.imports import rows as typed
from services.membership.imports.compare import READERS
from services.membership.imports.fields import CONTROL
from services.membership.imports.mapping import FileKind, Mapping, UnknownMapping, load_mapping
from services.membership.imports.tables import UnreadableFile, read_rows
from tests.fuzz.damage import ODD, ODD_TEXTS
from tests.fuzz.target import Target

NAMES = tuple(name for name, _ in IMPORTS)
LOADED = {name: load_mapping(MAPPINGS, name) for name in NAMES}
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1258", "latin-1", "utf-7", "shift-jis"]
WORDS = sorted({word for mapping in LOADED.values() for words in mapping.values.values() for word in words})


def _sample() -> dict[str, bytes]:
    with TemporaryDirectory() as folder:
        return {path.name: path.read_bytes() for path in write_files(make_province(7, "small"), Path(folder)).iterdir()}


SAMPLE = _sample()
# Of a file as an office writes it, and of one that somebody made up.
CELLS = st.one_of(
    st.sampled_from(
        [*WORDS, "", "có", "không", "01/07/2025", "31/02/2026", "42.001", "Nguyễn Văn An", "=1+1", '"', "\n"]
    ),
    ODD_TEXTS.filter(lambda text: not text.startswith("\ud800")),
    st.text(max_size=12),
    st.dates(),
    st.datetimes(),
    st.times(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(10**18), 10**18),
    st.booleans(),
)


@st.composite
def tables(draw: st.DrawFn, mapping: Mapping) -> list[list[Any]]:
    """Headings as the mapping wants them, mostly, and rows of anything below."""
    headings = list(mapping.columns.values())
    if draw(st.integers(0, 4)) == 0:
        headings = draw(st.permutations([*headings, draw(st.sampled_from([*headings, "", "Khác"]))]))[1:]
    above: list[list[Any]] = [[]] * (mapping.header_row - 1)
    return [*above, headings, *draw(st.lists(st.lists(CELLS, max_size=len(headings) + 1), max_size=4))]


def as_csv(table: Sequence[Sequence[Any]], encoding: str = "utf-8") -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(table)
    return out.getvalue().encode(encoding, errors="replace")


def as_workbook(table: Sequence[Sequence[Any]], sheet: str | None = None) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "default_date_format": "dd/mm/yyyy"})
    page = book.add_worksheet(sheet)
    for row, cells in enumerate(table):
        for column, cell in enumerate(cells):
            _write(page, row, column, cell)
    book.close()
    return out.getvalue()


def _write(page: Any, row: int, column: int, cell: Any) -> None:
    if isinstance(cell, datetime | date) and cell.year >= 1900:
        page.write_datetime(row, column, cell)
    elif isinstance(cell, time):
        page.write_datetime(row, column, cell.replace(tzinfo=None))
    elif isinstance(cell, bool | int | float):
        page.write(row, column, cell)
    else:
        # What XML cannot hold.
        page.write_string(row, column, re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", "", str(cell)))


@st.composite
def contents(draw: st.DrawFn, name: str) -> bytes:
    """A file for the mapping `name`: whole, in an odd encoding, broken as a ZIP, broken inside, or no file at all."""
    mapping = LOADED[name]
    table = draw(tables(mapping))
    match draw(st.sampled_from(["csv", "csv", "workbook", "workbook", "encoded", "cut", "inside", "bytes"])):
        case "csv":
            return as_csv(table)
        case "workbook":
            return as_workbook(table, draw(st.sampled_from([mapping.sheet] * 3 + ["Khác"])))
        case "encoded":
            return as_csv(table, draw(st.sampled_from(ENCODINGS)))
        case "cut":
            return draw(_cut(draw(st.sampled_from([*SAMPLE.values(), as_workbook(table, mapping.sheet)]))))
        case "inside":
            return draw(_broken_inside(as_workbook(table, mapping.sheet)))
        case _:
            return draw(st.sampled_from([b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0"])) + draw(st.binary(max_size=200))


@st.composite
def _cut(draw: st.DrawFn, whole: bytes) -> bytes:
    """Some bytes overwritten, or the end missing."""
    damaged = bytearray(whole)
    for _ in range(draw(st.integers(0, 4))):
        damaged[draw(st.integers(4, len(damaged) - 1))] = draw(st.integers(0, 255))
    return bytes(damaged[: draw(st.integers(4, len(damaged)))]) if draw(st.booleans()) else bytes(damaged)


# What stands in the XML of a workbook, and what a program with a bug might write there.
INSIDE = (
    (rb'r="[A-Z]+\d+"', [b'r="ZZZZ1"', b'r="A99999999999"', b'r=""', b'r="1A"', b'r="A0"', b'r="XFD1048576"']),
    (rb"<v>[^<]*</v>", [b"<v>999999</v>", b"<v>-1</v>", b"<v>1e400</v>", b"<v>x</v>", b"<v/>", b"<v>2958466</v>"]),
    (rb't="[a-z]+"', [b't="s"', b't="b"', b't="e"', b't="d"', b't="inlineStr"', b't="?"']),
    (rb's="\d+"', [b's="99999"', b's="-1"', b's="1"']),
    (rb"<dimension [^>]*>", [b'<dimension ref="A1:ZZZ9999999"/>', b'<dimension ref="B2:A1"/>', b'<dimension ref="">']),
    (rb"<sheet [^>]*>", [b"", b'<sheet name="" sheetId="1" r:id="rId99"/>']),
    (rb"<sheetData>", [b"<sheetData><row><c/></row>", b"<sheetData", b"<!-- -->"]),
    (rb"encoding=\"UTF-8\"", [b'encoding="UTF-16"', b'encoding="?"']),
    (rb"numFmtId=\"\d+\"", [b'numFmtId="14"', b'numFmtId="22"', b'numFmtId="99999"', b'numFmtId="46"']),
    (rb"Target=\"[^\"]*\"", [b'Target="../../x"', b'Target=""', b'Target="worksheets/sheet9.xml"']),
)


@st.composite
def _broken_inside(draw: st.DrawFn, whole: bytes) -> bytes:
    """A sound ZIP whose parts say something else, are missing, or are empty."""
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for _ in range(draw(st.integers(1, 3))):
        name = draw(st.sampled_from(sorted(parts)))
        match draw(st.sampled_from(["say", "say", "say", "drop", "empty", "cut"])):
            case "say":
                wanted, instead = draw(st.sampled_from(INSIDE))
                said = draw(st.sampled_from(instead))
                name = draw(st.sampled_from([part for part in parts if re.search(wanted, parts[part])] or [name]))
                parts[name] = re.sub(wanted, said, parts[name], count=draw(st.integers(0, 2)))
            case "drop":
                del parts[name]
                parts = parts or {"x": b""}
            case "empty":
                parts[name] = b""
            case _:
                parts[name] = parts[name][: draw(st.integers(0, len(parts[name])))]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def files() -> st.SearchStrategy[tuple[str, bytes]]:
    """(name of a mapping, content)."""
    return st.sampled_from(NAMES).flatmap(lambda name: st.tuples(st.just(name), contents(name)))


def check_file(file: tuple[str, bytes]) -> None:
    """Each row is taken, with nothing unprintable in it, or has a problem; the texts of problems can be shown."""
    name, content = file
    _check(content, LOADED[name])


def _check(content: bytes, mapping: Mapping) -> None:
    try:
        rows = read_rows(content, mapping)
    except UnreadableFile as refused:
        str(refused).encode()
        return
    good, problems = typed.parse(rows, mapping, READERS[mapping.kind])
    assert {row.row for row in good}.isdisjoint(problem.row for problem in problems)
    assert {row.row for row in good} | {problem.row for problem in problems} == {row.number for row in rows}
    for problem in problems:
        json.dumps(problem.text, ensure_ascii=False).encode()
    assert not [row for row in good for value in vars_of(row) if isinstance(value, str) and CONTROL.search(value)]


def vars_of(row: Any) -> list[Any]:
    return [getattr(row, name) for name in row.__slots__]


SETTINGS: dict[str, st.SearchStrategy[Any]] = {
    "kind": st.sampled_from(FileKind).map(str),
    "delimiter": st.sampled_from([";", "\t", "|", '"', "\n", "\r", "\x00", "é", "𝟙", " "]),
    "date_format": st.sampled_from(
        ["%Y-%m-%d", "%d/%m/%y", "%d%d", "%Q", "%", "%d", "%H", "%U %Y", "%j %Y", "(", "[%d", "%Z", "%z", "%s", ""]
    ),
    "header_row": st.integers(-2, 6),
}


@st.composite
def mappings(draw: st.DrawFn) -> tuple[str, list[list[Any]]]:
    """The text of a mapping's file in which one setting is odd, and a table that it may be used on."""
    known = LOADED[draw(st.sampled_from(NAMES))]
    said: dict[str, Any] = known.model_dump(mode="json", exclude_none=True)
    setting = draw(
        st.sampled_from(["kind", "system", "sheet", "header_row", "delimiter", "date_format", "values", "?"])
    )
    usual = SETTINGS.get(setting, ODD_TEXTS) if draw(st.integers(0, 3)) else ODD
    said[setting] = draw(usual.filter(lambda value: value is not None))
    return _toml(said), draw(tables(known))


def _toml(said: dict[str, Any]) -> str:
    """JSON strings, numbers and lists are TOML's as well; its inline tables differ."""

    def value(inner: Any) -> str:
        if isinstance(inner, dict):
            return "{" + ", ".join(f"{json.dumps(name)} = {value(item)}" for name, item in inner.items()) + "}"
        return "[" + ", ".join(map(value, inner)) + "]" if isinstance(inner, list) else json.dumps(inner)

    return "\n".join(f"{json.dumps(name)} = {value(item)}" for name, item in said.items())


def check_mapping(given: tuple[str, list[list[Any]]]) -> None:
    """A mapping that is loaded can be used; any other is refused when it is loaded."""
    text, table = given
    with TemporaryDirectory() as folder:
        Path(folder, "odd.toml").write_bytes(text.encode(errors="surrogatepass"))
        try:
            mapping = load_mapping(Path(folder), "odd")
        except UnknownMapping:
            return
    for content in (as_csv(table), as_workbook(table)):
        _check(content, mapping)


TARGETS = (Target("files", files(), check_file, share=150), Target("mappings", mappings(), check_mapping, share=150))
