"""A relay as a process of its own: `python -m tests.faults.relaying DATABASE_URL BOOTSTRAP PREFIX SESSION_SECONDS`."""

import asyncio
import sys

from shared.database.pool import open_pool
from shared.eventstore.postgres import PostgresLog
from shared.messaging.brokers import Brokers
from shared.messaging.kafka_topic import KafkaTopic
from shared.messaging.postgres_relay_store import PostgresRelayStore
from shared.messaging.relay import Relay


async def main(url: str, bootstrap: str, prefix: str, session_seconds: str) -> None:
    pool = await open_pool(url)

    async def open_topic() -> KafkaTopic:
        return await KafkaTopic.open(Brokers(bootstrap), "notes", prefix)

    store = PostgresRelayStore(url, session_seconds=float(session_seconds))
    await Relay(PostgresLog(pool, "notes"), store, open_topic).run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
