"""Erases a person: the fact is recorded, every text and every way back to the id goes; totals stay as they are."""

from uuid import UUID

from services.membership import queries
from services.membership.aggregates import MEMBERS
from services.membership.domain import member
from services.membership.domain.member_commands import EraseMember
from services.membership.imports.mapping import FileKind
from services.membership.imports.member_plan import subject
from shared.eventstore.command_handler import Receipt
from shared.eventstore.context import Context
from shared.eventstore.texts import erase_texts
from shared.service import Runtime


async def erase_member(runtime: Runtime, member_id: UUID, context: Context) -> Receipt:
    """The event first: cut short, the command is repeated and erases what is left. Raises `UnknownMember`."""
    receipt = await runtime.handler(MEMBERS).handle(
        (EraseMember(member_id),), stream=member.stream(member_id), key=str(member_id), context=context
    )
    async with runtime.pool.acquire() as connection, connection.transaction():
        await erase_texts(connection, subject(member_id))
        await queries.forget_identities(connection, member_id)
        await queries.forget_contents(connection, FileKind.MEMBERS)
    return receipt
