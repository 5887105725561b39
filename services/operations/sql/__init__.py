"""The queries of the service, from `queries.sql` and `webhooks.sql`."""

from pathlib import Path

from shared.database.pool import queries

SQL = queries(Path(__file__).parent / "queries.sql")
WEBHOOKS = queries(Path(__file__).parent / "webhooks.sql")
