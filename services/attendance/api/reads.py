"""Reading a roll call from its stream: every row of the roster with what is recorded about it."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from services.attendance.aggregates import ROLL_CALL, roll_call_stream
from services.attendance.api.said import Said
from services.attendance.domain.errors import RollCallUnknown
from services.attendance.domain.state import RollCall
from shared.contracts.attendance import AbsenceExplained, Call, RosterRow
from shared.eventstore.texts import read_texts
from shared.service import Runtime, runtime
from shared.web.access import READ, Caller, Role

router = APIRouter(tags=["reads"])

# A reason may speak of somebody's health: it is for those who run this cell (true), and the office that acts for it.
SEES_NOTES = {
    (Role.SECRETARY, True),
    (Role.NOTE_TAKER, True),
    (Role.CELL_COMMITTEE, True),
    (Role.COMMUNE_OFFICE, False),
}


class CheckedIn(BaseModel):
    sitting_id: UUID
    call: Call


class AbsenceView(BaseModel):
    """`reason` and `note` are null if they were erased, or the caller is not among those who may see them."""

    excused: bool
    reason: str | None
    note: str | None


class DiscrepancyView(BaseModel):
    """What membership says since the roster was drawn; `row` is null if the member would not be on it."""

    membership_position: int
    row: RosterRow | None


class RowView(BaseModel):
    """A member. `row` is null for one whom only a discrepancy names."""

    member_id: UUID
    row: RosterRow | None
    checked_in: list[CheckedIn]
    left: list[UUID]
    absence: AbsenceView | None
    discrepancy: DiscrepancyView | None


class RollCallView(BaseModel):
    """`calls`: per roll call, "open" or "closed"; a call that was never opened is missing."""

    meeting_id: UUID
    version: int
    unit_id: UUID
    held_on: date
    calls: dict[Call, str]
    guests: int | None
    rows: list[RowView]


@router.get("/roll-calls/{meeting_id}")
async def roll_call(
    meeting_id: UUID, caller: Annotated[Caller, READ], running: Annotated[Runtime, Depends(runtime)]
) -> RollCallView:
    """The roster of a meeting with check-ins, absences and open discrepancies."""
    state, version = await running.handler(ROLL_CALL).state(roll_call_stream(meeting_id))
    if state.drawn is None:
        raise RollCallUnknown("Kỳ sinh hoạt này chưa điểm danh.")
    await caller.require(state.drawn.unit_id)
    asked = state.absences.values() if SEES_NOTES & await caller.roles_at(state.drawn.unit_id) else ()
    texts = await read_texts(running.pool, [absence.note.text_id for absence in asked])
    members = sorted({*state.rows, *state.discrepancies})
    return RollCallView(
        meeting_id=meeting_id,
        version=version,
        unit_id=state.drawn.unit_id,
        held_on=state.drawn.held_on,
        calls={call: "open" if is_open else "closed" for call, is_open in state.calls.items()},
        guests=state.guests,
        rows=[_row(member, state, texts) for member in members],
    )


def _row(member_id: UUID, state: RollCall, texts: dict[UUID, str]) -> RowView:
    absence = state.absences.get(member_id)
    found = state.discrepancies.get(member_id)
    came = sorted(state.checked_in(member_id), key=lambda pair: (pair[1] is Call.END, pair[0]))
    return RowView(
        member_id=member_id,
        row=state.rows.get(member_id),
        checked_in=[CheckedIn(sitting_id=sitting, call=call) for sitting, call in came],
        left=sorted(sitting for member, sitting in state.left if member == member_id),
        absence=_absence(absence, texts) if absence else None,
        discrepancy=DiscrepancyView(membership_position=found.membership_position, row=found.row) if found else None,
    )


def _absence(explained: AbsenceExplained, texts: dict[UUID, str]) -> AbsenceView:
    body = texts.get(explained.note.text_id)
    said = Said.model_validate_json(body) if body is not None else None
    return AbsenceView(
        excused=explained.excused, reason=said.reason if said else None, note=said.note if said else None
    )
