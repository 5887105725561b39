"""What every route of a meeting does: find the meeting, check the caller's reach, hand the command over, answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends

from services.meetings.aggregates import MEETING, stream
from services.meetings.domain.checks import live
from services.meetings.domain.commands import Command, Plan
from services.meetings.domain.errors import NotACell, SecondRegularMeeting
from services.meetings.domain.state import Meeting
from shared.contracts.meetings import Body
from shared.eventstore.claims import ClaimTaken
from shared.eventstore.context import Context
from shared.eventstore.log import Text
from shared.service import Runtime, runtime
from shared.web.access import Caller, Reach, Role
from shared.web.context import CommandAccepted, command_context, receipt

# Who plans and records: the cell itself, its note-taker, and the commune's office on its behalf. A committee's
# secretary does it for the committee's own meetings.
RECORDERS = {
    Role.SECRETARY: Reach.OWN_UNIT,
    Role.NOTE_TAKER: Reach.ASSIGNED,
    Role.COMMUNE_OFFICE: Reach.SUBTREE,
    Role.APPRAISER: Reach.OWN_UNIT,
}
# What changes the record afterwards is the secretary's, or the office's on the cell's behalf.
CORRECTORS = {
    Role.SECRETARY: Reach.OWN_UNIT,
    Role.COMMUNE_OFFICE: Reach.SUBTREE,
    Role.APPRAISER: Reach.OWN_UNIT,
}


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a request on a meeting is dealt with."""

    runtime: Runtime
    context: Context

    def now(self) -> datetime:
        return self.runtime.clock()

    async def meeting(self, meeting_id: UUID) -> Meeting:
        """What is recorded of the meeting; an empty one if nothing is."""
        state, _ = await self.runtime.handler(MEETING).state(stream(meeting_id))
        return state

    async def known(self, meeting_id: UUID, caller: Caller) -> Meeting:
        """A meeting that exists and whose unit the caller reaches."""
        state = await self.meeting(meeting_id)
        await caller.require(live(state).unit_id)
        return state

    async def known_or(self, plan: Plan | None, meeting_id: UUID, caller: Caller) -> Meeting:
        """The meeting, or nothing yet where a late entry brings its own plan."""
        state = await self.meeting(meeting_id)
        if state.plan is None and plan is not None:
            await caller.require(plan.unit_id)
            await self.require_body(plan.unit_id, plan.body)
            return state
        return await self.known(meeting_id, caller)

    async def require_body(self, unit_id: UUID, body: Body) -> None:
        """Only a cell holds meetings of a cell: another unit's would be met without ever being owed."""
        unit = await self.runtime.directory.unit(unit_id)
        if body is Body.CELL and unit is not None and not unit.is_cell:
            raise NotACell("body: tổ chức này không phải chi bộ; kỳ sinh hoạt của cấp ủy ghi body = committee.")

    async def handle(self, command: Command, unit_id: UUID, texts: Sequence[Text] = ()) -> CommandAccepted:
        """Raises what the domain raises; a claim that is taken names the cell's other meeting of the period."""
        name = stream(command.meeting_id)
        try:
            done = await self.runtime.handler(MEETING).handle(
                command, stream=name, key=str(unit_id), context=self.context, texts=texts
            )
        except ClaimTaken as taken:
            raise SecondRegularMeeting(
                f"Chi bộ đã có kỳ sinh hoạt thường kỳ {taken.holder} cho kỳ này; hãy dùng, đính chính hoặc rút kỳ đó."
            ) from taken
        return receipt(done)

    def text(self, body: str, *, kind: str, meeting_id: UUID, name: str = "") -> Text:
        """An erasable text of the meeting; `name` tells apart several of one kind in one command."""
        text_id = self.context.new_id(f"{kind}:{name}")
        return Text.of(body, subject=f"meeting:{meeting_id}", kind=kind, text_id=text_id)


async def desk(
    running: Annotated[Runtime, Depends(runtime)], context: Annotated[Context, Depends(command_context)]
) -> Desk:
    return Desk(running, context)


AtDesk = Annotated[Desk, Depends(desk)]
