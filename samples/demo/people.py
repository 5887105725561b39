"""Who acts in the demo: the province's cells with the tokens of those who may write for them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from samples.demo.door import Door
from shared.contracts.membership import OfficeRole
from shared.web.issuer import DemoIssuer

INTEGRATOR, OPERATOR = "demo-integrator", "demo-operator"
HOURS = 12 * 3600


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell, who writes for it, and who decides its rating (the nearest committee with an appraiser)."""

    unit_id: UUID
    code: str
    name: str
    secretary: str
    appraiser: str
    commune_office: str | None
    has_committee: bool


@dataclass(frozen=True, slots=True)
class Cast:
    """`tokens`: one per role, for people who try the demo by hand."""

    province: UUID
    province_name: str
    board: str
    cells: Mapping[str, Cell]
    tokens: Mapping[str, str]


async def cast(door: Door, issuer: DemoIssuer, position: str) -> Cast:
    """Reads units and offices as the integrator, and signs a token for each office that acts."""
    integrator = issuer.for_client(INTEGRATOR, seconds=HOURS)
    units = await door.read("/membership/units", integrator)
    offices = await door.read("/membership/offices", integrator, at_least=position)
    by_unit: dict[str, dict[str, str]] = {}
    for office in offices:
        by_unit.setdefault(office["unit_id"], {}).setdefault(office["role"], office["office_id"])
    known = _Known({unit["unit_id"]: unit for unit in units}, by_unit, issuer)
    root = next(unit for unit in units if unit["parent_id"] is None)
    cells = {cell.code: cell for cell in (known.cell(unit) for unit in units if unit["is_cell"])}
    board = known.token(root["unit_id"], OfficeRole.PROVINCE_BOARD)
    return Cast(UUID(root["unit_id"]), root["name"], board, cells, _tokens(cells.values(), board, issuer))


@dataclass(frozen=True, slots=True)
class _Known:
    units: Mapping[str, Mapping[str, Any]]
    offices: Mapping[str, Mapping[str, str]]
    issuer: DemoIssuer

    def cell(self, unit: Mapping[str, Any]) -> Cell:
        above = list(self._above(unit))
        office = next((top for top in above if OfficeRole.COMMUNE_OFFICE in self.offices.get(top, {})), None)
        appraising = next(
            top for top in above if {OfficeRole.APPRAISER, OfficeRole.PROVINCE_BOARD} & set(self.offices.get(top, {}))
        )
        roles = self.offices[unit["unit_id"]]
        return Cell(
            unit_id=UUID(unit["unit_id"]),
            code=next(iter(unit["codes"].values())),
            name=unit["name"],
            secretary=self.token(unit["unit_id"], OfficeRole.SECRETARY),
            appraiser=self.token(appraising, OfficeRole.APPRAISER, OfficeRole.PROVINCE_BOARD),
            commune_office=self.token(office, OfficeRole.COMMUNE_OFFICE) if office else None,
            has_committee=OfficeRole.DEPUTY_SECRETARY in roles or OfficeRole.COMMITTEE_MEMBER in roles,
        )

    def token(self, unit_id: str, *roles: OfficeRole) -> str:
        office = next(self.offices[unit_id][role] for role in roles if role in self.offices[unit_id])
        return self.issuer.for_office(office, seconds=HOURS)

    def _above(self, unit: Mapping[str, Any]) -> Iterable[str]:
        at = unit["parent_id"]
        while at is not None:
            yield at
            at = self.units[at]["parent_id"]


def _tokens(cells: Iterable[Cell], board: str, issuer: DemoIssuer) -> dict[str, str]:
    first = next(cell for cell in cells if cell.commune_office)
    return {
        "province_board": board,
        "secretary": first.secretary,
        "appraiser": first.appraiser,
        "commune_office": first.commune_office or "",
        "integrator": issuer.for_client(INTEGRATOR, seconds=HOURS),
        "operator": issuer.for_client(OPERATOR, seconds=HOURS),
    }
