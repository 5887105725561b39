"""Waiting for a position."""

import asyncio
from typing import cast

from shared.web.consistency import Applied
from shared.web.runtime import ServiceRuntime


class Slow:
    """A runtime whose database answers when it may."""

    def __init__(self) -> None:
        self.asked = 0
        self.may_answer = asyncio.Event()

    async def applied(self, source: str) -> int:
        self.asked += 1
        await self.may_answer.wait()
        return len(source)


async def test_who_waits_at_the_same_time_shares_one_question() -> None:
    """Many who wait for a far position must not take the database's connections from everybody else."""
    runtime = Slow()
    applied = Applied(cast("ServiceRuntime", runtime))
    waiting = [asyncio.create_task(applied("meetings")) for _ in range(50)]
    await asyncio.sleep(0)
    waiting.pop().cancel()
    runtime.may_answer.set()
    assert set(await asyncio.gather(*waiting)) == {8}
    assert runtime.asked == 1
    assert await applied("meetings") == 8
    assert runtime.asked == 2
