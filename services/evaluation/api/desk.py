"""What every route of a score does: find the meeting, check the caller's reach, hand the command over, answer."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Depends

from services.evaluation import queries
from services.evaluation.aggregates import SCORE, score_stream
from services.evaluation.domain import errors
from services.evaluation.domain.score import Command
from services.evaluation.queries import KnownMeeting
from shared.contracts.evaluation import CriteriaSetPublished
from shared.eventstore.context import Context
from shared.service import Runtime, runtime
from shared.web.access import Caller, Reach, Role
from shared.web.context import CommandAccepted, command_context, receipt

# The cell scores itself; the commune's office may enter it from paper on the cell's behalf.
RECORDERS = {
    Role.SECRETARY: Reach.OWN_UNIT,
    Role.NOTE_TAKER: Reach.ASSIGNED,
    Role.COMMUNE_OFFICE: Reach.SUBTREE,
}


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a request on a score is dealt with."""

    runtime: Runtime
    context: Context

    async def meeting(self, meeting_id: UUID) -> KnownMeeting:
        known = await queries.meeting(self.runtime.pool, meeting_id)
        if known is None:
            raise errors.MeetingNotYetLearned
        return known

    async def own_meeting(self, meeting_id: UUID, caller: Caller) -> KnownMeeting:
        """A meeting whose cell the caller reaches."""
        known = await self.meeting(meeting_id)
        await caller.require(known.unit_id)
        return known

    async def criteria(self, meeting: KnownMeeting, held_on: date, code: str | None) -> CriteriaSetPublished:
        """The set that `code` names among those that apply to the meeting, or the nearest one."""
        units = [meeting.unit_id, *await self.runtime.directory.ancestors(meeting.unit_id, held_on)]
        fitting = await queries.criteria_for(self.runtime.pool, units, meeting.parts, held_on)
        found = next((each for each in fitting if code in (None, each.criteria_set)), None)
        if found is None:
            raise errors.CriteriaNotYetLearned(
                f"Chưa có bộ tiêu chí {code or ''} áp dụng cho kỳ sinh hoạt này vào ngày {held_on:%d/%m/%Y}."
            )
        return found

    async def handle(self, command: Command, meeting: KnownMeeting) -> CommandAccepted:
        done = await self.runtime.handler(SCORE).handle(
            command, stream=score_stream(meeting.meeting_id), key=str(meeting.unit_id), context=self.context
        )
        return receipt(done)


async def desk(
    running: Annotated[Runtime, Depends(runtime)], context: Annotated[Context, Depends(command_context)]
) -> Desk:
    return Desk(running, context)


AtDesk = Annotated[Desk, Depends(desk)]


def held_day(meeting: KnownMeeting) -> date:
    """The day of a held meeting of a cell; nothing else is scored."""
    if meeting.held_on is None or meeting.body != "cell":
        raise errors.MeetingNotHeld("Chỉ chấm điểm kỳ sinh hoạt của chi bộ đã được ghi nhận là đã tổ chức.")
    return meeting.held_on
