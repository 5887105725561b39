"""What a deliverer asks every half second is found by an index, however much waits or went out."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from services.operations.app import SERVICE
from services.operations.sql import WEBHOOKS
from shared.database.migrate import SHARED_MIGRATIONS
from tests.fixtures.databases import DatabaseFactory
from tests.fixtures.plans import SEQ_SCAN, steps

HOOK = UUID("00000000-0000-4000-8000-000000000007")
# Two hundred webhooks; one of them has 20,000 deliveries behind 2,000 keys, of which a few are due.
FILL = """
    INSERT INTO webhook_subscription (subscription_id, unit_id, url, types, secret, made_by)
    SELECT ('00000000-0000-4000-8000-' || lpad(i::text, 12, '0'))::uuid, gen_random_uuid(), 'https://x/', '{}', 's', 'm'
    FROM generate_series(1, 200) AS i;
    INSERT INTO webhook_line (subscription_id, log_id, key, waiting, next_attempt_at)
    SELECT '00000000-0000-4000-8000-000000000007', 'meetings', 'k' || i, 10, now() + (i - 5) * interval '1 minute'
    FROM generate_series(1, 2000) AS i;
    INSERT INTO webhook_delivery
        (subscription_id, log_id, position, key, event_id, type, schema_version, stream, recorded_at, data)
    SELECT '00000000-0000-4000-8000-000000000007', 'meetings', i, 'k' || i % 2000 + 1, gen_random_uuid(), 'MeetingHeld',
           1, 's', now(), '{}'
    FROM generate_series(1, 20000) AS i;
    ANALYZE webhook_subscription, webhook_line, webhook_delivery;
"""
HOT: dict[str, tuple[Any, ...]] = {
    "lease": (35.0, 20),
    "heads": (HOOK, 0, 8),
    "done": ("delivered", HOOK, "meetings", 17),
    "failed": ("answers 500", 5.0, 10, HOOK, "meetings", "k17", 0),
    "prune": (604800.0, 10_000),
}


@pytest.fixture
async def connection(database: DatabaseFactory) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(await database(*SHARED_MIGRATIONS, SERVICE.migrations))
    await connection.execute(FILL)
    yield connection
    await connection.close()


@pytest.mark.parametrize("name", HOT)
async def test_neither_deliveries_nor_keys_are_read_from_end_to_end(connection: asyncpg.Connection, name: str) -> None:
    found = await steps(connection, getattr(WEBHOOKS, name).sql, *HOT[name])
    assert not {(SEQ_SCAN, "webhook_delivery"), (SEQ_SCAN, "webhook_line")} & set(found)
