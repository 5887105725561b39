"""The fields of one row, read one by one. What cannot be read is a problem with its row, its field and the reason."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import TypeVar

from services.membership.imports.mapping import Mapping
from services.membership.imports.tables import Row
from shared.contracts.fields import FIRST_YEAR, LAST_YEAR

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,79}")
# Unprintable; PostgreSQL and official names refuse some of them only when the row is recorded.
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
YES_NO = {"có": True, "không": False, "x": True, "": False, "true": True, "false": False}
E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """What is wrong with one field of one row, in the words of the office that sent it."""

    row: int
    field: str
    text: str


class Reader:
    """Reads the fields of one row and keeps what is wrong with them."""

    def __init__(self, row: Row, mapping: Mapping) -> None:
        self.row = row.number
        self.problems: list[Problem] = []
        self._fields = row.fields
        self._mapping = mapping

    def refuse(self, field: str, text: str) -> None:
        heading = self._mapping.columns.get(field, field)
        # The text quotes the value, and no jsonb holds U+0000: an erasure could not take the quotation away.
        self.problems.append(Problem(self.row, field, CONTROL.sub("\ufffd", f"Cột '{heading}': {text}")))

    def unsaid(self, *fields: str) -> frozenset[str]:
        """Which of `fields` the mapping gives no column: of those the file says nothing, not even "empty"."""
        return frozenset(fields) - self._mapping.columns.keys()

    def text(self, field: str, limit: int = 400) -> str:
        value = self.optional_text(field, limit)
        if value is None:
            self.refuse(field, "thiếu giá trị.")
        return value or ""

    def optional_text(self, field: str, limit: int = 400) -> str | None:
        value = self._fields.get(field)
        if isinstance(value, date):
            value = value.strftime(self._mapping.date_format)
        if value is not None and len(value) > limit:
            self.refuse(field, f"dài quá {limit} ký tự.")
        if value is not None and CONTROL.search(value):
            self.refuse(field, "có ký tự điều khiển (không in được).")
        return value

    def code(self, field: str) -> str:
        value = self.optional_code(field)
        if value is None:
            self.refuse(field, "thiếu mã.")
        return value or ""

    def optional_code(self, field: str) -> str | None:
        value = self.optional_text(field)
        if value is not None and not CODE.fullmatch(value):
            self.refuse(field, f"mã '{value}' chỉ được gồm chữ không dấu, số và các dấu . _ : / -")
        return value

    def day(self, field: str) -> date:
        value = self.optional_day(field)
        if value is None and not any(problem.field == field for problem in self.problems):
            self.refuse(field, "thiếu ngày.")
        return value or date.min

    def optional_day(self, field: str) -> date | None:
        value = self._fields.get(field)
        if value is None:
            return None
        try:
            # A day, not a moment.
            day = value if isinstance(value, date) else datetime.strptime(value, self._mapping.date_format).date()  # noqa: DTZ007
        except ValueError:
            example = date(2026, 3, 31).strftime(self._mapping.date_format)
            self.refuse(field, f"'{value}' không phải một ngày có thật; viết như {example}.")
            return None
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            self.refuse(field, f"'{value}': năm phải từ {FIRST_YEAR} đến {LAST_YEAR}.")
            return None
        return day

    def choice(self, field: str, choices: type[E], default: E | None = None) -> E:
        chosen = self.optional_choice(field, choices) or default
        if chosen is None and not any(problem.field == field for problem in self.problems):
            self.refuse(field, "thiếu giá trị.")
        return chosen or next(iter(choices))

    def optional_choice(self, field: str, choices: type[E]) -> E | None:
        value = self.optional_text(field)
        words = {word.casefold(): code for word, code in self._mapping.values.get(field, {}).items()}
        if value is None:
            return None
        code = words.get(value.casefold(), value)
        if code not in set(choices):
            self.refuse(
                field,
                f"không hiểu '{value}'. Các giá trị hiểu được: {', '.join(self._mapping.values.get(field, choices))}.",
            )
            return None
        return choices(code)

    def mapped(self, field: str) -> str:
        """A code of a catalogue that is itself data: the mapping's word, or the code as it stands."""
        value = self.text(field)
        return self._mapping.values.get(field, {}).get(value, value)

    def yes(self, field: str) -> bool:
        value = (self.optional_text(field) or "").casefold()
        if value not in YES_NO:
            self.refuse(field, f"'{value}' phải là 'có' hoặc 'không'.")
        return YES_NO.get(value, False)
