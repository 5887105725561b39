"""What the simulated services make of events: two projections, and a reaction with the product's own decider."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from services.attendance.aggregates import ROLL_CALL, roll_call_stream
from services.attendance.domain import roll_call
from services.attendance.domain.commands import Command, CompareRoster, Known, OpenCall
from services.attendance.domain.roster import Belonging, MemberPast, Roster, Spell, draw, row_of
from services.attendance.domain.state import RollCall
from shared.contracts import attendance, meetings, membership
from shared.contracts.attendance import Call
from shared.contracts.event import Event, EventTypes
from shared.contracts.membership import MemberStatus
from shared.eventstore import CommandHandler, Log, reaction_context
from shared.messaging.handler import NotYetKnown, Received
from tests.simulation.figures import Fact, Tables
from tests.simulation.schedule import Schedule

MemberFact = membership.MemberAdmitted | membership.MemberStatusChanged
TREE_FACTS = (membership.UnitRegistered, membership.UnitMoved, membership.UnitChangeWithdrawn)
FOREVER = date.max


class Past(MemberPast):
    """Never changed, so never copied."""

    __slots__ = ()

    def __deepcopy__(self, _: object) -> "Past":
        return self


class Broken(Exception):
    """A handler's bug, until it is repaired."""


@dataclass
class Process:
    """What a handler knows of the process that it runs in. `poison`: ids of events that it cannot take yet."""

    actor: str
    schedule: Schedule
    poison: set[UUID]


class Handler(ABC):
    """Stops before its effects and before the commit; fails on poison; keeps which positions it has applied."""

    name: str
    sources: tuple[str, ...]
    types: EventTypes

    def __init__(self, process: Process) -> None:
        self._process = process

    async def apply(self, tx: dict[Any, Any], batch: Sequence[Received]) -> None:
        actor, schedule = self._process.actor, self._process.schedule
        named = ", ".join(f"{received.recorded.log_id} {received.recorded.position}" for received in batch)
        await schedule.gate(actor, f"applies {named}")
        for received in batch:
            recorded = received.recorded
            if recorded.event_id in self._process.poison:
                raise Broken(f"cannot take {recorded.log_id} {recorded.position}")
            await self.take(tx, received)
            tx.setdefault(("applied", self.name, recorded.log_id, recorded.key), []).append(recorded.position)
        await schedule.gate(actor, f"is done with {named}")

    @abstractmethod
    async def take(self, tx: dict[Any, Any], received: Received) -> None:
        """One event into the tables."""

    def announces(self, received: Received) -> Iterable[str]:
        event = received.event
        return [unit_name(event.unit_id)] if isinstance(event, membership.UnitRegistered) else []


class Facts(Handler):
    """Reporting's projection. A meeting waits for its cell."""

    name = "reporting.facts"
    sources = ("membership", "meetings", "attendance")
    types = EventTypes(
        [
            *TREE_FACTS, meetings.MeetingScheduled, meetings.MeetingHeld, meetings.MeetingCorrected,
            meetings.DocumentPublished, meetings.OutcomeWithdrawn, meetings.MeetingWithdrawn,
            attendance.RosterDrawn, attendance.RollCallOpened, attendance.RosterDiscrepancyFound,
        ]
    )  # fmt: skip

    async def take(self, tx: dict[Any, Any], received: Received) -> None:
        tables, event, fact = Tables(tx), received.event, Fact.of(received.recorded)
        if isinstance(event, TREE_FACTS):
            tables.tree.append(fact)
            return
        if isinstance(event, meetings.MeetingScheduled | meetings.MeetingHeld):
            _wait_for(event.unit_id, {UUID(known.body["unit_id"]) for known in tables.tree})
        tables.take(fact)

    async def figures(self, tx: dict[Any, Any], batch: Sequence[Received]) -> Mapping[str, object]:  # noqa: ARG002
        return {f"{unit} {period}": dict(month) for (unit, period), month in Tables(tx).months.items()}


class Directory(Handler):
    """Attendance's projection: units, members' pasts, and the rosters that were drawn."""

    name = "attendance.directory"
    sources = ("membership", "attendance")
    types = EventTypes(
        [
            membership.UnitRegistered,
            membership.MemberAdmitted,
            membership.MemberStatusChanged,
            attendance.RosterDrawn,
        ]
    )

    async def take(self, tx: dict[Any, Any], received: Received) -> None:
        event, position = received.event, received.recorded.position
        match event:
            case membership.UnitRegistered():
                tx.setdefault("units", []).append(event.unit_id)
            case membership.MemberAdmitted() | membership.MemberStatusChanged():
                tx["pasts", event.member_id] = past_with(tx.get(("pasts", event.member_id)), event, position)
            case attendance.RosterDrawn():
                tx["drawn", event.meeting_id] = event.unit_id, event.held_on

    def announces(self, received: Received) -> Iterable[str]:
        return [*super().announces(received), event_name(received)]


