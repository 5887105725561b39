"""Sittings as they were held, from what the client sent."""

from collections.abc import Sequence

from services.meetings.api.desk import Desk
from services.meetings.api.inputs import HeldSittingInput
from services.meetings.domain.state import Meeting
from shared.contracts.meetings import HeldSitting


def held_sittings(given: Sequence[HeldSittingInput], state: Meeting, desk: Desk) -> tuple[HeldSitting, ...]:
    """A sitting without id is the planned (or recorded) one at its place in the list, else a new one."""
    known = state.sittings or (state.outcome.sittings if state.outcome else ())
    ids = dict(enumerate(sitting.sitting_id for sitting in known))
    return tuple(
        HeldSitting(
            sitting_id=sitting.sitting_id or ids.get(n) or desk.context.new_id(f"sitting:{n}"),
            started_at=sitting.started_at,
            ended_at=sitting.ended_at,
        )
        for n, sitting in enumerate(given)
    )
