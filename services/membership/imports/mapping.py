"""The small file that says how an office's table is read: which heading is which field, which word is which code."""

import re
import tomllib
import unicodedata
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator

from services.membership.imports.encodings import Encoding
from shared.contracts.fields import Code
from shared.decider import DomainError


class FileKind(StrEnum):
    """What one row of the file is."""

    UNIT_KINDS = "unit_kinds"
    UNITS = "units"
    MEMBERS = "members"
    OFFICES = "offices"
    ASSIGNMENTS = "assignments"


class Format(StrEnum):
    """A table (a spreadsheet or CSV), or a JSON list of objects whose keys are the headings."""

    TABLE = "table"
    JSON = "json"


REQUIRED: dict[FileKind, tuple[str, ...]] = {
    FileKind.UNIT_KINDS: ("kind", "name", "is_cell", "decides_ratings", "valid_from"),
    FileKind.UNITS: ("code", "name", "kind", "parent", "effective_on"),
    FileKind.MEMBERS: ("code", "name", "cell", "standing", "joined_on"),
    FileKind.OFFICES: ("unit", "role", "valid_from"),
    FileKind.ASSIGNMENTS: ("kind", "member", "unit", "valid_from"),
}
OPTIONAL: dict[FileKind, tuple[str, ...]] = {
    FileKind.UNIT_KINDS: (),
    FileKind.UNITS: ("cell_type", "ended_on"),
    FileKind.MEMBERS: ("born_on", "status", "status_from", "status_until", "host"),
    FileKind.OFFICES: ("member", "valid_until"),
    FileKind.ASSIGNMENTS: ("valid_until",),
}


class UnknownMapping(DomainError):
    """The mapping's name, or its contents, cannot be used."""

    problem = "unknown-mapping"
    status = 422


class Mapping(BaseModel):
    """`columns`: field -> heading in the file. `values`: field -> word in the file -> code.

    `system` names the outer system whose codes the file uses; `header_row` counts from 1, as a spreadsheet does.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: FileKind
    system: Code
    columns: dict[str, str]
    values: dict[str, dict[str, str]] = Field(default_factory=dict)
    # An argument of the program that reads the sheet cannot hold U+0000.
    sheet: Annotated[str, StringConstraints(min_length=1, pattern=r"^[^\x00]+$")] | None = None
    header_row: int = Field(default=1, ge=1)
    format: Format = Format.TABLE
    encoding: Encoding = Encoding.UTF_8
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    date_format: str = "%d/%m/%Y"

    @field_validator("date_format")
    @classmethod
    def _writes_days(cls, value: str) -> str:
        day = date(2026, 3, 31)
        try:
            known = datetime.strptime(day.strftime(value), value).date()  # noqa: DTZ007 - a day, not a moment
        except (ValueError, re.error) as error:
            raise ValueError(f"{value!r} is no format of a day: {error}") from error
        if known != day:
            raise ValueError(f"{value!r} does not say which day")
        return value

    @model_validator(mode="after")
    def _fields_fit_the_kind(self) -> "Mapping":
        missing = [name for name in REQUIRED[self.kind] if name not in self.columns]
        unknown = [name for name in self.columns if name not in REQUIRED[self.kind] + OPTIONAL[self.kind]]
        if missing or unknown:
            raise ValueError(f"columns of {self.kind}: missing {missing}, unknown {unknown}")
        return self


def load_mapping(folder: Path, name: str) -> Mapping:
    """The mapping `<name>.toml` of the folder; raises `UnknownMapping`. A name is never a path."""
    known = {path.stem: path for path in sorted(folder.glob("*.toml"))}
    if name not in known:
        raise UnknownMapping(f"Không có mẫu ánh xạ cột '{name}'. Các mẫu hiện có: {', '.join(known) or 'chưa có'}.")
    try:
        # What it names is compared with cells, which are NFC. Notepad begins a text with a byte order mark.
        text = unicodedata.normalize("NFC", known[name].read_text(encoding="utf-8-sig"))
        return Mapping.model_validate(tomllib.loads(text))
    except (ValidationError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UnknownMapping(f"Mẫu ánh xạ cột '{name}' không dùng được: {error}") from error
