"""Reading and erasing the texts that events only refer to. An append writes them; backups take them with the log."""

from collections.abc import Iterable
from uuid import UUID

from shared.database.pool import Connection, Pool
from shared.eventstore.statements import QUERIES


async def read_texts(connection: Connection | Pool, text_ids: Iterable[UUID]) -> dict[UUID, str]:
    """The texts that exist, by id."""
    found = QUERIES.read_texts(connection, text_ids=list(text_ids))
    return {row["text_id"]: row["body"] async for row in found}


async def erase_texts(connection: Connection | Pool, subject: str) -> int:
    """Erases every text of `subject` with its salt; how many there were. Events and their totals stay as they are."""
    return len([row async for row in QUERIES.erase_texts(connection, subject=subject)])
