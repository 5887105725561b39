"""Whose cancellation is it: ours, or one that a client let out of its own tasks?"""

import asyncio
from typing import Any


def asked_to_end() -> bool:
    """Whether the running task itself was cancelled. Ask it about a CancelledError that comes out of aiokafka.

    With a broker away, stopping a consumer (aiokafka 0.14, `Fetcher.close`) awaits fetches that it has cancelled, and
    raises their CancelledError. Taken for ours it would end a loop for good, and a task group says nothing about that.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def stop(consumer: Any) -> None:  # noqa: ANN401 - aiokafka is untyped
    """Stops a consumer and closes its connections, whatever becomes of the fetches that were under way."""
    try:
        await asyncio.gather(consumer.stop(), return_exceptions=True)
    finally:
        await consumer._client.close()  # noqa: SLF001 - what `stop` leaves open when it is cut short; harmless otherwise
