-- name: lock_log$
-- The last lock that any transaction takes; held until commit. `append_events` takes it too.
SELECT pg_advisory_xact_lock(7001, 1);

-- name: check_appends
-- Version of the stream and presence of the command, per append, in the order given.
SELECT
    coalesce(
        (SELECT e.version FROM events AS e WHERE e.stream = a.stream ORDER BY e.version DESC LIMIT 1), 0
    ) AS version,
    EXISTS (SELECT FROM events AS e WHERE e.command_id = a.command_id) AS recorded
FROM unnest(:streams::text[], :command_ids::uuid[]) WITH ORDINALITY AS a (stream, command_id, place)
ORDER BY a.place;

-- name: body_key$
-- What bodies of commands are hashed with.
SELECT key FROM body_key;

-- name: append_events
-- Stores what the checks let pass, in a transaction of its own unless one is open; see the migration.
SELECT stored_id, stored_position, stored_at
FROM append_events(
    :streams, :versions, :keys, :event_ids, :command_ids, :ns, :types, :schema_versions, :bodies, :metadata
);

-- name: restore_events!
-- Rows of another copy of this log, as they were.
INSERT INTO events (
    position, stream, version, key, event_id, command_id, n, type, schema_version, data, metadata, recorded_at
)
SELECT
    a.position, a.stream, a.version, a.key, a.event_id, a.command_id, a.n, a.type, a.schema_version, a.data, a.metadata,
    a.recorded_at
FROM unnest(
    :positions::bigint[], :streams::text[], :versions::integer[], :keys::text[], :event_ids::uuid[],
    :command_ids::uuid[], :ns::integer[], :types::text[], :schema_versions::integer[], :bodies::json[],
    :metadata::json[], :times::timestamptz[]
) AS a (
    position, stream, version, key, event_id, command_id, n, type, schema_version, data, metadata, recorded_at
);

-- name: continue_after$
-- The next position that is given out is above `position`.
SELECT setval('events_position_seq', :position::bigint);

-- name: read
-- The log after a position.
SELECT position, stream, version, key, event_id, command_id, n, type, schema_version, data, metadata, recorded_at
FROM events
WHERE position > :after
ORDER BY position
LIMIT :limit;

-- name: read_stream
-- A stream after a version.
SELECT position, stream, version, key, event_id, command_id, n, type, schema_version, data, metadata, recorded_at
FROM events
WHERE stream = :stream AND version > :after_version
ORDER BY version;

-- name: find_command
-- What a command wrote.
SELECT position, stream, version, key, event_id, command_id, n, type, schema_version, data, metadata, recorded_at
FROM events
WHERE command_id = :command_id
ORDER BY n;

-- name: head$
-- The last position.
SELECT coalesce(max(position), 0) FROM events;

-- name: seal$
-- Under the log's lock, when no append is under way: all that is recorded up to this time can be read.
UPDATE log_seal
SET time = greatest(clock_timestamp(), time, (SELECT recorded_at FROM events ORDER BY position DESC LIMIT 1))
RETURNING time;

-- name: notify$
-- Wakes the relay. Never inside an append: NOTIFY holds a lock of the whole cluster until commit.
SELECT pg_notify('log_appended', '');

-- name: claims_touched
-- The claims that changes of these keys and holders may meet.
SELECT c.name, c.key, c.holder
FROM unnest(:names::text[], :keys::text[]) AS a (name, key)
INNER JOIN claims AS c ON c.name = a.name AND c.key = a.key
UNION
SELECT c.name, c.key, c.holder
FROM unnest(:holder_names::text[], :holders::text[]) AS a (name, holder)
INNER JOIN claims AS c ON c.name = a.name AND c.holder = a.holder;

-- name: delete_claims!
-- Claims let go.
DELETE FROM claims AS c
USING unnest(:names::text[], :keys::text[]) AS a (name, key)
WHERE c.name = a.name AND c.key = a.key;

-- name: insert_claims!
-- Claims taken.
INSERT INTO claims (name, key, holder)
SELECT a.name, a.key, a.holder
FROM unnest(:names::text[], :keys::text[], :holders::text[]) AS a (name, key, holder);

-- name: clear_claims!
-- Before claims are written anew from the log.
DELETE FROM claims;

-- name: insert_texts!
-- Erasable texts of an append.
INSERT INTO texts (text_id, subject, kind, body, salt)
SELECT a.text_id, a.subject, a.kind, a.body, a.salt
FROM unnest(:text_ids::uuid[], :subjects::text[], :kinds::text[], :bodies::text[], :salts::bytea[])
    AS a (text_id, subject, kind, body, salt);

-- name: read_texts
-- Texts by id; erased ones are missing.
SELECT text_id, body FROM texts WHERE text_id = ANY(:text_ids::uuid[]);

-- name: erase_texts
-- All texts of one subject, with their salts.
DELETE FROM texts WHERE subject = :subject RETURNING text_id;
