"""Ctrl-C and SIGTERM end a block in order."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

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
