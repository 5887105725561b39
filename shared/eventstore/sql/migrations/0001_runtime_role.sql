-- migrate:up
-- What a running service may do: every table made from here on, except where a later migration takes rights back.
-- Roles belong to the whole cluster, so another database may have made it, even at this very moment.
DO $$
BEGIN
    CREATE ROLE service_runtime NOLOGIN;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN NULL;
END
$$;
GRANT USAGE ON SCHEMA public TO service_runtime;
ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON TABLES TO service_runtime;
ALTER DEFAULT PRIVILEGES GRANT USAGE, SELECT, UPDATE ON SEQUENCES TO service_runtime;
-- Made by dbmate before this file; readiness compares it with the migrations that the code needs.
GRANT SELECT ON schema_migrations TO service_runtime;

-- migrate:down
