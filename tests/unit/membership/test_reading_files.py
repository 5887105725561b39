"""Files are read as they are or refused with row and field; nothing is guessed."""

import io
import json
import re
import unicodedata
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from services.membership.imports import rows as typed
from services.membership.imports.encodings import Encoding
from services.membership.imports.fields import Problem, Reader
from services.membership.imports.mapping import (
    OPTIONAL,
    REQUIRED,
    FileKind,
    Format,
    Mapping,
    UnknownMapping,
    load_mapping,
)
from services.membership.imports.tables import Row, UnreadableFile, read_rows
from shared.contracts.membership import MemberStatus, Standing

HEADINGS = "Mã,Họ và tên,Chi bộ,Diện,Về chi bộ"
MAPPING = Mapping.model_validate(
    {
        "kind": "members",
        "system": "hr",
        "columns": {"code": "Mã", "name": "Họ và tên", "cell": "Chi bộ", "standing": "Diện", "joined_on": "Về chi bộ"},
        "values": {"standing": {"Chính thức": "official", "Dự bị": "probationary"}},
    }
)
ROW = "A1,Nguyễn Văn An,42.001,Chính thức,01/07/2025"


def csv(*lines: str, encoding: str = "utf-8") -> bytes:
    return "\r\n".join([HEADINGS, *lines]).encode(encoding)


def problems(*lines: str) -> list[Problem]:
    return typed.parse(read_rows(csv(*lines), MAPPING), MAPPING, typed.member)[1]


def workbook(*rows: Sequence[object], sheet: str = "Trang 1") -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"default_date_format": "dd/mm/yyyy"})
    page = book.add_worksheet(sheet)
    for at, row in enumerate(rows):
        page.write_row(at, 0, row)
    book.close()
    return out.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_reads_csv_with_and_without_a_byte_order_mark(encoding: str) -> None:
    [row], none = typed.parse(read_rows(csv(ROW, encoding=encoding), MAPPING), MAPPING, typed.member)
    assert none == []
    assert (row.row, row.name, row.standing, row.status) == (2, "Nguyễn Văn An", Standing.OFFICIAL, MemberStatus.ACTIVE)


def test_letters_written_in_two_code_points_are_the_same_letters() -> None:
    decomposed = ROW.replace("ễ", "e\u0302\u0303")
    [row] = read_rows(csv(decomposed), MAPPING)
    assert row.fields["name"] == "Nguyễn Văn An"


def in_windows_1258(text: str) -> bytes:
    """As Windows writes it: a tone is a character of its own, behind its vowel."""
    tones = re.compile("[\u0300\u0301\u0303\u0309\u0323]")

    def apart(letter: str) -> str:
        marks = unicodedata.normalize("NFD", letter)
        return unicodedata.normalize("NFC", tones.sub("", marks)) + "".join(tones.findall(marks))

    return "".join(map(apart, text)).encode("cp1258")


class TestTheEncodingThatTheMappingNames:
    WINDOWS = MAPPING.model_copy(update={"encoding": Encoding.WINDOWS_1258})

    def test_windows_1258_with_its_marks_for_tones_gives_the_same_letters(self) -> None:
        content = in_windows_1258("\n".join([HEADINGS, ROW, ROW.replace("An", "Ưởng").replace("A1", "A2")]))
        assert "\u0303" in content.decode("cp1258")
        found = [row.fields["name"] for row in read_rows(content, self.WINDOWS)]
        assert found == ["Nguyễn Văn An", "Nguyễn Văn Ưởng"]

    def test_windows_1258_under_a_mapping_that_does_not_say_so_is_refused(self) -> None:
        said = f"{HEADINGS}\n".encode() + b"A1,Nguy\xea\xden V\xe3n An,42.001\n"
        with pytest.raises(UnreadableFile, match=r"Dòng 2, cột B: không phải UTF-8.*encoding = \"windows-1258\""):
            read_rows(said, MAPPING)

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
    def test_utf_8_under_a_mapping_of_windows_1258_is_refused(self, encoding: str) -> None:
        with pytest.raises(UnreadableFile, match=r"Dòng 1, cột A: tệp mã hóa UTF-8, nhưng mẫu"):
            read_rows(csv(ROW, encoding=encoding), self.WINDOWS)

    @pytest.mark.parametrize(
        "name",
        [b"Nguy\xd4n V\xa8n An", b"Nguye\xe3n Hoa\xf8ng", b"Tr\x81n"],
        ids=["TCVN3", "VNI", "no character at all"],
    )
    def test_letters_that_vietnamese_does_not_have_are_refused(self, name: bytes) -> None:
        lines = [in_windows_1258("Mã,Tên"), in_windows_1258("A1,Trần"), b"A2," + name]
        with pytest.raises(UnreadableFile, match=r"Dòng 3, cột B: không phải chữ Việt mã Windows-1258"):
            read_rows(b"\n".join(lines), self.WINDOWS)

    def test_the_columns_of_a_wide_table_are_named_as_a_spreadsheet_does(self) -> None:
        with pytest.raises(UnreadableFile, match=r"Dòng 1, cột AB: không phải UTF-8"):
            read_rows(b"," * 27 + b"\xe3", MAPPING)

    def test_a_mapping_saved_by_notepad_is_read(self, tmp_path: Path) -> None:
        said = Path("samples/mapping/members.toml").read_text(encoding="utf-8")
        saved = unicodedata.normalize("NFD", f'encoding = "windows-1258"\n{said}')
        (tmp_path / "members.toml").write_text(saved, encoding="utf-8-sig")
        loaded = load_mapping(tmp_path, "members")
        assert unicodedata.is_normalized("NFC", loaded.model_dump_json())
        assert loaded == load_mapping(Path("samples/mapping"), "members").model_copy(
            update={"encoding": Encoding.WINDOWS_1258}
        )


