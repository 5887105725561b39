"""What every route of a roll call does: find the meeting, check the caller's reach, hand the command over, answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends

from services.attendance import queries
from services.attendance.aggregates import ROLL_CALL, roll_call_stream
from services.attendance.api.said import Said
from services.attendance.domain import errors
from services.attendance.domain.commands import Command
from services.attendance.domain.roster import Roster
from services.attendance.queries import KnownMeeting
from shared.eventstore.context import Context
from shared.eventstore.log import Text
from shared.service import Runtime, runtime
from shared.web.access import Caller, Reach, Role
from shared.web.context import CommandAccepted, command_context, receipt

# A superior never edits a cell's roll call except on its behalf, recorded.
RECORDERS = {
    Role.SECRETARY: Reach.OWN_UNIT,
    Role.NOTE_TAKER: Reach.ASSIGNED,
    Role.COMMUNE_OFFICE: Reach.SUBTREE,
}
# What the roster shall say against, or after, membership is the secretary's, or the office's on the cell's behalf.
AMENDERS = {Role.SECRETARY: Reach.OWN_UNIT, Role.COMMUNE_OFFICE: Reach.SUBTREE}


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a request on a roll call is dealt with."""

    runtime: Runtime
    context: Context

    def now(self) -> datetime:
        return self.runtime.clock()

    async def meeting(self, meeting_id: UUID, caller: Caller) -> KnownMeeting:
        """A meeting that has, or may have, a roll call, and whose cell the caller reaches."""
        known = await queries.meeting(self.runtime.pool, meeting_id)
        if known is None:
            raise errors.MeetingNotYetLearned("Chưa biết kỳ sinh hoạt này; nếu vừa lên lịch, hãy thử lại sau giây lát.")
        await caller.require(known.unit_id)
        if known.body != "cell" or known.status in ("withdrawn", "not_held"):
            raise errors.NoRollCallFor("Chỉ điểm danh kỳ sinh hoạt của chi bộ đã lên lịch hoặc đã tổ chức.")
        return known

    async def roster(self, meeting: KnownMeeting) -> Roster:
        """What the roster would be now."""
        return await queries.draw_roster(self.runtime.pool, meeting, await self.runtime.applied("membership"))

    async def require_members(self, named: Sequence[UUID], field: str) -> None:
        """Every one is a member that membership knows, of whichever cell."""
        known = await queries.pasts(self.runtime.pool, named)
        for n, member_id in enumerate(named):
            if member_id not in known:
                raise errors.MemberNotYetLearned(
                    f"{field}[{n}].member_id: chưa biết đảng viên {member_id}; "
                    "nếu vừa được ghi nhận, hãy thử lại sau giây lát."
                )

    def sitting(self, meeting: KnownMeeting, named: UUID | None, field: str) -> UUID:
        """The sitting that is meant: the one named, or the only one."""
        if named is None and len(meeting.sittings) == 1:
            return meeting.sittings[0]
        if named is None or named not in meeting.sittings:
            known = ", ".join(str(sitting) for sitting in meeting.sittings)
            raise errors.SittingUnknown(f"{field}.sitting_id: hãy nêu một trong các buổi {known}.")
        return named

    def note(self, member_id: UUID, said: Said) -> Text:
        """Why a member was absent, as an erasable text: it goes when the member is erased."""
        text_id = self.context.new_id(f"absence:{member_id}")
        return Text.of(said.model_dump_json(), subject=queries.about_member(member_id), kind="absence", text_id=text_id)

    async def handle(self, command: Command, meeting: KnownMeeting, texts: Sequence[Text] = ()) -> CommandAccepted:
        done = await self.runtime.handler(ROLL_CALL).handle(
            command,
            stream=roll_call_stream(meeting.meeting_id),
            key=str(meeting.unit_id),
            context=self.context,
            texts=texts,
        )
        return receipt(done)


async def desk(
    running: Annotated[Runtime, Depends(runtime)], context: Annotated[Context, Depends(command_context)]
) -> Desk:
    return Desk(running, context)


AtDesk = Annotated[Desk, Depends(desk)]
