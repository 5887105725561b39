"""A unit's figures for a period: plain sums over the cells below it, and the shares that follow from them."""

import calendar
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, computed_field


class Digests(BaseModel):
    """Sums in hexadecimal. A parent's are the sums of its children's.

    `input`: over the events that the figures come from. `facts`: over the contributions, however they were entered.
    """

    model_config = ConfigDict(frozen=True)

    events: int
    input: str
    facts: str


class Figures(BaseModel):
    """Counts. expected = attended + partly + excused + unexcused + unknown, in members times meetings.

    `cells`: active on the last day of the period, each owes one regular meeting; `met`, `not_held` (with a reason) and
    `not_reported` are three different answers. `minutes`, `speakers`: sums over `sittings`, over `speakers_known`.
    """

    model_config = ConfigDict(frozen=True)

    cells: int = 0
    met: int = 0
    not_held: int = 0
    not_reported: int = 0
    conflicts: int = 0
    meetings: int = 0
    thematic_meetings: int = 0
    cells_with_thematic: int = 0
    committee_meetings: int = 0
    expected: int = 0
    attended: int = 0
    partly: int = 0
    excused: int = 0
    unexcused: int = 0
    unknown: int = 0
    exempt_present: int = 0
    unlisted_present: int = 0
    guests: int = 0
    discrepancies: int = 0
    sittings: int = 0
    minutes: int = 0
    speakers_known: int = 0
    speakers: int = 0
    superior_attended: int = 0
    with_documents: int = 0
    self_scored: int = 0
    self_points: int = 0
    rated: int = 0
    awaiting_rating: int = 0
    self_ratings: dict[str, int] = {}
    official_ratings: dict[str, int] = {}
    digests: Digests = Digests(events=0, input="0", facts="0")

    @classmethod
    def of(cls, row: Mapping[str, Any], ratings: Iterable[Mapping[str, int]]) -> Self:
        """From a row of `unit_figures`; `ratings`: of each cell, as {"self:tot": 1}."""
        summed: Counter[str] = Counter()
        for counted in ratings:
            summed.update(counted)
        return cls(
            **{name: row[name] for name in cls.model_fields if name in row},
            self_ratings=_of_kind("self:", summed),
            official_ratings=_of_kind("official:", summed),
            digests=Digests(
                events=row["events"], input=f"{int(row['input_digest']):x}", facts=f"{int(row['facts_digest']):x}"
            ),
        )

    @computed_field  # type: ignore[prop-decorator]
    @property
    def met_percent(self) -> float | None:
        return share(self.met, self.cells)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def attendance_percent(self) -> float | None:
        """Fully attended out of expected, weighted by members."""
        return share(self.attended, self.expected)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def superior_percent(self) -> float | None:
        return share(self.superior_attended, self.meetings)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def documents_percent(self) -> float | None:
        return share(self.with_documents, self.meetings)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def average_minutes(self) -> float | None:
        return mean(self.minutes, self.sittings)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def average_self_score(self) -> float | None:
        return mean(self.self_points, self.self_scored * 100)


def share(part: int, whole: int) -> float | None:
    """In percent, one decimal; None where there is nothing to share."""
    return round(100 * part / whole, 1) if whole else None


def mean(total: int, count: int) -> float | None:
    """One decimal; None where there is nothing."""
    return round(total / count, 1) if count else None


def last_day(period: str) -> date:
    """The day whose active cells owe a meeting for the period."""
    year, month = (int(part) for part in period.split("-"))
    return date(year, month, calendar.monthrange(year, month)[1])


def shifted(period: str, months: int) -> str:
    """The period so many months later; earlier, if negative. The first there is: 0001-01."""
    year, month = (int(part) for part in period.split("-"))
    index = max(year * 12 + month - 1 + months, 12)
    return f"{index // 12:04}-{index % 12 + 1:02}"


def _of_kind(prefix: str, summed: Mapping[str, int]) -> dict[str, int]:
    return {name.removeprefix(prefix): count for name, count in sorted(summed.items()) if name.startswith(prefix)}