def test_refuses_utf_16() -> None:
    with pytest.raises(UnreadableFile, match="UTF-16"):
        read_rows(HEADINGS.encode("utf-16"), MAPPING)


def test_refuses_a_missing_column_and_names_it_with_its_row() -> None:
    with pytest.raises(UnreadableFile, match=r"Dòng 1: thiếu cột 'Diện' \(trường standing\)"):
        read_rows(csv().replace("Diện".encode(), "Khác".encode()), MAPPING)


def test_refuses_a_column_that_is_there_twice() -> None:
    with pytest.raises(UnreadableFile, match="có nhiều cột 'Mã'"):
        read_rows(csv().replace("Chi bộ".encode(), "Mã".encode(), 1), MAPPING)


def test_refuses_an_empty_file_and_a_broken_one() -> None:
    with pytest.raises(UnreadableFile, match="không có dòng tiêu đề"):
        read_rows(b"", MAPPING)
    with pytest.raises(UnreadableFile, match="CSV hỏng ở gần dòng 2"):
        read_rows(csv('A1,"Nguyễn Văn An'), MAPPING)
    with pytest.raises(UnreadableFile, match="Không đọc được tệp bảng tính"):
        read_rows(b"PK\x03\x04 not a workbook", MAPPING)


@pytest.mark.parametrize(
    ("wanted", "instead", "text"),
    [
        (b"<sheets>.*</sheets>", b"<sheets/>", "không có trang tính nào"),
        (b"</worksheet>", b"", "Không đọc được"),
    ],
)
def test_refuses_a_workbook_that_is_broken_inside(wanted: bytes, instead: bytes, text: str) -> None:
    whole = zipfile.ZipFile(io.BytesIO(workbook(HEADINGS.split(","), ROW.split(","))))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in whole.namelist():
            archive.writestr(name, re.sub(wanted, instead, whole.read(name)))
    with pytest.raises(UnreadableFile, match=text):
        read_rows(out.getvalue(), MAPPING)


@pytest.mark.parametrize(
    ("setting", "odd"),
    [
        ("encoding", "tcvn3"),
        *(("date_format", odd) for odd in ("%d%d", "%Q", "%d/%m", "", "[%d")),
        ("sheet", "\x00"),
        ("sheet", ""),
    ],
)
def test_a_mapping_that_no_file_could_be_read_with_is_refused(tmp_path: Path, setting: str, odd: str) -> None:
    said = Path("samples/mapping/members.toml").read_text(encoding="utf-8")
    (tmp_path / "members.toml").write_text(f"{setting} = {json.dumps(odd)}\n{said}", encoding="utf-8")
    with pytest.raises(UnknownMapping, match=setting):
        load_mapping(tmp_path, "members")


def test_reads_a_workbook_with_a_title_and_real_dates_and_codes_of_digits() -> None:
    mapping = MAPPING.model_copy(update={"header_row": 3, "sheet": "Đảng viên"})
    content = workbook(
        ["DANH SÁCH"], [], HEADINGS.split(","), [42001, "Trần Thị Lan", "C1", "Dự bị", date(2025, 7, 1)],
        sheet="Đảng viên",
    )  # fmt: skip
    assert read_rows(content, mapping) == [
        Row(
            4,
            {
                "code": "42001",
                "name": "Trần Thị Lan",
                "cell": "C1",
                "standing": "Dự bị",
                "joined_on": date(2025, 7, 1),
            },
        )
    ]
    with pytest.raises(UnreadableFile, match="không có trang tính 'Đảng viên'"):
        read_rows(workbook(["a"]), mapping)


def test_empty_rows_are_skipped_and_rows_keep_their_numbers() -> None:
    assert [row.number for row in read_rows(csv("", ROW, ",,,,", ROW), MAPPING)] == [3, 5]


