"""Compares a file of members with what the log says of each. A member who is not in the file is not touched."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache, partial
from uuid import UUID

from services.membership.domain import member as domain
from services.membership.domain.errors import Refused
from services.membership.domain.member import MEMBER, Member
from services.membership.domain.member_commands import (
    AdmitMember,
    AliasMember,
    ChangeStatus,
    CorrectPerson,
    MemberCommand,
    TransferMember,
)
from services.membership.domain.tree_state import Tree
from services.membership.imports.fields import Problem
from services.membership.imports.identity import KnownMember, Person
from services.membership.imports.plan import Change, Outcome, Plan, unique
from services.membership.imports.rows import MemberRow
from services.membership.imports.unit_plan import FileDay
from shared.contracts.membership import MemberStatus
from shared.decider import together
from shared.eventstore.log import Text

MEMBERS = together(MEMBER)
PERSON, CODE = "person", "member_code"  # kinds of erasable texts


@dataclass(slots=True)
class _Wanted:
    """What one row asks for: field, command, and the text that the command's event refers to."""

    steps: list[tuple[str, MemberCommand, Text | None]] = field(default_factory=list)

    def add(self, name: str, command: MemberCommand, text: Text | None = None) -> None:
        self.steps.append((name, command, text))


@dataclass(frozen=True, slots=True)
class _Cells:
    cell_id: UUID
    host_cell_id: UUID | None


@dataclass(frozen=True, slots=True)
class _Named:
    """The unit that a code names, and why no member can belong to it."""

    unit_id: UUID | None
    problem: str = ""


def subject(member_id: UUID) -> str:
    """Whose texts they are: erasing the subject erases them all."""
    return f"member:{member_id}"


def plan_members(
    rows: Iterable[MemberRow],
    tree: Tree,
    known: Mapping[str, KnownMember],
    day: FileDay,
    new_id: Callable[[], UUID],
    problems: Sequence[Problem] = (),
) -> Plan[MemberCommand]:
    """`known`: by outer code. `new_id` gives the random ids of new members and of texts."""
    plan: Plan[MemberCommand] = Plan(problems=list(problems))
    known_cell = cache(partial(_cell_of_code, tree, day))  # a cell is named by every row of its members
    for row in unique(rows, plan.problems):
        cells = _cells(row, known_cell, plan)
        if cells is None:
            continue
        person = known.get(row.code) or KnownMember(new_id())
        wanted = (
            _new(row, person, cells, day, new_id)
            if not person.member.cells
            else _known(row, person, cells, day, new_id)
        )
        try:
            plan.add(_real(row, person, wanted))
        except Refused as error:
            plan.refuse(row.row, error)
    return plan


def _cells(row: MemberRow, known_cell: Callable[[str], _Named], plan: Plan[MemberCommand]) -> _Cells | None:
    home = _cell(row.row, "cell", row.cell, known_cell(row.cell), plan)
    host = _cell(row.row, "host", row.host, known_cell(row.host), plan) if row.host else None
    if home is None or (row.host and host is None):
        return None
    return _Cells(home, host)


def _cell_of_code(tree: Tree, day: FileDay, code: str) -> _Named:
    unit = tree.unit_of_code(day.system, code, day.as_of)
    if unit is None:
        return _Named(None, f"Không có chi bộ mã '{code}' tại ngày {day.as_of:%d/%m/%Y}.")
    if not tree.is_cell(unit, day.as_of):
        return _Named(unit.unit_id, f"'{unit.name_on(day.as_of)}' không phải chi bộ.")
    return _Named(unit.unit_id)


def _cell(row: int, name: str, code: str, named: _Named, plan: Plan[MemberCommand]) -> UUID | None:
    if named.unit_id is None:
        plan.miss(row, name, code, named.problem)
    elif named.problem:
        plan.problems.append(Problem(row, name, named.problem))
    return None if named.problem else named.unit_id


def _new(row: MemberRow, known: KnownMember, cells: _Cells, day: FileDay, new_id: Callable[[], UUID]) -> _Wanted:
    wanted = _Wanted()
    person = _text(known.member_id, PERSON, Person(row.name, row.born_on).to_text(), new_id())
    code = _text(known.member_id, CODE, row.code, new_id())
    wanted.add("", AdmitMember(known.member_id, cells.cell_id, row.standing, row.joined_on, person.ref), person)
    wanted.add("", AliasMember(known.member_id, day.system, code.ref, row.joined_on), code)
    wanted.add("", _status(row, known.member_id, cells, row.status_from or _today(row, day)))
    return wanted