class RollCalls(Handler):
    """Attendance's reaction: a roll call for each meeting held, a discrepancy for what is learned after its roster."""

    name = "attendance.roll-calls"
    sources = ("membership", "meetings", "attendance")
    types = EventTypes(
        [
            membership.MemberAdmitted,
            membership.MemberStatusChanged,
            meetings.MeetingHeld,
            attendance.RosterDrawn,
        ]
    )

    def __init__(self, process: Process, log: Log) -> None:
        super().__init__(process)
        self._roll_calls = CommandHandler(log, replace(ROLL_CALL, decider=replace(ROLL_CALL.decider, decide=decide)))

    async def take(self, tx: dict[Any, Any], received: Received) -> None:
        """It reads the directory's tables, so it waits until they have the very event that it answers."""
        event = received.event
        pasts, drawn = _table(tx, "pasts"), _table(tx, "drawn")
        match event:
            case meetings.MeetingHeld():
                _wait_for(event.unit_id, set(tx.get("units", ())))
                rows = draw(pasts, event.unit_id, event.held_on)
                roster = Roster(event.unit_id, event.period, event.held_on, _head(pasts), rows)
                await self._do(
                    received,
                    OpenCall(event.meeting_id, Call.START, event.sittings[0].started_at, roster),
                    event.unit_id,
                )
            case membership.MemberAdmitted() | membership.MemberStatusChanged():
                self._wait_for_directory(tx, received)
                for meeting, (unit, day) in drawn.items():
                    if since(event) <= day:
                        known = {event.member_id: _known(event.member_id, pasts[event.member_id], unit, day)}
                        await self._do(received, CompareRoster(meeting, known), unit)
            case attendance.RosterDrawn():
                self._wait_for_directory(tx, received)
                all_known = {
                    member: _known(member, past, event.unit_id, event.held_on) for member, past in pasts.items()
                }
                await self._do(received, CompareRoster(event.meeting_id, all_known), event.unit_id)

    def _wait_for_directory(self, tx: dict[Any, Any], received: Received) -> None:
        recorded = received.recorded
        if recorded.position not in tx.get(("applied", Directory.name, recorded.log_id, recorded.key), ()):
            raise NotYetKnown(event_name(received))

    async def _do(self, received: Received, command: Command, unit: UUID) -> None:
        context = reaction_context(self.name, received.recorded).part(str(command.meeting_id))
        await self._roll_calls.handle(
            command, stream=roll_call_stream(command.meeting_id), key=str(unit), context=context
        )


def decide(command: Command, state: RollCall) -> Sequence[Event]:
    """The product's decision, but a roll call is opened however often it is asked for: command ids alone prevent it."""
    return roll_call.decide(command, RollCall() if isinstance(command, OpenCall) else state)


def unit_name(unit: UUID) -> str:
    return f"unit:{unit}"


def event_name(received: Received) -> str:
    return f"event:{received.recorded.log_id}:{received.recorded.position}"


def since(fact: MemberFact) -> date:
    return fact.effective_on if isinstance(fact, membership.MemberAdmitted) else fact.valid_from


def past_with(past: Past | None, fact: MemberFact, position: int) -> Past:
    """The member's past with one more fact of it."""
    joined, spells = (tuple(past.belongings), tuple(past.spells)) if past else ((), ())
    if isinstance(fact, membership.MemberAdmitted):
        joined = (*joined, Belonging(position, fact.effective_on, fact.cell_id))
        spell = Spell(position, fact.effective_on, None, fact.standing, MemberStatus.ACTIVE)
    else:
        spell = Spell(position, fact.valid_from, fact.valid_until, fact.standing, fact.status)
    return Past(joined, (*spells, spell))


def _wait_for(unit: UUID, known: set[UUID]) -> None:
    if unit not in known:
        raise NotYetKnown(unit_name(unit), source="membership", key=membership.TREE_KEY)


def _table(tx: dict[Any, Any], name: str) -> dict[UUID, Any]:
    return {key[1]: value for key, value in tx.items() if key[0] == name}


def _known(member: UUID, past: MemberPast, unit: UUID, day: date) -> Known:
    return Known(_head({member: past}), row_of(member, past, unit, day))


def _head(pasts: Mapping[UUID, MemberPast]) -> int:
    return max((spell.position for past in pasts.values() for spell in past.spells), default=0)
