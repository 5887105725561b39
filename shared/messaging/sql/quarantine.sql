-- name: everything
-- Records that were put aside: places and reasons, newest first, without what was in it.
SELECT
    consumer, topic, partition, record_offset, reason, quarantined_at, dismissed_at, dismissed_by, dismissed_reason
FROM quarantined_record
WHERE dismissed_at IS NULL OR :with_dismissed
ORDER BY quarantined_at DESC
LIMIT 1000;

-- name: dismiss$
-- Marks records of one place, or (nulls) of a whole topic; how many. Those that are dismissed keep who did it first.
WITH dismissed AS (
    UPDATE quarantined_record
    SET dismissed_at = clock_timestamp(), dismissed_by = :by, dismissed_reason = :reason
    WHERE
        consumer = :consumer
        AND topic = :topic
        AND (CAST(:partition AS integer) IS NULL OR partition = :partition)
        AND (CAST(:record_offset AS bigint) IS NULL OR record_offset = :record_offset)
        AND dismissed_at IS NULL
    RETURNING 1
)
SELECT count(*) FROM dismissed;
