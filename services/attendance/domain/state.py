"""What a roll call's past says: the state that decisions are made from, and how each event changes it."""

from dataclasses import dataclass, field, replace
from datetime import date
from uuid import UUID

from immutables import Map

from shared.contracts import attendance as events
from shared.contracts.attendance import Call, RosterRow
from shared.contracts.event import Event


@dataclass(frozen=True, slots=True)
class Drawn:
    """For whom and for which day the roster was drawn."""

    unit_id: UUID
    held_on: date


@dataclass(frozen=True, slots=True)
class RollCall:
    """`calls`: True while open, False once closed. `present`: per member, the (sitting, call) pairs checked in.

    `known`: up to which position of membership's log a discrepancy or an amendment knew of a member.
    """

    drawn: Drawn | None = None
    rows: Map[UUID, RosterRow] = field(default_factory=Map)
    calls: Map[Call, bool] = field(default_factory=Map)
    present: Map[UUID, frozenset[tuple[UUID, Call]]] = field(default_factory=Map)
    left: frozenset[tuple[UUID, UUID]] = frozenset()
    absences: Map[UUID, events.AbsenceExplained] = field(default_factory=Map)
    guests: int | None = None
    discrepancies: Map[UUID, events.RosterDiscrepancyFound] = field(default_factory=Map)
    known: Map[UUID, int] = field(default_factory=Map)

    def expected_row(self, member_id: UUID) -> RosterRow | None:
        """What membership is known to say about the member: an open discrepancy, else the roster's own row."""
        found = self.discrepancies.get(member_id)
        return found.row if found else self.rows.get(member_id)

    def checked_in(self, member_id: UUID) -> frozenset[tuple[UUID, Call]]:
        return self.present.get(member_id, frozenset())


def evolve(state: RollCall, event: Event) -> RollCall:  # noqa: C901, PLR0912 - one arm per event
    match event:
        case events.RosterDrawn():
            rows = Map({row.member_id: row for row in event.rows})
            drawn = Drawn(event.unit_id, event.held_on)
            return replace(state, drawn=drawn, rows=rows, discrepancies=Map(), known=Map())
        case events.RollCallOpened():
            return replace(state, calls=state.calls.set(event.call, True))
        case events.RollCallClosed():
            return replace(state, calls=state.calls.set(event.call, False))
        case events.MemberCheckedIn():
            came = state.checked_in(event.member_id) | {(event.sitting_id, event.call)}
            return replace(state, present=state.present.set(event.member_id, came))
        case events.CheckInWithdrawn():
            came = state.checked_in(event.member_id) - {(event.sitting_id, event.call)}
            return replace(state, present=state.present.set(event.member_id, came))
        case events.MemberLeft():
            return replace(state, left=state.left | {(event.member_id, event.sitting_id)})
        case events.DepartureWithdrawn():
            return replace(state, left=state.left - {(event.member_id, event.sitting_id)})
        case events.AbsenceExplained():
            return replace(state, absences=state.absences.set(event.member_id, event))
        case events.AbsenceWithdrawn():
            return replace(state, absences=state.absences.delete(event.member_id))
        case events.GuestsCounted():
            return replace(state, guests=event.guests)
        case events.RosterDiscrepancyFound():
            return _found(state, event)
        case events.RosterAmended():
            return _amended(state, event)
        case _:
            return state


def _found(state: RollCall, event: events.RosterDiscrepancyFound) -> RollCall:
    member, left_open = event.member_id, state.discrepancies
    takes_back = event.row == state.rows.get(member)
    left_open = left_open.delete(member) if takes_back else left_open.set(member, event)
    return replace(state, discrepancies=left_open, known=state.known.set(member, event.membership_position))


def _amended(state: RollCall, event: events.RosterAmended) -> RollCall:
    removed = set(event.removed)
    rows = Map({member: row for member, row in state.rows.items() if member not in removed})
    rows = rows.update({row.member_id: row for row in event.rows})
    touched = removed | {row.member_id for row in event.rows}
    left_open = Map({member: found for member, found in state.discrepancies.items() if member not in touched})
    known = state.known.update(dict.fromkeys(touched, event.membership_position))
    return replace(state, rows=rows, discrepancies=left_open, known=known)
