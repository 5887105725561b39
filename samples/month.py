"""What happens in March 2026 in every cell of the sample: a pure, seeded plan that the demo plays through HTTP.

Persons are named by their place in the roster: the driver sorts the expected members by member id and takes
`place % expected`, because member ids are new with every import while the plan is not.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum
from random import Random

from samples.province.model import Province, SampleMember, SampleUnit
from shared.contracts.fields import CellType
from shared.contracts.membership import MemberStatus
from shared.local_time import VIETNAM

PERIOD = "2026-03"
# Most cells meet on the same few evenings.
DAYS = {3: 40, 4: 18, 5: 16, 6: 7, 7: 6, 8: 5, 9: 4, 10: 4}
# March's meeting may be held in April and still serves March.
NEXT_MONTH = date(2026, 4, 2)
EXCUSES = ("illness", "work_trip", "family", "study", "away_for_work")
NOT_HELD_REASONS = ("natural_disaster", "too_few_members", "reorganisation")


class Course(StrEnum):
    """How the month went in a cell: three facts, and two ways of entering the first."""

    HELD = "held"
    HELD_ENTERED_LATE = "held_entered_late"
    NOT_HELD = "not_held"
    SILENT = "silent"


# Cells, by their number, whose course is given: every scale shows each of them.
GIVEN = {2: Course.SILENT, 5: Course.NOT_HELD, 8: Course.HELD_ENTERED_LATE}


class Official(StrEnum):
    """What the committee that decides did with the self-score."""

    AGREED = "agreed"
    LOWERED = "lowered"
    AWAITING = "awaiting"


class Correction(StrEnum):
    """What was entered wrong and is put right afterwards."""

    SPEAKERS = "speakers"
    CHECK_IN = "check_in"
    EXCUSE = "excuse"
    SELF_SCORE = "self_score"
    RATING = "rating"


@dataclass(frozen=True, slots=True)
class Absence:
    """`excused` is None where nobody recorded why: the absence stays unknown."""

    place: int
    excused: bool | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Held:
    """A meeting that took place. Times are aware, in Asia/Ho_Chi_Minh; `lowered` are (item, option) below full marks.

    `left_early`: there at the first roll call, gone at the second. `against`: members who voted against.
    """

    starts_at: datetime
    minutes: int
    thematic: bool
    expected: int
    absences: tuple[Absence, ...]
    left_early: tuple[int, ...]
    guests: int
    speakers: int
    superior_attended: bool
    documents: int
    published_days_before: int
    targets: int
    against: int
    lowered: tuple[tuple[str, str], ...]
    official: Official
    correction: Correction | None = None

    @property
    def held_on(self) -> date:
        return self.starts_at.date()


@dataclass(frozen=True, slots=True)
class CellMonth:
    """One cell's March. `held` for the two held courses, `reason` if not held, `entered_on` if entered late.

    `on_behalf`: the commune's office enters what the cell has on paper; otherwise the cell's secretary does.
    """

    cell: str
    course: Course
    period: str = PERIOD
    held: Held | None = None
    reason: str | None = None
    entered_on: date | None = None
    on_behalf: bool = False


@dataclass(slots=True)
class _Turns:
    """What every scale must contain at least once, dealt out to the first meetings that can take it."""

    corrections: list[Correction] = field(default_factory=lambda: list(Correction))
    officials: list[Official] = field(default_factory=lambda: list(Official))


def plan_month(province: Province, seed: int = 7) -> list[CellMonth]:
    """One entry per cell, in the province's order; the same province and seed give the same month."""
    random, turns = Random(f"{seed} {PERIOD}"), _Turns()
    communes = {unit.code for unit in province.units if unit.kind == "commune"}
    people = _expected_in(province)
    months = []
    for number, cell in enumerate(province.cells()):
        course = GIVEN[number] if number in GIVEN else random.choices(list(Course), weights=(86, 7, 3, 4))[0]
        months.append(_cell(cell, course, people[cell.code], communes, random, turns))
    return months


def _expected_in(province: Province) -> dict[str, list[SampleMember]]:
    """Whom a cell may expect: its own members, and those of others who stay with it for a time."""
    people = province.members_of()
    for member in province.members:
        if member.host:
            people[member.host].append(member)
    return people


def expected_on(cell: SampleUnit, people: Sequence[SampleMember], on: date) -> int:
    """How many members the cell expects on a day (294-QĐ/TW)."""
    return sum(_expected(cell, member, on) for member in people)


def _expected(cell: SampleUnit, member: SampleMember, on: date) -> bool:
    covers = (member.status_from or date.min) <= on and (member.status_until is None or on <= member.status_until)
    if member.host == cell.code:
        return covers
    return member.joined_on <= on and (member.status is MemberStatus.ACTIVE or not covers)


