"""How large a sample is. Every scale has every shape: only the numbers differ.

Published for Hà Tĩnh in 2023: 4,131 cells under grassroots committees, nearly 100,000 members;
single-cell grassroots organisations come on top. Hà Tĩnh after 1 July 2025 has 69 communes and wards.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """`commune_cells` is the total over all communes; `members` is the range of members in a hamlet's cell."""

    communes: int
    commune_cells: int
    party_cells: int
    departments: int
    department_cells: int
    forces_cells: int
    members: tuple[int, int]


SCALES = {
    # 12 cells with about 130 members
    "small": Scale(2, 7, 1, 1, 2, 1, members=(9, 14)),
    # about 200 cells with about 5,000 members
    "default": Scale(8, 160, 12, 4, 5, 6, members=(17, 40)),
    # 3,711 + 60 * 6 + 60 = 4,131 cells that are no organisations by themselves, and 217 that are
    "full": Scale(69, 3711, 148, 60, 6, 60, members=(15, 37)),
}
