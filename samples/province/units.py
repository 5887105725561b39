"""The tree of the sample: cells right under a commune, under a grassroots committee, under a sub-committee.

Communes and wards are real (`vietnamadminunits`); everything below them, and the provincial blocks, are plausible.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from vietnamadminunits.database import get_data

from samples.province.model import SampleUnit
from samples.province.scale import Scale
from shared.contracts.fields import CellType

PROVINCE = "Tỉnh Hà Tĩnh"
ROOT = "42.000.000.000.000"  # 42: the province's administrative code
PARTY, GOVERNMENT, FORCES = 101, 102, 103  # the blocks' numbers, above those of 69 communes

HAMLETS = (
    "Đông Hòa", "Tây Sơn", "Nam Tiến", "Bắc Hà", "Trung Thành", "Tân Lập", "Phúc Lộc", "Yên Bình", "Thanh Sơn",
    "Hồng Lam", "Kim Sơn", "Vĩnh Phúc", "Hòa Bình", "Liên Minh", "Quang Trung", "Đại Đồng", "Xuân Phong", "Long Giang",
    "Mỹ Lâm", "Phú Quý", "Văn Sơn", "Hương Giang", "Sơn Hải", "Thượng Lĩnh", "Trường Xuân", "Ngọc Điền", "Lâm Khê",
    "Bình An",
)  # fmt: skip
SCHOOLS = ("Trường Mầm non", "Trường Tiểu học", "Trường THCS", "Trường THPT")
ENTERPRISES = ("Công ty Cổ phần Nông sản", "Hợp tác xã Dịch vụ", "Công ty TNHH Thủy sản", "Công ty Cổ phần Xây dựng")
DEPARTMENTS = (
    "Sở Nội vụ", "Sở Tài chính", "Sở Giáo dục và Đào tạo", "Sở Y tế", "Sở Nông nghiệp và Môi trường", "Sở Xây dựng",
    "Sở Công Thương", "Sở Tư pháp", "Sở Khoa học và Công nghệ", "Sở Văn hóa, Thể thao và Du lịch", "Thanh tra tỉnh",
    "Văn phòng Ủy ban nhân dân tỉnh",
)  # fmt: skip
PARTY_BODIES = (
    "Văn phòng Tỉnh ủy", "Ban Tổ chức Tỉnh ủy", "Ban Tuyên giáo và Dân vận Tỉnh ủy", "Ủy ban Kiểm tra Tỉnh ủy",
    "Ban Nội chính Tỉnh ủy", "Trường Chính trị Trần Phú", "Báo và Phát thanh, Truyền hình Hà Tĩnh",
    "Ủy ban Mặt trận Tổ quốc tỉnh",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Commune:
    name: str

    @property
    def is_ward(self) -> bool:
        return self.name.startswith("Phường")


def communes() -> list[Commune]:
    """The 69 communes and wards of Hà Tĩnh after 1 July 2025, in the order of their administrative codes."""
    rows = get_data(["province", "ward", "wardCode"])
    return [
        Commune(row["ward"]) for row in sorted(rows, key=lambda row: row["wardCode"]) if row["province"] == PROVINCE
    ]


def units(scale: Scale, random: Random) -> list[SampleUnit]:
    """The whole tree, parents first."""
    made = [SampleUnit(ROOT, "Đảng bộ tỉnh Hà Tĩnh", "province", None)]
    real = communes()
    chosen = real[:: len(real) // scale.communes][: scale.communes]  # spread over the province: wards and communes
    for number, (commune, cells) in enumerate(zip(chosen, _shares(scale, random), strict=True), start=1):
        made.extend(_commune(commune, number, cells))
    made.extend(_party_block(scale))
    made.extend(_government_block(scale))
    made.extend(_forces_block(scale))
    return made


def _shares(scale: Scale, random: Random) -> list[int]:
    """Cells of each commune: uneven, at least three, exactly `commune_cells` together."""
    spare = scale.commune_cells - 3 * scale.communes
    weights = [random.uniform(0.6, 1.4) for _ in range(scale.communes)]
    shares = [3 + int(spare * weight / sum(weights)) for weight in weights]
    for at in range(scale.commune_cells - sum(shares)):
        shares[at % scale.communes] += 1
    return shares


def code(block: int, grassroots: int = 0, sub: int = 0, cell: int = 0) -> str:
    """Codes of organisations as used in 2026: 14 digits, 000 where a level is absent."""
    return f"42.{block:03}.{grassroots:03}.{sub:03}.{cell:03}"


def _commune(commune: Commune, number: int, cells: int) -> Iterator[SampleUnit]:
    """Hamlets and street groups right under the commune, offices and schools beside them, some committees."""
    parent = code(number)
    yield SampleUnit(parent, f"Đảng bộ {commune.name.lower()[0]}{commune.name[1:]}", "commune", ROOT)
    committees = max(1, cells // 14) if cells > 3 else 0
    below = 3 if cells > 10 else 1
    for grassroots in range(1, committees + 1):
        yield from _enterprise(commune, number, grassroots, below)
    place = commune.name.split(" ", 1)[1]
    for cell in range(1, cells - committees * below + 1):
        name, cell_type = _commune_cell(commune, place, cell, cells)
        yield SampleUnit(code(number, cell=cell), f"Chi bộ {name}", "cell", parent, cell_type)
    # A grassroots organisation that is itself one cell stands beside them (report 000: 40 of 69).
    yield SampleUnit(
        code(number, 900, cell=1),
        f"Chi bộ cơ sở Quỹ Tín dụng nhân dân {place}",
        "grassroots_cell",
        parent,
        CellType.ENTERPRISE,
    )


def _commune_cell(commune: Commune, place: str, cell: int, cells: int) -> tuple[str, CellType]:
    if cell == 1:
        return f"Cơ quan Đảng, Mặt trận {place}", CellType.OFFICE
    if cell == 2 and cells > 5:
        return f"Quân sự {place}", CellType.ARMED_FORCES
    if cell % 6 == 0:
        turn = cell // 6 - 1
        name, again = SCHOOLS[turn % len(SCHOOLS)], turn // len(SCHOOLS)
        return f"{name} {place}{f' {again + 1}' if again else ''}", CellType.SCHOOL
    if commune.is_ward:
        return f"Tổ dân phố {cell - 1}", CellType.RESIDENTIAL
    name, again = HAMLETS[cell % len(HAMLETS)], cell // len(HAMLETS)
    return f"thôn {name}{f' {again + 1}' if again else ''}", CellType.RESIDENTIAL


def _enterprise(commune: Commune, number: int, grassroots: int, cells: int) -> Iterator[SampleUnit]:
    place = commune.name.split(" ", 1)[1]
    name = f"{ENTERPRISES[(number + grassroots) % len(ENTERPRISES)]} {place}"
    parent = code(number, grassroots)
    yield SampleUnit(parent, f"Đảng bộ cơ sở {name} {grassroots}", "grassroots_committee", code(number))
    for cell in range(1, cells + 1):
        yield SampleUnit(
            code(number, grassroots, cell=cell), f"Chi bộ {cell}, {name}", "cell", parent, CellType.ENTERPRISE
        )


def _party_block(scale: Scale) -> Iterator[SampleUnit]:
    """Single-cell grassroots organisations right under a block."""
    block = code(PARTY)
    yield SampleUnit(block, "Đảng bộ các cơ quan Đảng tỉnh", "block", ROOT)
    for number in range(1, scale.party_cells + 1):
        body, again = PARTY_BODIES[(number - 1) % len(PARTY_BODIES)], (number - 1) // len(PARTY_BODIES)
        name = f"Chi bộ cơ sở {body}{f' {again + 1}' if again else ''}"
        yield SampleUnit(code(PARTY, number, cell=1), name, "grassroots_cell", block, CellType.OFFICE)


def _government_block(scale: Scale) -> Iterator[SampleUnit]:
    """Grassroots committees with cells; the first has a sub-committee with half of its cells."""
    block = code(GOVERNMENT)
    yield SampleUnit(block, "Đảng bộ Ủy ban nhân dân tỉnh", "block", ROOT)
    for number in range(1, scale.departments + 1):
        name, again = DEPARTMENTS[(number - 1) % len(DEPARTMENTS)], (number - 1) // len(DEPARTMENTS)
        name = f"{name}{f', đơn vị {again + 1}' if again else ''}"
        committee, sub = code(GOVERNMENT, number), code(GOVERNMENT, number, 1)
        yield SampleUnit(committee, f"Đảng bộ {name}", "grassroots_committee", block)
        if number == 1:
            yield SampleUnit(sub, f"Đảng bộ bộ phận Khối đơn vị sự nghiệp, {name}", "sub_committee", committee)
        for cell in range(1, scale.department_cells + 1):
            in_sub = number == 1 and cell > scale.department_cells // 2
            own = code(GOVERNMENT, number, 1 if in_sub else 0, cell)
            parent = sub if in_sub else committee
            yield SampleUnit(own, f"Chi bộ Phòng chuyên môn {cell}, {name}", "cell", parent, CellType.OFFICE)


def _forces_block(scale: Scale) -> Iterator[SampleUnit]:
    block, committee = code(FORCES), code(FORCES, 1)
    yield SampleUnit(block, "Đảng bộ Quân sự tỉnh", "block", ROOT)
    yield SampleUnit(committee, "Đảng bộ cơ sở Trung đoàn 841", "grassroots_committee", block)
    for cell in range(1, scale.forces_cells + 1):
        yield SampleUnit(code(FORCES, 1, cell=cell), f"Chi bộ Đại đội {cell}", "cell", committee, CellType.ARMED_FORCES)
