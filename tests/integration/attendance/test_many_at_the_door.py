"""Many devices check members in at the same moment: nobody is refused because somebody else was quicker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

from services.attendance.aggregates import ROLL_CALL, roll_call_stream
from services.attendance.domain.commands import CheckIn, Command, Presence
from services.attendance.domain.state import RollCall
from shared.contracts.attendance import Call
from shared.contracts.envelope import Metadata
from shared.database.pool import open_pool
from shared.eventstore.command_handler import CommandHandler, Receipt
from shared.eventstore.context import Context
from shared.eventstore.group_commit import GroupCommitLog
from tests.integration.attendance.conftest import MEETING, SITTING, STARTS_AT, World
from tests.integration.commune import FIRST, admit

MEMBERS = [UUID(int=0x900 + n) for n in range(40)]


@asynccontextmanager
async def another_process(world: World) -> AsyncIterator[CommandHandler[Command, RollCall]]:
    """A handler with a log, cache and queues of its own on the same database."""
    pool = await open_pool(world.service.runtime.settings.database_url)
    async with GroupCommitLog(pool, "attendance") as log:
        yield CommandHandler(log, ROLL_CALL)
    await pool.close()


async def test_two_processes_check_forty_members_in_at_once_without_a_conflict(world: World) -> None:
    for member in MEMBERS:
        await admit(world.membership, member, FIRST)
    await world.catch_up()
    await world.do("open", {})
    async with another_process(world) as there:
        here = world.service.runtime.handler(ROLL_CALL)

        async def check_in(n: int, member: UUID) -> Receipt:
            command = CheckIn(MEETING, Call.START, (Presence(member, SITTING, STARTS_AT),))
            context = Context(uuid4(), Metadata(correlation_id=uuid4(), actor="client:test"))
            handler = here if n % 2 else there
            return await handler.handle(command, stream=roll_call_stream(MEETING), key=str(FIRST), context=context)

        receipts = await asyncio.gather(*(check_in(n, member) for n, member in enumerate(MEMBERS * 2)))
    assert sum(receipt.changed for receipt in receipts) == len(MEMBERS)
    state, _ = await here.state(roll_call_stream(MEETING))
    assert {member for member in MEMBERS if state.checked_in(member)} == set(MEMBERS)
