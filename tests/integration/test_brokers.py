"""Clients of a real broker that are cut short leave nothing open."""

import asyncio
import gc
import warnings

from shared.messaging.brokers import Brokers, start, stop


async def test_whoever_is_cancelled_while_a_client_starts_leaves_no_connection_open(kafka_bootstrap: str) -> None:
    with warnings.catch_warnings(record=True) as complaints:
        warnings.simplefilter("always", ResourceWarning)
        for milliseconds in range(40):
            consumer = Brokers(kafka_bootstrap).consumer()
            starting = asyncio.create_task(start(consumer))
            await asyncio.sleep(milliseconds / 1000)
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            await stop(consumer)
        gc.collect()
    assert [str(each.message) for each in complaints] == []
