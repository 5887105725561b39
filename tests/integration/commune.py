"""A small tree as membership would publish it: a province, a commune with two cells, and a sub-committee with one.

province (board)
  commune (appraiser, office)
    first cell (secretary; four members)        second cell (secretary)
  block
    sub-committee: decides no ratings
      far cell (secretary)
"""

from datetime import date
from uuid import UUID

from shared.contracts import membership as facts
from shared.contracts.event import Event
from shared.contracts.fields import CellType, TextRef
from shared.contracts.membership import OfficeRole, Standing
from shared.eventstore.log import Log
from shared.eventstore.memory import MemoryLog
from tests.integration.inprocess import bearer, record

SINCE = date(2025, 7, 1)

PROVINCE, COMMUNE, FIRST, SECOND, BLOCK, SUB, FAR = (UUID(int=0x100 + n) for n in range(7))
AN, BINH, CHI, DUNG = (UUID(int=0x200 + n) for n in range(4))
OFFICES = {
    "secretary": (UUID(int=0x301), FIRST, OfficeRole.SECRETARY),
    "deputy": (UUID(int=0x302), FIRST, OfficeRole.DEPUTY_SECRETARY),
    "second_secretary": (UUID(int=0x303), SECOND, OfficeRole.SECRETARY),
    "far_secretary": (UUID(int=0x304), FAR, OfficeRole.SECRETARY),
    "office": (UUID(int=0x305), COMMUNE, OfficeRole.COMMUNE_OFFICE),
    "appraiser": (UUID(int=0x306), COMMUNE, OfficeRole.SECRETARY),
    "sub_secretary": (UUID(int=0x307), SUB, OfficeRole.SECRETARY),
    "block_secretary": (UUID(int=0x308), BLOCK, OfficeRole.SECRETARY),
    "board": (UUID(int=0x309), PROVINCE, OfficeRole.PROVINCE_BOARD),
}

_KINDS = (("province", False, True), ("commune", False, True), ("sub", False, False), ("cell", True, False))
_UNITS = (
    (PROVINCE, "province", None),
    (COMMUNE, "commune", PROVINCE),
    (FIRST, "cell", COMMUNE),
    (SECOND, "cell", COMMUNE),
    (BLOCK, "commune", PROVINCE),
    (SUB, "sub", BLOCK),
    (FAR, "cell", SUB),
)


def as_(name: str) -> str:
    """The Authorization header of the office called `name`."""
    return bearer(office_id=OFFICES[name][0])


async def membership() -> MemoryLog:
    """Membership's log with the whole tree, its offices and the first cell's members."""
    log = MemoryLog("membership")
    await found(log)
    return log


async def found(log: Log) -> None:
    """Writes all of it into `log`."""
    await record(log, *_tree(), stream="tree", key=facts.TREE_KEY)
    for office_id, unit_id, role in OFFICES.values():
        office = facts.OfficeAssigned(office_id=office_id, unit_id=unit_id, role=role, member_id=None, valid_from=SINCE)
        await record(log, office, stream=f"office-{office_id}", key=facts.TREE_KEY)
    for member_id in (AN, BINH, CHI, DUNG):
        await admit(log, member_id, FIRST, Standing.PROBATIONARY if member_id == DUNG else Standing.OFFICIAL)


async def admit(log: Log, member_id: UUID, cell_id: UUID, standing: Standing = Standing.OFFICIAL) -> None:
    person = TextRef(text_id=member_id, sha256="0" * 64)
    await about(
        log,
        facts.MemberAdmitted(
            member_id=member_id, cell_id=cell_id, standing=standing, effective_on=SINCE, person=person
        ),
        member_id,
    )


async def about(log: Log, event: Event, member_id: UUID) -> None:
    """A fact about a member, under the member's key."""
    await record(log, event, stream=f"member-{member_id}", key=str(member_id))


def _tree() -> list[Event]:
    kinds = [
        facts.UnitKindDefined(kind=kind, name=kind, is_cell=is_cell, decides_ratings=decides, valid_from=SINCE)
        for kind, is_cell, decides in _KINDS
    ]
    units = [
        facts.UnitRegistered(
            unit_id=unit_id,
            kind=kind,
            name=f"Tổ chức {unit_id.int:x}",
            parent_id=parent_id,
            effective_on=SINCE,
            cell_type=CellType.RESIDENTIAL if kind == "cell" else None,
        )
        for unit_id, kind, parent_id in _UNITS
    ]
    return [*kinds, *units]
