"""What others' events make of rosters: later facts become discrepancies, a corrected meeting a roster drawn anew.

A reaction reads the local tables, so it waits until the projections have applied the very event that it answers.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from uuid import UUID

from services.attendance import queries
from services.attendance.aggregates import ROLL_CALL, roll_call_stream
from services.attendance.domain.commands import Command, CompareRoster, Known, RedrawRoster
from services.attendance.domain.roster import row_of
from services.attendance.domain.state import Drawn
from services.attendance.projections import meeting_event_name, meeting_name, member_name
from shared.contracts import attendance, meetings, membership
from shared.contracts.event import EventTypes
from shared.eventstore.context import reaction_context
from shared.messaging.handler import NotYetKnown, Received, Tx
from shared.service import Runtime

MemberFact = (
    membership.MemberAdmitted
    | membership.MemberTransferred
    | membership.MemberStatusChanged
    | membership.MemberChangeWithdrawn
)
MEMBER_FACTS = (
    membership.MemberAdmitted,
    membership.MemberTransferred,
    membership.MemberStatusChanged,
    membership.MemberChangeWithdrawn,
)
MeetingChange = meetings.MeetingRescheduled | meetings.MeetingHeld | meetings.MeetingCorrected
MEETING_CHANGES = (meetings.MeetingRescheduled, meetings.MeetingHeld, meetings.MeetingCorrected)

# How often to look whether the projection is there, for a batch and for a single event, and how long in between.
POLLS_OF_A_BATCH, POLLS, POLL_SECONDS = 50, 5, 0.1


class Discrepancies:
    """The consumer "attendance.discrepancies": a fact learned after a roster was drawn never changes it silently."""

    name = "attendance.discrepancies"
    sources: tuple[str, ...] = ("membership", "attendance")
    types = EventTypes([*MEMBER_FACTS, attendance.RosterDrawn])

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def apply(self, _: Tx, batch: Sequence[Received]) -> None:
        facts = [(received, received.event) for received in batch if isinstance(received.event, MEMBER_FACTS)]
        if facts:
            await self._compare_members(facts)
        for received in batch:
            if isinstance(received.event, attendance.RosterDrawn):
                await self._compare_whole(received, received.event)

    async def _compare_members(self, facts: Sequence[tuple[Received, MemberFact]]) -> None:
        pool = self._runtime.pool
        positions = {fact.member_id: received.recorded.position for received, fact in facts}
        await _known(
            lambda: queries.members_are_known(pool, positions), [received for received, _ in facts], member_name
        )
        since: dict[UUID, date] = {}
        for _, fact in facts:
            since[fact.member_id] = min(_since(fact), since.get(fact.member_id, date.max))
        concerned = await queries.meetings_of_members(pool, since)
        known = await queries.positions_of(pool, concerned)  # before the pasts, which may be younger but not older
        pasts = await queries.pasts(pool, list(concerned))
        for received, fact in facts:
            member, past = fact.member_id, pasts.get(fact.member_id)
            for meeting in concerned.get(member, ()):
                if meeting.day is not None and meeting.day >= _since(fact):
                    row = row_of(member, past, meeting.unit_id, meeting.day) if past else None
                    command = CompareRoster(meeting.meeting_id, {member: Known(known[member], row)})
                    await _handle(self._runtime, self.name, command, meeting.unit_id, received)

    async def _compare_whole(self, received: Received, drawn: attendance.RosterDrawn) -> None:
        """A fact or a correction may have come between reading the tables and writing the roster: look once more."""
        pool = self._runtime.pool
        meeting = await queries.meeting(pool, drawn.meeting_id)
        if meeting is None:  # restored from a backup, this table may be older than the log
            raise NotYetKnown(meeting_name(drawn.meeting_id))
        if meeting.day is None:
            return  # its outcome was withdrawn before it ever had a day: there is nothing to compare with
        members = await queries.members_of_cell(pool, meeting.unit_id)
        known = await queries.positions_of(pool, {*members, *(row.member_id for row in drawn.rows)})
        now = await queries.draw_roster(pool, meeting, drawn.membership_position)
        if (meeting.unit_id, meeting.day) != (drawn.unit_id, drawn.held_on):
            redraw = RedrawRoster(meeting.meeting_id, now)
            await _handle(self._runtime, self.name, redraw, meeting.unit_id, received)
            return
        rows = {row.member_id: row for row in now.rows}
        found = {member: Known(position, rows.get(member)) for member, position in known.items()}
        await _handle(self._runtime, self.name, CompareRoster(drawn.meeting_id, found), drawn.unit_id, received)


class Redrawing:
    """The consumer "attendance.redrawing": a meeting of another cell or day has another roster."""

    name = "attendance.redrawing"
    sources: tuple[str, ...] = ("meetings",)
    types = EventTypes(MEETING_CHANGES)

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def apply(self, _: Tx, batch: Sequence[Received]) -> None:
        pool = self._runtime.pool
        changes = [(received, received.event) for received in batch if isinstance(received.event, MEETING_CHANGES)]
        positions = {change.meeting_id: received.recorded.position for received, change in changes}
        await _known(lambda: queries.meetings_are_known(pool, positions), batch, meeting_event_name)
        for received, change in changes:
            await self._redraw(received, change)

    async def _redraw(self, received: Received, change: MeetingChange) -> None:
        meeting = await queries.meeting(self._runtime.pool, change.meeting_id)
        state, _ = await self._runtime.handler(ROLL_CALL).state(roll_call_stream(change.meeting_id))
        if meeting is None or meeting.day is None or meeting.status == "withdrawn":
            return
        if state.drawn is None or state.drawn == Drawn(meeting.unit_id, meeting.day):
            return
        known = await self._runtime.applied("membership")
        command = RedrawRoster(meeting.meeting_id, await queries.draw_roster(self._runtime.pool, meeting, known))
        await _handle(self._runtime, self.name, command, meeting.unit_id, received)


async def _known(
    are_known: Callable[[], Awaitable[bool]], batch: Sequence[Received], name: Callable[[Received], str]
) -> None:
    """Returns once the local tables have what `batch` says; raises `NotYetKnown`.

    It waits a moment first: the projection reads the same topic and is about to be there, and an import of a province
    would otherwise hold thousands of keys. A single event waits shorter: its key can be held without the others.
    """
    for _ in range(POLLS_OF_A_BATCH if len(batch) > 1 else POLLS):
        if await are_known():
            return
        await asyncio.sleep(POLL_SECONDS)
    raise NotYetKnown(name(batch[-1]))


async def _handle(runtime: Runtime, consumer: str, command: Command, unit_id: UUID, received: Received) -> None:
    # One event may concern several meetings: each has a command id of its own, the same again at every repetition.
    context = reaction_context(consumer, received.recorded).part(str(command.meeting_id))
    await runtime.handler(ROLL_CALL).handle(
        command, stream=roll_call_stream(command.meeting_id), key=str(unit_id), context=context
    )


def _since(fact: MemberFact) -> date:
    """The first day whose rosters the fact may touch; a withdrawn change may touch any."""
    match fact:
        case membership.MemberAdmitted() | membership.MemberTransferred():
            return fact.effective_on
        case membership.MemberStatusChanged():
            return fact.valid_from
        case membership.MemberChangeWithdrawn():
            return date.min
