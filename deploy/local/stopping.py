"""Ctrl-C and SIGTERM end a block in order."""

import asyncio
import signal
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

T = TypeVar("T")

ASKING = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def until_asked_to_stop() -> Iterator[None]:
    """Ends the block on SIGINT or SIGTERM, quietly; a second one does not disturb what the block does on its way out.

    Only in the main thread. Afterwards the signals do again what they did before.
    """

    def stop(_number: int, _frame: FrameType | None) -> None:
        for number in ASKING:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in ASKING}
    try:
        yield
    except KeyboardInterrupt:
        return
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run(work: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run` inside of such a block: `work` is cancelled, and has ended, before the block ends.

    A signal's handler would raise in whatever callback runs at that moment, past the tasks that wait for it.
    """
    before = {number: signal.getsignal(number) for number in ASKING}
    try:
        return asyncio.run(_cancelled_when_asked(work))
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


async def _cancelled_when_asked(work: Coroutine[Any, Any, T]) -> T:
    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(work)

    def stop() -> None:
        for number in ASKING:
            loop.add_signal_handler(number, lambda: None)
        task.cancel()

    for number in ASKING:
        loop.add_signal_handler(number, stop)
    return await task
