"""Invented persons: names drawn from common Vietnamese ones, ages, standing and every status that there is."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from random import Random

from samples.province.model import FOUNDED, SampleMember, SampleUnit
from samples.province.scale import Scale
from shared.contracts.fields import CellType
from shared.contracts.membership import MemberStatus, Standing

SURNAMES = {
    "Nguyễn": 36, "Trần": 13, "Lê": 10, "Phan": 7, "Phạm": 6, "Hoàng": 5, "Võ": 4, "Đặng": 4, "Hồ": 3, "Bùi": 3,
    "Dương": 2, "Đinh": 2, "Thái": 2, "Hà": 1, "Trương": 1, "Đậu": 1, "Cao": 1, "Lương": 1,
}  # fmt: skip
MEN = ("Văn", "Đức", "Hữu", "Công", "Xuân", "Quốc", "Minh", "Đình", "Ngọc", "Trọng")
WOMEN = ("Thị", "Thị Thu", "Thị Minh", "Thị Ngọc", "Thị Thanh", "Thị Hồng", "Bích", "Thùy")
MEN_GIVEN = (
    "An", "Bình", "Chiến", "Cường", "Dũng", "Đạt", "Đồng", "Giang", "Hải", "Hiếu", "Hùng", "Khánh", "Lâm", "Long",
    "Mạnh", "Nam", "Phúc", "Quang", "Sơn", "Tâm", "Thành", "Thắng", "Tiến", "Toàn", "Trung", "Tuấn", "Việt", "Vinh",
)  # fmt: skip
WOMEN_GIVEN = (
    "Anh", "Chi", "Dung", "Hà", "Hạnh", "Hiền", "Hoa", "Hòa", "Hương", "Huyền", "Lan", "Liên", "Linh", "Loan", "Mai",
    "Nga", "Ngân", "Nhung", "Phương", "Quỳnh", "Tâm", "Thảo", "Thủy", "Trang", "Tuyết", "Vân", "Xuân", "Yến",
)  # fmt: skip
AGES = {
    CellType.RESIDENTIAL: (24, 86),
    CellType.OFFICE: (26, 60),
    CellType.SCHOOL: (25, 58),
    CellType.ENTERPRISE: (24, 58),
    CellType.ARMED_FORCES: (20, 48),
    CellType.STUDENTS: (19, 24),
}
# So many of each cell may hold an office of the cell, or of the committees above it.
LEADING = 7
# The day that the files describe.
TODAY = date(2026, 2, 25)
# Beside exemption for age: share of members, and how long it has lasted and will last, in days.
RARE = (
    (MemberStatus.TEMPORARY_ELSEWHERE, 0.015, (20, 80), (90, 200)),
    (MemberStatus.EXEMPT, 0.012, (10, 90), (60, 200)),
    (MemberStatus.IN_TRANSIT, 0.004, (5, 30), None),
    (MemberStatus.SUSPENDED, 0.002, (10, 60), (60, 90)),
)


def members(cells: Sequence[SampleUnit], scale: Scale, random: Random) -> Iterator[SampleMember]:
    """The members of all cells. Every rare status occurs at least once, whatever the scale."""
    codes = random.sample(range(1, 1_000_000), k=len(cells) * scale.members[1])
    number, owed = 0, [*(status for status, *_ in RARE), MemberStatus.SPECIAL_DUTY]
    for cell in cells:
        size = _size(cell, scale, random)
        for place in range(size):
            member = _person(cell, f"HT-{codes[number]:06}", random)
            number += 1
            # The first ones hold the offices and stay active; owed statuses go to the last ones.
            forced = owed.pop() if owed and place == size - 1 else None
            yield member if place < LEADING else _with_status(member, cell, cells, random, forced)


def _size(cell: SampleUnit, scale: Scale, random: Random) -> int:
    low, high = scale.members
    if cell.cell_type is CellType.RESIDENTIAL:
        return random.randint(low, high)
    return random.randint(max(LEADING + 1, low * 2 // 3), max(LEADING + 3, high * 3 // 4))


def _person(cell: SampleUnit, code: str, random: Random) -> SampleMember:
    woman = random.random() < 0.42
    surname = random.choices(list(SURNAMES), weights=list(SURNAMES.values()))[0]
    middle, given = random.choice(WOMEN if woman else MEN), random.choice(WOMEN_GIVEN if woman else MEN_GIVEN)
    youngest, oldest = AGES[cell.cell_type or CellType.OFFICE]
    born_on = TODAY - timedelta(days=round(random.triangular(youngest, oldest) * 365.25))
    joined_on = FOUNDED if random.random() < 0.9 else FOUNDED + timedelta(days=random.randint(10, 230))
    return SampleMember(code, f"{surname} {middle} {given}", born_on, cell.code, Standing.OFFICIAL, joined_on)


def _with_status(
    member: SampleMember,
    cell: SampleUnit,
    cells: Sequence[SampleUnit],
    random: Random,
    forced: MemberStatus | None,
) -> SampleMember:
    """The member's standing and status on the day of the files."""
    if _age(member) < 45 and random.random() < 0.08:
        member = replace(member, standing=Standing.PROBATIONARY)
    if forced is None and _age(member) >= 75 and random.random() < 0.55:
        return replace(member, status=MemberStatus.EXEMPT, status_from=_days(-300, -10, random))
    on_duty = forced is None and cell.cell_type is CellType.ARMED_FORCES and random.random() < 0.03
    if on_duty or forced is MemberStatus.SPECIAL_DUTY:
        since, until = _days(-20, -1, random), _days(20, 60, random)
        return replace(member, status=MemberStatus.SPECIAL_DUTY, status_from=since, status_until=until)
    for status, share, past, future in RARE:
        if forced is status or (forced is None and random.random() < share):
            return _rare(member, status, (past, future), cells, random)
    return member


def _rare(
    member: SampleMember,
    status: MemberStatus,
    days: tuple[tuple[int, int], tuple[int, int] | None],
    cells: Sequence[SampleUnit],
    random: Random,
) -> SampleMember:
    past, future = days
    host = None
    if status is MemberStatus.TEMPORARY_ELSEWHERE:
        host = random.choice([cell.code for cell in cells if cell.code != member.cell])
    return replace(
        member,
        status=status,
        status_from=_days(-past[1], -past[0], random),
        status_until=_days(*future, random) if future else None,
        host=host,
    )


def _age(member: SampleMember) -> float:
    return (TODAY - member.born_on).days / 365.25


def _days(earliest: int, latest: int, random: Random) -> date:
    return TODAY + timedelta(days=random.randint(earliest, latest))
