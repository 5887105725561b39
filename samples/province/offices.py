"""Who holds which office, and who follows which cell: committees' members, and persons of provincial bodies."""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import cycle

from samples.province.model import Province, SampleAssignment, SampleMember, SampleOffice, SampleUnit
from samples.province.units import PARTY, code
from shared.contracts.fields import CellType
from shared.contracts.membership import AssignmentKind, OfficeRole

# One secretary in so many changed during the term: a token of the first one has to be refused.
CHANGED = 30
LAST_DAY, FIRST_DAY = date(2026, 1, 31), date(2026, 2, 1)


def offices(province: Province) -> Iterator[SampleOffice]:
    """Offices of every cell and committee. The first members of a cell are active officials."""
    people = province.members_of()
    for number, cell in enumerate(province.cells()):
        yield from _of_cell(cell, people[cell.code], changed=number % CHANGED == 3)
    leaders = _leaders(province, people)
    for unit in province.units:
        if not unit.is_cell:
            yield from _of_committee(unit, leaders[unit.code])


def _of_cell(cell: SampleUnit, members: Sequence[SampleMember], *, changed: bool) -> Iterator[SampleOffice]:
    secretary, deputy, third, fourth = (member.code for member in members[:4])
    if changed:
        yield SampleOffice(cell.code, OfficeRole.SECRETARY, fourth, valid_until=LAST_DAY)
        yield SampleOffice(cell.code, OfficeRole.SECRETARY, secretary, valid_from=FIRST_DAY)
    else:
        yield SampleOffice(cell.code, OfficeRole.SECRETARY, secretary)
    yield SampleOffice(cell.code, OfficeRole.DEPUTY_SECRETARY, deputy)
    if len(members) >= 9:  # a committee (chi ủy) of three
        yield SampleOffice(cell.code, OfficeRole.COMMITTEE_MEMBER, third)


def _leaders(province: Province, people: dict[str, list[SampleMember]]) -> dict[str, str]:
    """The secretary of each committee: a member of the first cell below it, another one at each level."""
    parents = {unit.code: unit.parent for unit in province.units}
    leaders: dict[str, str] = {}
    for cell in province.cells():
        at, place = parents[cell.code], 4
        while at is not None:
            leaders.setdefault(at, people[cell.code][place].code)
            at, place = parents[at], place + 1
    return leaders


def _of_committee(unit: SampleUnit, leader: str) -> Iterator[SampleOffice]:
    """A sub-committee decides no ratings, so it has no appraiser."""
    yield SampleOffice(unit.code, OfficeRole.SECRETARY, leader)
    if unit.kind == "province":
        yield SampleOffice(unit.code, OfficeRole.PROVINCE_BOARD, None)
    elif unit.kind != "sub_committee":
        yield SampleOffice(unit.code, OfficeRole.APPRAISER, None)
    if unit.kind == "commune":
        yield SampleOffice(unit.code, OfficeRole.COMMUNE_OFFICE, None)


def assignments(province: Province) -> Iterator[SampleAssignment]:
    """A note-taker in each cell; a follower for each, from the commune's office or from outside its whole subtree."""
    people = province.members_of()
    outside = cycle(_provincial(province, people))
    for number, cell in enumerate(province.cells()):
        yield SampleAssignment(AssignmentKind.NOTE_TAKER, people[cell.code][2].code, cell.code)
        near = _commune_office(cell, people)
        if cell.cell_type is CellType.RESIDENTIAL and number % 3 == 0:
            yield SampleAssignment(AssignmentKind.FOLLOWER, next(outside).code, cell.code)
        elif near and near[0].cell != cell.code:
            yield SampleAssignment(AssignmentKind.FOLLOWER, near[number % len(near)].code, cell.code)


def _provincial(province: Province, people: dict[str, list[SampleMember]]) -> list[SampleMember]:
    """Members of provincial party bodies: they follow hamlets far from any subtree of theirs (report 001)."""
    block = code(PARTY)
    return [person for unit in province.cells() if unit.parent == block for person in people[unit.code][:5]]


def _commune_office(cell: SampleUnit, people: dict[str, list[SampleMember]]) -> list[SampleMember]:
    block = int(cell.code.split(".")[1])
    return people.get(code(block, cell=1), [])[:5]
