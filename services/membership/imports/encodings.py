"""A CSV file as rows of cells, in the encoding that its mapping names. Another one is refused, never guessed."""

import csv
import io
import re
import unicodedata
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Sequence
from enum import StrEnum


class Encoding(StrEnum):
    """What a mapping may name. A byte order mark before UTF-8 is no part of the text."""

    UTF_8 = "utf-8"
    WINDOWS_1258 = "windows-1258"


class EncodingRefused(Exception):
    """The text names row and column, and says what to do."""


Table = list[list[str]]

TONES = ("", "\u0300", "\u0309", "\u0303", "\u0301", "\u0323")
LETTERS = "đ" + "".join(unicodedata.normalize("NFC", vowel + tone) for vowel in "aăâeêioôơuưy" for tone in TONES)
# Every byte but nine is some character of Windows-1258, so what no Vietnamese text holds shows another encoding: TCVN3
# has "§" for "Đ" and "®" for "đ", VNI "ø" and "ï" for tones, UTF-8 "»" in most letters with two marks.
FOREIGN = re.compile(f"[^\x00-\x7f{LETTERS}{LETTERS.upper()}\u00a0–—‘’“”„…•°±²³×÷€₫]")
UNREADABLE = re.compile("[\udc80-\udcff]")  # what `surrogateescape` makes of a byte that is none of the encoding's
NOT_ASCII = re.compile("[^\x00-\x7f]")

SAVE_AS = "Trong Excel chọn Lưu thành > 'CSV UTF-8 (Comma delimited)' rồi gửi lại."
NOT_UTF_8 = (
    'không phải UTF-8. Nếu tệp mã hóa Windows-1258 thì mẫu ánh xạ cột phải ghi encoding = "windows-1258"; '
    f"nếu là mã khác (TCVN3, VNI): {SAVE_AS}"
)
NOT_1258 = f"không phải chữ Việt mã Windows-1258 như mẫu ánh xạ cột ghi (có thể là TCVN3 hoặc VNI). {SAVE_AS}"
UTF_8_INSTEAD = "tệp mã hóa UTF-8, nhưng mẫu ánh xạ cột ghi Windows-1258: hãy bỏ dòng encoding, hoặc gửi đúng tệp."


def read_csv(content: bytes, encoding: Encoding, delimiter: str) -> Table:
    """The cells of every row, NFC: Windows-1258 writes tones as marks of their own. Raises `EncodingRefused`,
    `csv.Error`."""
    if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        raise EncodingRefused(f"Tệp mã hóa UTF-16. {SAVE_AS}")
    codec = "utf-8-sig" if encoding is Encoding.UTF_8 else "cp1258"
    table = _rows(content.decode(codec, errors="surrogateescape"), delimiter)
    if encoding is Encoding.UTF_8:
        _refuse(table, UNREADABLE.search, NOT_UTF_8)
    else:
        if _is_utf_8(content):
            _refuse(table, NOT_ASCII.search, UTF_8_INSTEAD)
        _refuse(table, FOREIGN.search, NOT_1258)
    return table


def _rows(text: str, delimiter: str) -> Table:
    lines = io.StringIO(unicodedata.normalize("NFC", text), newline="")
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        return list(reader)
    except csv.Error as error:
        raise csv.Error(f"gần dòng {reader.line_num}: {error}") from error


def _is_utf_8(content: bytes) -> bool:
    """Whether it says so itself, or has letters that make sense in UTF-8: those of Windows-1258 do not."""
    try:
        return not content.decode("utf-8").isascii()
    except UnicodeDecodeError:
        return content.startswith(BOM_UTF8)


def _refuse(table: Sequence[Sequence[str]], foreign: Callable[[str], object], text: str) -> None:
    """The first foreign cell, by the row and column that a spreadsheet shows."""
    for row, cells in enumerate(table, start=1):
        for column, cell in enumerate(cells):
            if foreign(cell):
                raise EncodingRefused(f"Dòng {row}, cột {_letters(column)}: {text}")


def _letters(column: int) -> str:
    """0 is A, 26 is AA."""
    before, last = divmod(column, 26)
    return (_letters(before - 1) if before else "") + chr(ord("A") + last)
