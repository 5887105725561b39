-- The migrations that dbmate has applied here.
SELECT version FROM schema_migrations;
