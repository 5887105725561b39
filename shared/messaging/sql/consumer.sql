-- name: add_positions!
-- A consumer's first sight of a partition.
INSERT INTO consumer_position (consumer, log_id, partition)
SELECT :consumer, log_id, partition
FROM unnest(CAST(:log_ids AS text[]), CAST(:partitions AS integer[])) AS place (log_id, partition)
ORDER BY log_id, partition
ON CONFLICT DO NOTHING;

-- name: lock_positions
-- Locked in one order by all, so that no two batches wait for each other.
SELECT log_id, partition, position, next_offset, last_offset, last_event_id, recorded_at
FROM consumer_position
WHERE consumer = :consumer
    AND (log_id, partition) IN (
        SELECT log_id, partition
        FROM unnest(CAST(:log_ids AS text[]), CAST(:partitions AS integer[])) AS place (log_id, partition)
    )
ORDER BY log_id, partition
FOR UPDATE;

-- name: save_positions!
-- Where the consumer is after the batch.
UPDATE consumer_position AS at
SET
    position = moved.position,
    next_offset = moved.next_offset,
    last_offset = moved.last_offset,
    last_event_id = moved.last_event_id,
    recorded_at = moved.recorded_at
FROM
    unnest(
        CAST(:log_ids AS text[]), CAST(:partitions AS integer[]), CAST(:positions AS bigint[]),
        CAST(:next_offsets AS bigint[]), CAST(:last_offsets AS bigint[]), CAST(:last_event_ids AS uuid[]),
        CAST(:recorded_ats AS timestamptz[])
    ) AS moved (log_id, partition, position, next_offset, last_offset, last_event_id, recorded_at)
WHERE at.consumer = :consumer AND at.log_id = moved.log_id AND at.partition = moved.partition;

-- name: positions
-- All positions of a consumer.
SELECT log_id, partition, position, next_offset, last_offset, last_event_id, recorded_at
FROM consumer_position
WHERE consumer = :consumer
ORDER BY log_id, partition;

-- name: start_over!
-- The topic is another one: fetch from its start, the position filters what was applied.
UPDATE consumer_position
SET next_offset = 0, last_offset = NULL, last_event_id = NULL
WHERE consumer = :consumer AND log_id = :log_id AND partition = :partition;

-- name: lock_keys
-- Held ones of the given keys, locked in one order by all.
SELECT log_id, key, partition, state, reason, waits_for, ready, since
FROM held_key
WHERE consumer = :consumer
    AND (log_id, key) IN (
        SELECT log_id, key FROM unnest(CAST(:log_ids AS text[]), CAST(:keys AS text[])) AS wanted (log_id, key)
    )
ORDER BY log_id, key
FOR UPDATE;

-- name: count_held
-- How many events each of a consumer's given keys holds.
SELECT log_id, key, count(*) AS events
FROM held_event
WHERE consumer = :consumer
    AND (log_id, key) IN (
        SELECT log_id, key FROM unnest(CAST(:log_ids AS text[]), CAST(:keys AS text[])) AS wanted (log_id, key)
    )
GROUP BY log_id, key;

-- name: put_key!
-- Holds a key, or says anew why; `since` is of the first time.
INSERT INTO held_key (consumer, log_id, key, partition, state, reason, waits_for, ready)
VALUES (:consumer, :log_id, :key, :partition, :state, :reason, :waits_for, :ready)
ON CONFLICT (consumer, log_id, key) DO UPDATE
SET state = excluded.state, reason = excluded.reason, waits_for = excluded.waits_for, ready = excluded.ready;

-- name: drop_key!
-- Its events must be gone: the foreign key refuses otherwise.
DELETE FROM held_key WHERE consumer = :consumer AND log_id = :log_id AND key = :key;

-- name: hold_events!
-- Events behind their held keys, as fetched.
INSERT INTO held_event (
    consumer, log_id, key, position, type, topic, partition, record_offset, record_key, record_value, record_headers
)
SELECT
    :consumer, log_id, key, position, type, topic, partition, record_offset, record_key, record_value,
    CAST(record_headers AS json)
