"""The log's SQL: its migrations, and `sql/queries.sql` by name."""

from pathlib import Path

from shared.database.pool import queries

MIGRATIONS = Path(__file__).parent / "sql" / "migrations"
QUERIES = queries(Path(__file__).parent / "sql" / "queries.sql")