class TestAListOfObjects:
    JSON = MAPPING.model_copy(update={"format": Format.JSON})

    def test_is_read_like_the_rows_of_a_table(self) -> None:
        record = dict(zip(HEADINGS.split(","), ROW.split(","), strict=True))
        content = json.dumps([dict.fromkeys(record), {**record, "not mapped": None}]).encode()
        assert read_rows(content, self.JSON) == [replace(read_rows(csv(ROW), MAPPING)[0], number=2)]

    @pytest.mark.parametrize(
        ("content", "text"),
        [
            (b"{", "cần một danh sách JSON"),
            (b'{"rows": []}', "cần một danh sách JSON"),
            (b"[{}, 1]", "Dòng 2: cần một danh sách"),
            (b'[{"M\xc3\xa3": 1}]', "Dòng 1, trường 'Mã': cần một danh sách"),
            (b'[{"M\xc3\xa3": "\\ud800"}]', "cần một danh sách JSON"),
            (b'[{"M\xc3\xa3": "A1"}]', r"Dòng 1: thiếu 'Họ và tên' \(trường name\)"),
        ],
    )
    def test_is_refused_with_its_row_when_it_is_something_else(self, content: bytes, text: str) -> None:
        with pytest.raises(UnreadableFile, match=text):
            read_rows(content, self.JSON)


@pytest.mark.parametrize(
    ("line", "field", "text"),
    [
        (ROW.replace("01/07/2025", "31/02/2026"), "joined_on", "'31/02/2026' không phải một ngày có thật"),
        (ROW.replace("01/07/2025", "01/07/0025"), "joined_on", "năm phải từ 1900 đến 2199"),
        (ROW.replace("01/07/2025", "2025-07-01"), "joined_on", "viết như 31/03/2026"),
        (ROW.replace("01/07/2025", ""), "joined_on", "thiếu ngày"),
        (ROW.replace("A1", ""), "code", "thiếu mã"),
        (ROW.replace("A1", "Mã số"), "code", "chữ không dấu"),
        (ROW.replace("Nguyễn Văn An", ""), "name", "thiếu giá trị"),
        (ROW.replace("Nguyễn Văn An", "An\x00"), "name", "ký tự điều khiển"),
        (ROW.replace("Nguyễn Văn An", "An" * 51), "name", "dài quá 100"),
        (ROW.replace("Chính thức", "Danh dự"), "standing", "không hiểu 'Danh dự'"),
    ],
)
def test_a_problem_names_row_and_field(line: str, field: str, text: str) -> None:
    [problem] = problems(ROW, line)
    assert (problem.row, problem.field) == (3, field)
    assert text in problem.text


def test_a_mapping_must_name_every_field_that_its_kind_needs(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text('kind = "units"\nsystem = "hr"\n[columns]\ncode = "Mã"\n', encoding="utf-8")
    (tmp_path / "broken.toml").write_text("kind =", encoding="utf-8")
    for name, text in {"bad": "missing", "broken": "không dùng được", "../bad": "Không có mẫu"}.items():
        with pytest.raises(UnknownMapping, match=text):
            load_mapping(tmp_path, name)


@pytest.mark.parametrize(
    ("kind", "read", "kept"),
    [
        (FileKind.MEMBERS, typed.member, {"born_on", "status", "status_until", "host"}),
        (FileKind.OFFICES, typed.office, {"valid_until"}),
        (FileKind.ASSIGNMENTS, typed.assignment, {"valid_until"}),
    ],
)
def test_what_the_mapping_gives_no_column_is_unsaid_and_an_empty_cell_is_not(
    kind: FileKind, read: Callable[[Reader], Any], kept: set[str]
) -> None:
    fields = REQUIRED[kind] + OPTIONAL[kind]
    columns = {field: field for field in fields}
    whole = Mapping(kind=kind, system="hr", columns=columns)
    partial = whole.model_copy(update={"columns": {field: field for field in fields if field not in kept}})
    row = Row(2, {})
    assert (read(Reader(row, whole)).unsaid, read(Reader(row, partial)).unsaid) == (set(), kept)


def test_the_mappings_of_the_sample_are_right() -> None:
    folder = Path("samples/mapping")
    assert {load_mapping(folder, path.stem).kind for path in folder.glob("*.toml")} == {
        "unit_kinds", "units", "members", "offices", "assignments",
    }  # fmt: skip


@pytest.mark.parametrize("far", [(1_048_575, 16_383), (1_999, 16_383)])
def test_a_stray_cell_far_away_is_one_clear_line(far: tuple[int, int]) -> None:
    """Reading such a sheet takes terabytes: the reader gives up with its whole process, which must not be ours."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    page = book.add_worksheet()
    page.write(0, 0, "Mã")
    page.write(*far, "x")
    book.close()
    with pytest.raises(UnreadableFile, match="Trang tính quá lớn"):
        read_rows(out.getvalue(), MAPPING)
