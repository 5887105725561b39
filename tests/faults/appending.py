"""A process to end: appends to many streams at once and prints the command id of each append that was answered."""

import asyncio
import sys
from itertools import count
from uuid import uuid4

from shared.database.pool import open_pool
from shared.eventstore.group_commit import GroupCommitLog
from tests.conformance.appends import append_of

STREAMS = 50


async def append_for_ever(log: GroupCommitLog, stream: str) -> None:
    for n in count():
        append = append_of("a", "b", stream=stream, version=2 * n)
        await log.append(append)
        sys.stdout.write(f"{append.command_id}\n")
        sys.stdout.flush()


async def main(url: str) -> None:
    pool = await open_pool(url)
    run = uuid4()
    async with GroupCommitLog(pool, "notes") as log:
        await asyncio.gather(*(append_for_ever(log, f"{run}-{n}") for n in range(STREAMS)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
