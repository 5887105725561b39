-- Nobody may set this machine's clock. A function that a session finds before PostgreSQL's own does as well.
CREATE SCHEMA set_back;
GRANT USAGE ON SCHEMA set_back TO PUBLIC;
CREATE FUNCTION set_back.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
AS $$ SELECT pg_catalog.clock_timestamp() - interval '1 hour' $$;
