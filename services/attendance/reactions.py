"""What others' events make of rosters: later facts become discrepancies, a corrected meeting a roster drawn anew.

A reaction reads the local tables, so it waits until the projections have applied the very event that it answers.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

from services.attendance import queries
from services.attendance.aggregates import ROLL_CALL, roll_call_stream
from services.attendance.domain.commands import Command, CompareRoster, RedrawRoster
from services.attendance.domain.roster import Roster, row_of
from services.attendance.projections import meeting_name, member_name
from services.attendance.queries import KnownMeeting
from shared.contracts import attendance, meetings, membership
from shared.contracts.event import Event, EventTypes
from shared.eventstore.context import reaction_context
from shared.messaging.handler import NotYetKnown, Received, Tx
from shared.service import Runtime

MemberFact = (
    membership.MemberAdmitted
    | membership.MemberTransferred
    | membership.MemberStatusChanged
    | membership.MemberChangeWithdrawn
)


class Discrepancies:
    """The consumer "attendance.discrepancies": a fact learned after a roster was drawn never changes it silently."""

    name = "attendance.discrepancies"
    sources: tuple[str, ...] = ("membership", "attendance")
    types = EventTypes(
        [
            membership.MemberAdmitted,
            membership.MemberTransferred,
            membership.MemberStatusChanged,
            membership.MemberChangeWithdrawn,
            attendance.RosterDrawn,
        ]
    )

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def apply(self, _: Tx, batch: Sequence[Received]) -> None:
        for received in batch:
            match received.event:
                case attendance.RosterDrawn():
                    await self._compare_whole(received, received.event)
                case (
                    membership.MemberAdmitted()
                    | membership.MemberTransferred()
                    | membership.MemberStatusChanged()
                    | membership.MemberChangeWithdrawn()
                ):
                    await self._compare_member(received, received.event)
                case _:
                    raise TypeError(f"{type(received.event).__name__} is not among the declared types")

    def announces(self, _: Received) -> Iterable[str]:
        return ()

    async def _compare_member(self, received: Received, fact: MemberFact) -> None:
        pool, position = self._runtime.pool, received.recorded.position
        if await queries.member_position(pool, fact.member_id) < position:
            raise NotYetKnown(member_name(received))
        past = (await queries.pasts(pool, [fact.member_id])).get(fact.member_id)
        concerned = await queries.meetings_since(pool, await queries.cells_of(pool, fact.member_id), _since(fact))
        for meeting in concerned:
            row = row_of(fact.member_id, past, meeting.unit_id, meeting.day) if past and meeting.day else None
            command = CompareRoster(meeting.meeting_id, position, {fact.member_id: row})
            await _handle(self._runtime, self.name, command, meeting.unit_id, received)

    async def _compare_whole(self, received: Received, drawn: attendance.RosterDrawn) -> None:
        """A fact may have come between reading the tables and writing the roster: look once more."""
        meeting = await queries.meeting(self._runtime.pool, drawn.meeting_id)
        if meeting is None or meeting.unit_id != drawn.unit_id or meeting.day != drawn.held_on:
            return  # corrected in the meantime: the roster is drawn anew, and looked at then
        now = await queries.draw_roster(self._runtime.pool, meeting, drawn.membership_position)
        rows = {row.member_id: row for row in now.rows}
        members = [*rows, *(row.member_id for row in drawn.rows)]
        position = await queries.members_position(self._runtime.pool, members)
        command = CompareRoster(drawn.meeting_id, position, rows, whole=True)
        await _handle(self._runtime, self.name, command, drawn.unit_id, received)


class Redrawing:
    """The consumer "attendance.redrawing": a meeting of another cell or day has another roster."""

    name = "attendance.redrawing"
    sources: tuple[str, ...] = ("meetings",)
    types = EventTypes([meetings.MeetingRescheduled, meetings.MeetingHeld, meetings.MeetingCorrected])

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def apply(self, _: Tx, batch: Sequence[Received]) -> None:
        for received in batch:
            meeting = await self._meeting(received, received.event)
            if meeting.day is not None and meeting.status != "withdrawn":
                command = RedrawRoster(meeting.meeting_id, await self._draw(meeting))
                await _handle(self._runtime, self.name, command, meeting.unit_id, received)

    def announces(self, _: Received) -> Iterable[str]:
        return ()

    async def _draw(self, meeting: KnownMeeting) -> Roster:
        known = await self._runtime.applied("membership")
        return await queries.draw_roster(self._runtime.pool, meeting, known)

    async def _meeting(self, received: Received, event: Event) -> KnownMeeting:
        if not isinstance(event, meetings.MeetingRescheduled | meetings.MeetingHeld | meetings.MeetingCorrected):
            raise TypeError(f"{type(event).__name__} is not among the declared types")
        meeting = await queries.meeting(self._runtime.pool, event.meeting_id)
        if meeting is None or meeting.position < received.recorded.position:
            raise NotYetKnown(meeting_name(received))
        return meeting


async def _handle(runtime: Runtime, consumer: str, command: Command, unit_id: UUID, received: Received) -> None:
    # One event may concern several meetings: each has a command id of its own, the same again at every repetition.
    context = reaction_context(consumer, received.recorded).part(str(command.meeting_id))
    await runtime.handler(ROLL_CALL).handle(
        command,
        stream=roll_call_stream(command.meeting_id),
        key=str(unit_id),
        context=context,
    )


def _since(fact: MemberFact) -> date:
    """The first day whose rosters the fact may touch; a withdrawn change may touch any."""
    match fact:
        case membership.MemberAdmitted() | membership.MemberTransferred():
            return fact.effective_on
        case membership.MemberStatusChanged():
            return fact.valid_from
        case _:
            return date.min
