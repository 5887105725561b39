-- migrate:up
-- Who may do what: service_log appends to the log, service_api does that and keeps the tables built from it, and
-- service_relay (0031) moves the relay's checkpoint. service_runtime stays for processes of 0.1.0, until none runs.
DO $$
DECLARE
    role text;
BEGIN
    -- Roles belong to the whole cluster: a deployment may have made them, and another database may do so right now.
    FOREACH role IN ARRAY ARRAY['service_log', 'service_api', 'service_relay'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', role);
            EXCEPTION
                WHEN duplicate_object OR unique_violation THEN NULL;
            END;
        END IF;
    END LOOP;
    IF NOT pg_has_role('service_api', 'service_log', 'MEMBER') THEN
        BEGIN
            GRANT service_log TO service_api;
        EXCEPTION
            WHEN unique_violation THEN NULL;
        END;
    END IF;
END
$$;
GRANT USAGE ON SCHEMA public TO service_log, service_api, service_relay;

-- As service_runtime had it: every table of this database, and those of later migrations.
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA public TO service_api;
GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA public TO service_api;
ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON TABLES TO service_api;
ALTER DEFAULT PRIVILEGES GRANT USAGE, SELECT, UPDATE ON SEQUENCES TO service_api;
REVOKE ALL ON schema_migrations FROM service_api;
GRANT SELECT ON schema_migrations TO service_api;

-- The log is never rewritten.
REVOKE ALL ON events FROM service_api;
REVOKE ALL ON SEQUENCE events_position_seq FROM service_api;
GRANT SELECT, INSERT ON events TO service_log;
GRANT USAGE, SELECT, UPDATE ON SEQUENCE events_position_seq TO service_log;

-- migrate:down
