"""The only kinds of string an event may hold: ids, codes, dates, hashes and official names.

No names of persons, contacts, health or free text: these live in erasable tables of the owning service, and an event
holds a `TextRef`. A contract test walks every event and refuses a plain `str`.
"""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

FIRST_YEAR, LAST_YEAR = 1900, 2199


def _in_calendar(year: int) -> None:
    # Python and PostgreSQL end at different days, and a zone's offset crosses either end: such a day, once recorded,
    # would park its key at every reader.
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(f"năm phải từ {FIRST_YEAR} đến {LAST_YEAR}")


def _dated(value: date) -> date:
    _in_calendar(value.year)
    return value


def _period(value: str) -> str:
    _in_calendar(int(value[:4]))
    return value


# A day, and a moment with its zone, as somebody enters them.
GivenDay = Annotated[date, AfterValidator(_dated)]
GivenMoment = Annotated[AwareDatetime, AfterValidator(_dated)]
# A catalogue code: unit kinds, reasons, document kinds, external systems.
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,79}$")]
# The number of an official document, such as "42-HD/BTCTW": numbers repeat, so it always stands beside a date.
DocumentNumber = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,6}[0-9A-Za-zĐđÀ-ỹ./-]{0,40}$")]
# Name of a unit or of a catalogue item as decided by a competent body. Never a person's.
OfficialName = Annotated[str, StringConstraints(min_length=1, max_length=400, pattern=r"^[^\x00-\x1f]+$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
# The month that a meeting serves, "2026-03"; set by the plan or the secretary, never derived from a timestamp.
Period = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$"), AfterValidator(_period)]
Points = Annotated[Decimal, Field(ge=0, le=1000, max_digits=6, decimal_places=2)]
# Strict: neither "12" nor true is a number that somebody counted.
Count = Annotated[int, Field(ge=0, le=10_000_000, strict=True)]


class Value(BaseModel):
    """A frozen part of an event. Unknown fields are ignored, so that an older reader survives an additive change."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class TextRef(Value):
    """A personal or free text kept elsewhere: its id and SHA-256 of salt + text. Erasing the text keeps every total."""

    text_id: UUID
    sha256: Sha256


class Citation(Value):
    """The document that decided something: number and date belong together."""

    number: DocumentNumber
    issued_on: GivenDay


class CellType(StrEnum):
    """Kinds of chi bộ that HD 42-HD/BTCTW (28/10/2025), section 4, details separately."""

    RESIDENTIAL = "residential"
    OFFICE = "office"
    SCHOOL = "school"
    ENTERPRISE = "enterprise"
    ARMED_FORCES = "armed_forces"
    STUDENTS = "students"


__all__ = [
    "AwareDatetime",
    "CellType",
    "Citation",
    "Code",
    "Count",
    "GivenDay",
    "GivenMoment",
    "Literal",
    "OfficialName",
    "Period",
    "Points",
    "Sha256",
    "TextRef",
    "Value",
    "date",
    "datetime",
]