FROM
    unnest(
        CAST(:log_ids AS text[]), CAST(:keys AS text[]), CAST(:positions AS bigint[]), CAST(:types AS text[]),
        CAST(:topics AS text[]), CAST(:partitions AS integer[]), CAST(:record_offsets AS bigint[]),
        CAST(:record_keys AS bytea[]), CAST(:record_values AS bytea[]), CAST(:record_headers AS text[])
    ) AS held (
        log_id, key, position, type, topic, partition, record_offset, record_key, record_value, record_headers
    );

-- name: held_events
-- The first events of a held key, in position order.
SELECT position, type, topic, partition, record_offset, record_key, record_value, record_headers
FROM held_event
WHERE consumer = :consumer AND log_id = :log_id AND key = :key
ORDER BY position
LIMIT :limit;

-- name: drop_events!
-- Events that were applied.
DELETE FROM held_event
WHERE consumer = :consumer AND log_id = :log_id AND key = :key AND position = ANY(CAST(:positions AS bigint[]));

-- name: lock_names_exclusive!
-- Nobody announces a name until this transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended('messaging.names', 0));

-- name: lock_names_shared!
-- Nobody decides that a name is missing until this transaction ends.
SELECT pg_advisory_xact_lock_shared(hashtextextended('messaging.names', 0));

-- name: make_ready$
-- Marks who waits for one of the names, at any consumer; locked in one order by all.
WITH waiting AS (
    SELECT consumer, log_id, key
    FROM held_key
    WHERE waits_for = ANY(CAST(:names AS text[])) AND NOT ready
    ORDER BY consumer, log_id, key
    FOR UPDATE
), marked AS (
    UPDATE held_key SET ready = true
    FROM waiting
    WHERE held_key.consumer = waiting.consumer AND held_key.log_id = waiting.log_id AND held_key.key = waiting.key
    RETURNING 1
)
SELECT count(*) FROM marked;

-- name: ready_keys
-- Keys to go on with; those that another process has at hand are left to it.
SELECT log_id, key, partition, state, reason, waits_for, ready, since
FROM held_key
WHERE consumer = :consumer AND ready
ORDER BY log_id, key
LIMIT :limit
FOR UPDATE SKIP LOCKED;

-- name: quarantine$
-- Keeps records that have no place in a log; how many were new.
WITH kept AS (
    INSERT INTO quarantined_record (
        consumer, topic, partition, record_offset, digest, reason, record_key, record_value, record_headers
    )
    SELECT
        :consumer, topic, partition, record_offset, digest, reason, record_key, record_value,
        CAST(record_headers AS json)
    FROM
        unnest(
            CAST(:topics AS text[]), CAST(:partitions AS integer[]), CAST(:record_offsets AS bigint[]),
            CAST(:digests AS bytea[]), CAST(:reasons AS text[]), CAST(:record_keys AS bytea[]),
            CAST(:record_values AS bytea[]), CAST(:record_headers AS text[])
        ) AS found (
            topic, partition, record_offset, digest, reason, record_key, record_value, record_headers
        )
    ON CONFLICT DO NOTHING
    RETURNING 1
)
SELECT count(*) FROM kept;

-- name: quarantined
-- Places and reasons of what nobody has dismissed, newest first, without what was in it. A null consumer means all.
SELECT consumer, topic, partition, record_offset, reason, quarantined_at
FROM quarantined_record
WHERE (CAST(:consumer AS text) IS NULL OR consumer = :consumer) AND dismissed_at IS NULL
ORDER BY quarantined_at DESC
LIMIT 1000;

-- name: count_quarantined$
-- How many records a consumer has put aside that nobody has dismissed.
SELECT count(*) FROM quarantined_record WHERE consumer = :consumer AND dismissed_at IS NULL;

-- name: count_ignored!
-- Adds to the counters of types that are not declared here.
INSERT INTO ignored_event (consumer, log_id, type, events)
SELECT :consumer, log_id, type, events
FROM unnest(CAST(:log_ids AS text[]), CAST(:types AS text[]), CAST(:counts AS bigint[])) AS seen (log_id, type, events)
ORDER BY log_id, type
ON CONFLICT (consumer, log_id, type) DO UPDATE SET events = ignored_event.events + excluded.events;

-- name: ignored
-- The counters of a consumer.
SELECT log_id, type, events FROM ignored_event WHERE consumer = :consumer;