def _cell(
    cell: SampleUnit,
    course: Course,
    people: Sequence[SampleMember],
    communes: set[str],
    random: Random,
    turns: _Turns,
) -> CellMonth:
    if course is Course.SILENT:
        return CellMonth(cell.code, course)
    if course is Course.NOT_HELD:
        return CellMonth(cell.code, course, reason=random.choice(NOT_HELD_REASONS))
    held = _held(cell, people, random, turns)
    if course is Course.HELD:
        return CellMonth(cell.code, course, held=held)
    entered_on = date(2026, 4, random.randint(20, 28))
    return CellMonth(cell.code, course, held=held, entered_on=entered_on, on_behalf=cell.parent in communes)


def _held(cell: SampleUnit, people: Sequence[SampleMember], random: Random, turns: _Turns) -> Held:
    starts_at = _starts_at(cell, random)
    expected = expected_on(cell, people, starts_at.date())
    absent, left_early = _absent(expected, random)
    came = expected - len(absent)
    thematic = random.random() < 0.4
    official = turns.officials.pop() if turns.officials else random.choices(list(Official), weights=(75, 12, 13))[0]
    return Held(
        starts_at=starts_at,
        minutes=_minutes(random, thematic=thematic),
        thematic=thematic,
        expected=expected,
        absences=absent,
        left_early=left_early,
        guests=random.choices((0, 1, 2, 3), weights=(5, 3, 1, 1))[0],
        speakers=round(came * random.uniform(0.25, 0.8)),
        superior_attended=random.random() < 0.55,
        documents=random.randint(1, 3),
        published_days_before=random.choices((0, 1, 2, 3), weights=(1, 4, 4, 2))[0],
        targets=random.randint(1, 4),
        against=random.choices((0, 1, 2), weights=(8, 1, 1))[0],
        lowered=_lowered(random),
        official=official,
        correction=_correction(absent, official, random, turns),
    )


def _starts_at(cell: SampleUnit, random: Random) -> datetime:
    """Villages meet in the evening, offices and schools in the afternoon."""
    day = date(2026, 3, random.choices(list(DAYS), weights=list(DAYS.values()))[0])
    if random.random() < 0.01:
        day = NEXT_MONTH
    evening = cell.cell_type is CellType.RESIDENTIAL
    hour, minute = random.choice(((19, 0), (19, 30), (20, 0)) if evening else ((14, 0), (15, 30), (16, 0)))
    return datetime.combine(day, time(hour, minute), tzinfo=VIETNAM)


def _minutes(random: Random, *, thematic: bool) -> int:
    """HD 42 asks for 90 minutes, 120 with a thematic part; one meeting in twelve is too short."""
    least = 120 if thematic else 90
    return random.randint(least - 35, least - 5) if random.random() < 0.08 else random.randint(least, least + 40)


def _absent(expected: int, random: Random) -> tuple[tuple[Absence, ...], tuple[int, ...]]:
    """Who stays away, and who leaves early: places in the roster, each in one of the two at most."""
    share = random.choices((0.0, 0.04, 0.08, 0.2), weights=(30, 40, 24, 6))[0]
    places = random.sample(range(expected), k=expected)
    away = round(expected * share)
    gone = 1 if expected > away + 3 and random.random() < 0.15 else 0
    return tuple(_absence(place, random) for place in sorted(places[:away])), tuple(places[away : away + gone])


def _absence(place: int, random: Random) -> Absence:
    kind = random.random()
    if kind < 0.8:
        return Absence(place, excused=True, reason=random.choice(EXCUSES))
    if kind < 0.92:
        return Absence(place, excused=False, reason="no_reason")
    return Absence(place, excused=None, reason=None)


def _lowered(random: Random) -> tuple[tuple[str, str], ...]:
    """Items of `samples/criteria/hd42-anphu-2025.json` that the cell itself does not give full marks."""
    items = ("3.1", "3.2", "3.4", "3.5", "4.1", "4.4", "4.6", "5.1", "5.3", "6.2", "8.1", "8.3")
    count = random.choices((0, 1, 2, 4, 7), weights=(35, 30, 20, 11, 4))[0]
    return tuple((item, "none") for item in sorted(random.sample(items, k=count)))


def _correction(absent: Sequence[Absence], official: Official, random: Random, turns: _Turns) -> Correction | None:
    """One of the mistakes that can have been made here: no wrong excuse where nobody was absent without one."""
    impossible = {
        Correction.EXCUSE: all(absence.excused for absence in absent),
        Correction.RATING: official is Official.AWAITING,
    }
    owed = [kind for kind in turns.corrections if not impossible.get(kind)]
    if owed:
        turns.corrections.remove(owed[0])
        return owed[0]
    possible = [kind for kind in Correction if not impossible.get(kind)]
    return random.choice(possible) if random.random() < 0.04 else None