def _known(row: MemberRow, known: KnownMember, cells: _Cells, day: FileDay, new_id: Callable[[], UUID]) -> _Wanted:
    wanted = _Wanted()
    born_on = known.person.born_on if known.person and "born_on" in row.unsaid else row.born_on
    person = Person(row.name, born_on)
    if known.person is not None and known.person != person:
        text = _text(known.member_id, PERSON, person.to_text(), new_id())
        wanted.add("name", CorrectPerson(known.member_id, text.ref), text)
    departs = row.status is MemberStatus.DEPARTED
    if not departs and known.member.cell_on(_today(row, day)) != cells.cell_id:
        since = known.member.cells[-1].valid_from
        moved_on = row.joined_on if row.joined_on > since else day.as_of
        wanted.add("cell", TransferMember(known.member_id, cells.cell_id, moved_on))
    wanted.add("status", _known_status(row, known, cells, day))
    return wanted


def _known_status(row: MemberRow, known: KnownMember, cells: _Cells, day: FileDay) -> ChangeStatus:
    """What the row says; without a column for the status, the one that holds. Who is listed has not departed."""
    today = _today(row, day)
    held = known.member.stay_on(today)
    if held is None or "status" not in row.unsaid or held.status is MemberStatus.DEPARTED:
        row, cells = _with_unsaid(row, known.member, cells, day)
        return _status(row, known.member_id, cells, _status_day(row, known.member, cells, day))
    return ChangeStatus(known.member_id, row.standing, held.status, today, held.valid_until, held.host_cell_id)


def _with_unsaid(row: MemberRow, member: Member, cells: _Cells, day: FileDay) -> tuple[MemberRow, _Cells]:
    """End and host that have no column stay those of the status, if the row's is the same and has not ended before."""
    today = _today(row, day)
    since = row.status_from or today
    last = max(since, today)
    for held in (member.stay_on(since), member.stay_on(today)):
        if held and held.status is row.status and (held.valid_until is None or held.valid_until >= last):
            until = held.valid_until if "status_until" in row.unsaid else row.status_until
            host = held.host_cell_id if "host" in row.unsaid else cells.host_cell_id
            if "host" in row.unsaid and host == cells.cell_id:
                host = None  # they moved to where they stayed
            return replace(row, status_until=until), replace(cells, host_cell_id=host)
    return row, cells


def _today(row: MemberRow, day: FileDay) -> date:
    """The file's day; for someone who joins later, the first day in the cell."""
    return max(day.as_of, row.joined_on)


def _status_day(row: MemberRow, member: Member, cells: _Cells, day: FileDay) -> date:
    """Since when the row's status holds. If only the standing is another one, that is new since the file's day."""
    if row.status_from is None:
        return _today(row, day)
    held = member.stay_on(row.status_from)
    said = (row.status, row.status_until, cells.host_cell_id)
    if held and (held.status, held.valid_until, held.host_cell_id) == said and held.standing != row.standing:
        return max(row.status_from, _today(row, day))
    return row.status_from


def _status(row: MemberRow, member_id: UUID, cells: _Cells, since: date) -> ChangeStatus:
    return ChangeStatus(member_id, row.standing, row.status, since, row.status_until, cells.host_cell_id)


def _text(member_id: UUID, kind: str, body: str, text_id: UUID) -> Text:
    return Text.of(body, subject=subject(member_id), kind=kind, text_id=text_id)


def _real(row: MemberRow, known: KnownMember, wanted: _Wanted) -> Change[MemberCommand]:
    """The steps that change something, each decided after the ones before it."""
    member, steps = known.member, []
    for name, command, text in wanted.steps:
        events = MEMBER.decide(command, member)
        member = MEMBER.fold(events, member)
        if events:
            steps.append((name, command, text))
    return Change(
        row=row.row,
        outcome=_outcome(row, known, [name for name, _, _ in steps]),
        fields=tuple(name for name, _, _ in steps if name),
        stream=domain.stream(known.member_id),
        key=str(known.member_id),
        commands=tuple(command for _, command, _ in steps),
        texts=tuple(text for _, _, text in steps if text),
    )


def _outcome(row: MemberRow, known: KnownMember, fields: Sequence[str]) -> Outcome:
    if row.status is MemberStatus.DEPARTED and "status" in fields:
        return Outcome.ENDED
    return Outcome.CHANGED if known.member.cells else Outcome.NEW
