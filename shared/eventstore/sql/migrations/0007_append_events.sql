-- migrate:up

-- The log's lock, its checks, the rows, the commit: one statement and so one transaction, with no client's round trip
-- inside. An element per event, in the order of positions; those of an append have one command, and count `n` from 0.
-- Answers for each event that was stored. An append whose command is in the log already, or whose stream is at another
-- version, is left out whole: `check_appends` says afterwards which it was.
CREATE FUNCTION append_events(
    streams text[], versions integer[], keys text[], event_ids uuid[], command_ids uuid[], ns integer[], types text[],
    schema_versions integer[], bodies json[], metadata json[]
)
RETURNS TABLE (stored_id uuid, stored_position bigint, stored_at timestamptz)
LANGUAGE plpgsql
SET enable_seqscan = off -- of a log that is empty or small, a session would keep a plan that reads all of it
SET plan_cache_mode = force_generic_plan -- for a single row, making a plan anew took a quarter of the time
AS $$
BEGIN
    -- A statement of its own: in one with the checks, these would read a snapshot from before it was granted.
    PERFORM pg_advisory_xact_lock(7001, 1);
    RETURN QUERY
    -- One time for all, never before the last row's and after the seal: now() is the transaction's start, before it
    -- waited for the lock, and the clock may be set back.
    WITH clock AS MATERIALIZED (
        SELECT greatest(
            clock_timestamp(),
            (SELECT e.recorded_at FROM events AS e ORDER BY e.position DESC LIMIT 1),
            (SELECT s.time + interval '1 microsecond' FROM log_seal AS s WHERE s.only_row)
        ) AS time
    )
    INSERT INTO events AS stored (
        stream, version, key, event_id, command_id, n, type, schema_version, data, metadata, recorded_at
    )
    SELECT a.stream, a.version, a.key, a.event_id, a.command_id, a.n, a.type, a.schema_version, a.data, a.metadata, c.time
    FROM unnest(
        streams, versions, keys, event_ids, command_ids, ns, types, schema_versions, bodies, metadata
    ) WITH ORDINALITY AS a (
        stream, version, key, event_id, command_id, n, type, schema_version, data, metadata, place
    )
    CROSS JOIN clock AS c
    WHERE a.version = a.n + 1 + coalesce(
        (SELECT e.version FROM events AS e WHERE e.stream = a.stream ORDER BY e.version DESC LIMIT 1), 0
    )
    AND NOT EXISTS (SELECT FROM events AS e WHERE e.command_id = a.command_id)
    ORDER BY a.place
    RETURNING stored.event_id, stored.position, stored.recorded_at;
END
$$;

-- migrate:down
