"""The log's SQL by name: `sql/queries.sql`."""

from pathlib import Path

from shared.database.pool import queries

QUERIES = queries(Path(__file__).parent / "sql" / "queries.sql")