-- name: tally^
-- Recent events and failures; each batch lets older ones fade.
INSERT INTO consumer_health AS health (consumer, declared, failed)
VALUES (:consumer, :declared, :failed)
ON CONFLICT (consumer) DO UPDATE
SET
    declared = health.declared * :kept + excluded.declared,
    failed = health.failed * :kept + excluded.failed
RETURNING declared, failed;

-- name: set_stopped!
-- Says since when and why a consumer is stopped; a null reason means that it goes on.
INSERT INTO consumer_health AS health (consumer, stopped_since, stopped_reason)
VALUES (:consumer, CASE WHEN CAST(:reason AS text) IS NOT NULL THEN clock_timestamp() END, :reason)
ON CONFLICT (consumer) DO UPDATE
SET
    stopped_since = CASE
        WHEN excluded.stopped_reason IS NOT NULL THEN coalesce(health.stopped_since, excluded.stopped_since)
    END,
    stopped_reason = excluded.stopped_reason;

-- name: stopped^
-- Whether a consumer is stopped.
SELECT stopped_since, stopped_reason
FROM consumer_health
WHERE consumer = :consumer AND stopped_reason IS NOT NULL;

-- name: held_keys
-- All keys that wait or are parked, oldest first. A null consumer means all.
SELECT
    held_key.consumer, held_key.log_id, held_key.key, held_key.partition, held_key.state, held_key.reason,
    held_key.waits_for, held_key.ready, held_key.since,
    held.events, held.first_position
FROM held_key
CROSS JOIN LATERAL (
    SELECT count(*) AS events, min(held_event.position) AS first_position
    FROM held_event
    WHERE held_event.consumer = held_key.consumer
        AND held_event.log_id = held_key.log_id
        AND held_event.key = held_key.key
) AS held
WHERE CAST(:consumer AS text) IS NULL OR held_key.consumer = :consumer
ORDER BY held_key.since, held_key.log_id, held_key.key;

-- name: lock_progress!
-- Progress of one log is recorded by one process at a time.
SELECT pg_advisory_xact_lock(hashtextextended('messaging.progress.' || CAST(:log_id AS text), 0));

-- name: add_progress!
-- What a relay said.
INSERT INTO source_progress (log_id, position, time, end_offsets, last)
VALUES (:log_id, :position, :time, CAST(:end_offsets AS json), CAST(:last AS json))
ON CONFLICT DO NOTHING;

-- name: latest_progress^
-- The newest that is known.
SELECT log_id, position, time, end_offsets, last
FROM source_progress
WHERE log_id = :log_id
ORDER BY time DESC, position DESC
LIMIT 1;

-- name: prune_progress!
-- Records older than the newest one that each of the consumers has passed are of no more use. The slowest bounds what is
-- looked at: behind one that stands still, many may gather. Positions of consumers that are no more stand still for ever.
DELETE FROM source_progress AS old
USING (
    SELECT said.position, said.time
    FROM source_progress AS said
    WHERE said.log_id = :log_id
        AND said.position <= (
            SELECT coalesce(min(reached), 9223372036854775807)
            FROM (
                SELECT max(position) AS reached
                FROM consumer_position
                WHERE log_id = :log_id AND (:consumers::text[] IS NULL OR consumer = ANY(:consumers))
                GROUP BY consumer
            ) AS each
        )
        AND NOT EXISTS (
            SELECT 1
            FROM (
                SELECT DISTINCT consumer
                FROM consumer_position
                WHERE log_id = :log_id AND (:consumers::text[] IS NULL OR consumer = ANY(:consumers))
            ) AS reader
            WHERE NOT has_passed(reader.consumer, said)
        )
    ORDER BY said.position DESC, said.time DESC
    LIMIT 1
) AS done
WHERE old.log_id = :log_id AND (old.position, old.time) < (done.position, done.time);

-- name: watermark^
-- The newest progress of a log that the consumer has passed, and what it holds.
SELECT
    said.position,
    said.time,
    ARRAY(
        SELECT key FROM held_key WHERE consumer = :consumer AND log_id = :log_id ORDER BY key
    ) AS held_keys
FROM source_progress AS said
WHERE said.log_id = :log_id
    AND said.position <= (
        SELECT coalesce(max(position), 0) FROM consumer_position WHERE consumer = :consumer AND log_id = :log_id
    )
    AND has_passed(:consumer, said)
ORDER BY said.position DESC, said.time DESC
LIMIT 1;
