"""Who acts in the demo: the province's cells with the tokens of those who may write for them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from samples.demo.door import Door
from shared.contracts.membership import AssignmentKind, OfficeRole
from shared.web.issuer import DemoIssuer
from shared.web.roles import Role

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
    """`tokens`: one per role, all around one cell, for people who try the demo by hand."""

    province: UUID
    province_name: str
    board: str
    cells: Mapping[str, Cell]
    tokens: Mapping[str, str]


def client_tokens(issuer: DemoIssuer) -> dict[str, str]:
    """Of the registered machine and operator: they exist before anybody is imported."""
    return {
        Role.INTEGRATOR: issuer.for_client(INTEGRATOR, seconds=HOURS),
        Role.OPERATOR: issuer.for_client(OPERATOR, seconds=HOURS),
    }


async def cast(door: Door, issuer: DemoIssuer, position: str) -> Cast:
    """Reads units, offices and assignments as the integrator, and signs a token for each office that acts."""
    clients = client_tokens(issuer)
    integrator = clients[Role.INTEGRATOR]
    units = await door.read("/membership/units", integrator)
    offices: dict[str, dict[str, Mapping[str, Any]]] = {}
    for office in await door.read("/membership/offices", integrator, at_least=position):
        offices.setdefault(office["unit_id"], {}).setdefault(office["role"], office)
    assigned: dict[str, dict[str, str]] = {}
    for given in await door.read("/membership/assignments", integrator, at_least=position):
        assigned.setdefault(given["unit_id"], {}).setdefault(given["kind"], given["member_id"])
    known = _Known({unit["unit_id"]: unit for unit in units}, offices, assigned, issuer)
    root = next(unit for unit in units if unit["parent_id"] is None)
    cells = {cell.code: cell for cell in (known.cell(unit) for unit in units if unit["is_cell"])}
    board = known.token(root["unit_id"], OfficeRole.PROVINCE_BOARD)
    shown = max((known.tokens_around(cell) for cell in cells.values()), key=len)
    return Cast(UUID(root["unit_id"]), root["name"], board, cells, {**shown, Role.PROVINCE_BOARD: board, **clients})


@dataclass(frozen=True, slots=True)
class _Known:
    """`offices`: by unit and role. `assigned`: the member, by unit and kind of assignment."""

    units: Mapping[str, Mapping[str, Any]]
    offices: Mapping[str, Mapping[str, Mapping[str, Any]]]
    assigned: Mapping[str, Mapping[str, str]]
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
        return self.issuer.for_office(office["office_id"], seconds=HOURS)

    def tokens_around(self, cell: Cell) -> dict[str, str]:
        """By role, of those around the cell that exist. Its deputy secretary signs in as a plain member too."""
        unit_id = str(cell.unit_id)
        offices, assigned = self.offices[unit_id], self.assigned.get(unit_id, {})
        found: dict[str, str] = {Role.SECRETARY: cell.secretary, Role.APPRAISER: cell.appraiser}
        if cell.commune_office:
            found[Role.COMMUNE_OFFICE] = cell.commune_office
        if OfficeRole.COMMITTEE_MEMBER in offices:
            found[Role.CELL_COMMITTEE] = self.token(unit_id, OfficeRole.COMMITTEE_MEMBER)
        people = {
            Role.MEMBER: offices.get(OfficeRole.DEPUTY_SECRETARY, {}).get("member_id"),
            Role.NOTE_TAKER: assigned.get(AssignmentKind.NOTE_TAKER),
            Role.FOLLOWER: assigned.get(AssignmentKind.FOLLOWER),
        }
        return {**found, **{role: self.issuer.for_member(who, seconds=HOURS) for role, who in people.items() if who}}

    def _above(self, unit: Mapping[str, Any]) -> Iterable[str]:
        at = unit["parent_id"]
        while at is not None:
            yield at
            at = self.units[at]["parent_id"]
