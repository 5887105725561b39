"""Loops that only their cancellation may end: what goes wrong in one round is said, and another round follows.

The one place where consumers catch any error. One that ended instead would be missed by nobody until figures stand
still; it never skips what failed, because nothing is taken from a batch or a topic but inside a transaction.
"""

import asyncio
from asyncio import CancelledError
from types import TracebackType

import structlog
from aiokafka.errors import KafkaError

log = structlog.get_logger(__name__)


class GoingOn:
    """Says what its block raises, as `failed`, and goes on behind it. A cancellation of the running task goes through,
    also one that its block has swallowed, as clients do that await tasks which they have cancelled.

    A task group that may fail belongs into a task of its own, not into the block: it leaves Python 3.11 in the belief
    that ours was asked to end. What is said each time, as a broker, a topic or a database that is away, comes without a
    stack trace.
    """

    def __init__(self, failed: str, **where: object) -> None:
        self._failed, self._where = failed, where

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> bool:
        if error is None or isinstance(error, Exception):
            raise_if_asked_to_end(error)
        elif _asked_to_end():
            return False
        if isinstance(error, KafkaError | OSError | CancelledError):
            log.warning(self._failed, error=repr(error), **self._where)
            return True
        if isinstance(error, Exception):
            log.error(self._failed, exc_info=error, **self._where)
            return True
        return False


def raise_if_asked_to_end(instead: BaseException | None) -> None:
    """Raises the cancellation of the running task, in place of which `instead` was raised, or nothing."""
    if _asked_to_end():
        raise CancelledError from instead


def _asked_to_end() -> bool:
    """Whether the running task itself was cancelled.

    With a broker away, stopping a consumer (aiokafka 0.14, `Fetcher.close`) awaits fetches that it has cancelled, and
    raises their CancelledError. Taken for ours it would end a loop for good, and a task group says nothing about that.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
