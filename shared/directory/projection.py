"""Membership's events into the directory's tables. Emits nothing and rejects nothing."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from shared.contracts import membership as facts
from shared.contracts.envelope import RecordedEvent
from shared.contracts.event import Event, EventTypes
from shared.directory.directory import SQL
from shared.messaging.handler import Received, Tx

TYPES = EventTypes(
    [
        facts.UnitKindDefined,
        facts.UnitRegistered,
        facts.UnitMoved,
        facts.UnitRenamed,
        facts.UnitsMerged,
        facts.UnitDissolved,
        facts.UnitChangeWithdrawn,
        facts.OfficeAssigned,
        facts.OfficeEnded,
        facts.OfficeWithdrawn,
        facts.AssignmentGiven,
        facts.AssignmentEnded,
        facts.AssignmentWithdrawn,
        facts.MemberAdmitted,
        facts.MemberTransferred,
        facts.MemberStatusChanged,
        facts.MemberChangeWithdrawn,
    ]
)

# Rows of one batch are written statement by statement, so that an import of a province takes seconds. What a later
# statement changes, an earlier one has written; the position in each row decides between events of the same thing.
STATEMENTS = (
    "define_kind",
    "register_unit",
    "add_unit_version",
    "withdraw_unit_version",
    "assign_office",
    "end_office",
    "withdraw_office",
    "give_assignment",
    "end_assignment",
    "withdraw_assignment",
    "place_member",
    "withdraw_member_cell",
)

Change = tuple[str, dict[str, Any]]


class DirectoryHandler:
    """The consumer "directory" of every service."""

    name = "directory"
    sources: tuple[str, ...] = ("membership",)
    types = TYPES

    async def apply(self, tx: Tx, batch: Sequence[Received]) -> None:
        rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for received in batch:
            for statement, values in changes(received.event, received.recorded):
                rows[statement].append(values)
        for statement in STATEMENTS:
            if rows[statement]:
                await getattr(SQL, statement)(tx, rows[statement])

    def announces(self, received: Received) -> Iterable[str]:
        """A unit, office or member that commands and events may name from now on."""
        match received.event:
            case facts.UnitRegistered(unit_id=unit_id):
                yield f"unit:{unit_id}"
            case facts.OfficeAssigned(office_id=office_id):
                yield f"office:{office_id}"
            case facts.MemberAdmitted(member_id=member_id):
                yield f"member:{member_id}"


def changes(event: Event, recorded: RecordedEvent) -> Iterator[Change]:
    """What one event writes: names of statements in `sql/queries.sql` with their values."""
    at = {"position": recorded.position}
    match event:
        case facts.UnitKindDefined():
            yield "define_kind", at | event.model_dump()
        case facts.UnitChangeWithdrawn():
            yield "withdraw_unit_version", at | {"event_id": event.withdrawn_event_id}
        case facts.MemberChangeWithdrawn():
            yield "withdraw_member_cell", at | {"event_id": event.withdrawn_event_id}
        case facts.MemberAdmitted() | facts.MemberTransferred() | facts.MemberStatusChanged():
            yield from _member_changes(event, at | {"event_id": recorded.event_id})
        case facts.OfficeAssigned() | facts.OfficeEnded() | facts.OfficeWithdrawn():
            yield from _tenure_changes(event, at)
        case facts.AssignmentGiven() | facts.AssignmentEnded() | facts.AssignmentWithdrawn():
            yield from _tenure_changes(event, at)
        case _:
            yield from _unit_changes(event, at | {"event_id": recorded.event_id})


def _tenure_changes(event: Event, at: dict[str, Any]) -> Iterator[Change]:
    match event:
        case facts.OfficeAssigned():
            yield "assign_office", at | event.model_dump()
        case facts.OfficeEnded():
            yield "end_office", at | {"office_id": event.office_id, "valid_until": event.ended_on}
        case facts.OfficeWithdrawn():
            yield "withdraw_office", at | {"office_id": event.office_id}
        case facts.AssignmentGiven():
            yield "give_assignment", at | event.model_dump()
        case facts.AssignmentEnded():
            yield "end_assignment", at | {"assignment_id": event.assignment_id, "valid_until": event.ended_on}
        case facts.AssignmentWithdrawn():
            yield "withdraw_assignment", at | {"assignment_id": event.assignment_id}


def _member_changes(event: Event, by: dict[str, Any]) -> Iterator[Change]:
    match event:
        case facts.MemberAdmitted(member_id=member_id, cell_id=cell_id, effective_on=day):
            yield "place_member", by | {"member_id": member_id, "cell_id": cell_id, "valid_from": day}
        case facts.MemberTransferred(member_id=member_id, to_cell_id=cell_id, effective_on=day):
            yield "place_member", by | {"member_id": member_id, "cell_id": cell_id, "valid_from": day}
        case facts.MemberStatusChanged(member_id=member_id, status=facts.MemberStatus.DEPARTED, valid_from=day):
            yield "place_member", by | {"member_id": member_id, "cell_id": None, "valid_from": day}


def _unit_changes(event: Event, by: dict[str, Any]) -> Iterator[Change]:
    match event:
        case facts.UnitRegistered(unit_id=unit_id, effective_on=day):
            yield "register_unit", {"unit_id": unit_id, "position": by["position"]}
            said = event.model_dump(include={"name", "kind", "cell_type", "parent_id"})
            yield _version(by, unit_id, day, **said)
        case facts.UnitMoved(unit_id=unit_id, effective_on=day):
            yield _version(by, unit_id, day, parent_id=event.parent_id)
        case facts.UnitRenamed(unit_id=unit_id, effective_on=day):
            yield _version(by, unit_id, day, name=event.name)
        case facts.UnitDissolved(unit_id=unit_id, effective_on=day):
            yield _version(by, unit_id, day, ended=True)
        case facts.UnitsMerged(merged=merged, into=into, effective_on=day):
            for unit_id in merged:
                yield _version(by, unit_id, day, ended=True, successor_id=into)


def _version(by: dict[str, Any], unit_id: UUID, valid_from: date, **said: object) -> Change:
    unsaid = dict.fromkeys(("name", "kind", "cell_type", "parent_id", "successor_id"))
    return "add_unit_version", {**by, "unit_id": unit_id, "valid_from": valid_from, **unsaid, "ended": False, **said}
