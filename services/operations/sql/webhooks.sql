-- name: add$
-- A new subscription; nothing comes back if the unit has one to that address already.
INSERT INTO webhook_subscription (subscription_id, unit_id, url, types, secret, made_by)
VALUES (:subscription_id, :unit_id, :url, :types, :secret, :made_by)
ON CONFLICT (unit_id, url) WHERE state <> 'ended' DO NOTHING
RETURNING subscription_id;

-- name: lock_unit!
-- So that two who add a subscription to a unit at once see one another.
SELECT pg_advisory_xact_lock(hashtextextended('operations.webhooks ' || :unit_id::uuid, 0));

-- name: count_of_unit$
-- How many subscriptions the unit has.
SELECT count(*) FROM webhook_subscription WHERE unit_id = :unit_id;

-- name: subscriptions
-- All of them or one, with what waits. What one that ended has left is not counted: it goes out to nobody.
SELECT
    s.subscription_id, s.unit_id, s.url, s.types, s.state, s.reason, s.made_by, s.made_at,
    CASE WHEN s.former_secret_until > clock_timestamp() THEN s.former_secret_until END AS former_secret_until,
    coalesce(lines.waiting, 0)::integer AS waiting,
    coalesce(lines.parked, 0)::integer AS parked,
    CASE WHEN s.state <> 'ended' THEN (
        SELECT min(d.queued_at)
        FROM webhook_delivery AS d
        WHERE d.subscription_id = s.subscription_id AND d.done_at IS NULL
    ) END AS oldest
FROM webhook_subscription AS s
LEFT JOIN LATERAL (
    SELECT sum(l.waiting) AS waiting, sum(l.waiting) FILTER (WHERE l.parked_at IS NOT NULL) AS parked
    FROM webhook_line AS l
    WHERE l.subscription_id = s.subscription_id AND s.state <> 'ended'
) AS lines ON true
WHERE :subscription_id::uuid IS NULL OR s.subscription_id = :subscription_id
ORDER BY s.made_at, s.subscription_id;

-- name: set_state$
-- Pauses a subscription or lets it go on; nothing comes back if it is not there or has ended.
UPDATE webhook_subscription SET state = :state
WHERE subscription_id = :subscription_id AND state <> 'ended'
RETURNING subscription_id;

-- name: rotate$
-- A new secret; the one before signs beside it for a while.
UPDATE webhook_subscription
SET secret = :secret, former_secret = secret,
    former_secret_until = clock_timestamp() + :valid_seconds::double precision * interval '1 second'
WHERE subscription_id = :subscription_id AND state <> 'ended'
RETURNING former_secret_until;

-- name: remove$
-- The subscription with everything that waits for it.
DELETE FROM webhook_subscription WHERE subscription_id = :subscription_id RETURNING subscription_id;

-- name: wanting
-- Who wants events, kept from being removed until this transaction ends.
SELECT subscription_id, unit_id, types, made_by, made_at
FROM webhook_subscription
WHERE state <> 'ended'
ORDER BY subscription_id
FOR KEY SHARE;

-- name: directory_behind$
-- Whether the directory has yet to take an event of membership that is at this position of its partition.
SELECT EXISTS (
    SELECT
    FROM unnest(:partitions::integer[], :positions::bigint[]) AS wanted (partition, position)
    LEFT JOIN consumer_position AS at
        ON at.consumer = 'directory' AND at.log_id = 'membership' AND at.partition = wanted.partition
    WHERE at.position IS NULL OR at.position < wanted.position
);

-- name: cells_of_members
-- The cell that each member belongs to, or belonged to last; what was withdrawn counts where there is nothing else.
SELECT DISTINCT ON (member_id) member_id, cell_id
FROM member_cell
WHERE member_id = ANY(:member_ids::uuid[]) AND cell_id IS NOT NULL
ORDER BY member_id, (withdrawn_position IS NULL) DESC, (valid_from <= :today) DESC, valid_from DESC, position DESC;

-- name: known_units
-- Which of the units were ever registered.
SELECT unit_id FROM unit WHERE unit_id = ANY(:unit_ids::uuid[]);

-- name: standing
-- Which of `tops` each unit is or stands below, as known at a position: today, or on the last day (or the first) that
-- it existed.
SELECT asked.unit_id, asked.known_position, above.unit_id AS top
FROM unnest(:unit_ids::uuid[], :known_positions::bigint[]) AS asked (unit_id, known_position)
CROSS JOIN LATERAL (
    SELECT
        CASE
            WHEN min(v.valid_from) > :today THEN min(v.valid_from)
            WHEN min(v.valid_from) FILTER (WHERE v.ended) <= :today THEN min(v.valid_from) FILTER (WHERE v.ended) - 1
            ELSE :today::date
        END AS day
    FROM unit_version AS v
    WHERE v.unit_id = asked.unit_id
        AND v.position <= asked.known_position
        AND (v.withdrawn_position IS NULL OR v.withdrawn_position > asked.known_position)
) AS existed
CROSS JOIN LATERAL unit_ancestors(asked.unit_id, existed.day, asked.known_position) AS above
WHERE above.unit_id = ANY(:tops::uuid[]);

-- name: queue!
-- Deliveries, each at the end of its key's line; one that is known already changes nothing.
WITH queued AS (
    INSERT INTO webhook_delivery (
        subscription_id, log_id, position, key, event_id, type, schema_version, stream, recorded_at, data
    )
    SELECT subscription_id, log_id, position, key, event_id, type, schema_version, stream, recorded_at, data::json
    FROM unnest(
        :subscription_ids::uuid[], :log_ids::text[], :positions::bigint[], :keys::text[], :event_ids::uuid[],
        :types::text[], :schema_versions::integer[], :streams::text[], :recorded_ats::timestamptz[], :datas::text[]
    ) AS sent (
        subscription_id, log_id, position, key, event_id, type, schema_version, stream, recorded_at, data
    )
    ON CONFLICT (subscription_id, log_id, position) DO NOTHING
    RETURNING subscription_id, log_id, key
)
INSERT INTO webhook_line (subscription_id, log_id, key, waiting)
SELECT subscription_id, log_id, key, count(*)
FROM queued
GROUP BY subscription_id, log_id, key
ORDER BY subscription_id, log_id, key
ON CONFLICT (subscription_id, log_id, key) DO UPDATE SET waiting = webhook_line.waiting + EXCLUDED.waiting;

-- name: lease
-- Subscriptions with something due, for one deliverer alone; whoever had them before is fenced. The one served longest
-- ago comes first.
UPDATE webhook_subscription AS s
SET epoch = s.epoch + 1, leased_until = clock_timestamp() + :seconds::double precision * interval '1 second'
FROM (
    SELECT due.subscription_id
    FROM webhook_subscription AS due
    CROSS JOIN LATERAL (
        SELECT
        FROM webhook_line AS l
        WHERE l.subscription_id = due.subscription_id
            AND l.parked_at IS NULL
            AND l.next_attempt_at <= clock_timestamp()
        ORDER BY l.next_attempt_at -- with its limit it keeps the planner from reading every line that there is
        LIMIT 1
    ) AS any_line
    WHERE due.state = 'active'
        AND due.leased_until <= clock_timestamp()
        AND (due.not_before IS NULL OR due.not_before <= clock_timestamp())
    ORDER BY due.leased_until
    LIMIT :most
    FOR NO KEY UPDATE OF due SKIP LOCKED
) AS due
WHERE s.subscription_id = due.subscription_id
RETURNING
    s.subscription_id, s.url, s.epoch, s.secret,
    CASE WHEN s.former_secret_until > clock_timestamp() THEN s.former_secret END AS former_secret;

-- name: give_back!
-- Others may serve the subscription.
UPDATE webhook_subscription SET leased_until = clock_timestamp()
WHERE subscription_id = :subscription_id AND epoch = :epoch;

-- name: heads
-- The first delivery of every key that is due, while the subscription is ours, runs, and its receiver wants any.
SELECT
    l.log_id, l.key, l.attempts, first.position, first.event_id, first.type, first.schema_version, first.stream,
    first.recorded_at, first.data
FROM webhook_subscription AS s
JOIN webhook_line AS l ON l.subscription_id = s.subscription_id
CROSS JOIN LATERAL (
    SELECT d.position, d.event_id, d.type, d.schema_version, d.stream, d.recorded_at, d.data
    FROM webhook_delivery AS d
    WHERE d.subscription_id = l.subscription_id AND d.log_id = l.log_id AND d.key = l.key AND d.done_at IS NULL
    ORDER BY d.position
    LIMIT 1
) AS first
WHERE s.subscription_id = :subscription_id
    AND s.epoch = :epoch
    AND s.state = 'active'
    AND (s.not_before IS NULL OR s.not_before <= clock_timestamp())
    AND l.parked_at IS NULL
    AND l.next_attempt_at <= clock_timestamp()
ORDER BY l.next_attempt_at, l.log_id, l.key
LIMIT :most;

-- name: hold$
-- Whether the subscription is still ours; nobody takes it over before this transaction ends.
SELECT epoch FROM webhook_subscription WHERE subscription_id = :subscription_id AND epoch = :epoch FOR SHARE;

-- name: wait$
-- The receiver wants nothing for a while; whether the subscription is still ours.
UPDATE webhook_subscription
SET not_before = greatest(not_before, clock_timestamp() + :seconds::double precision * interval '1 second')
WHERE subscription_id = :subscription_id AND epoch = :epoch
RETURNING epoch;

-- name: end$
-- The receiver wants nothing any more.
UPDATE webhook_subscription SET state = 'ended', reason = :reason
WHERE subscription_id = :subscription_id AND epoch = :epoch AND state <> 'ended'
RETURNING epoch;

-- name: done$
-- The first of a line is through, delivered or dropped: the next one's turn. Nothing comes back if it was through before.
WITH done AS (
    UPDATE webhook_delivery SET done_at = clock_timestamp(), outcome = :outcome, data = NULL
    WHERE subscription_id = :subscription_id AND log_id = :log_id AND position = :position AND done_at IS NULL
    RETURNING key
)
UPDATE webhook_line AS l
SET waiting = l.waiting - 1, attempts = 0, next_attempt_at = clock_timestamp(), parked_at = NULL, reason = NULL
FROM done
WHERE l.subscription_id = :subscription_id AND l.log_id = :log_id AND l.key = done.key
RETURNING l.waiting;

-- name: clear_line!
-- A line in which nothing stands any more.
DELETE FROM webhook_line
WHERE subscription_id = :subscription_id AND log_id = :log_id AND key = :key AND waiting = 0;

-- name: failed!
-- One more attempt has failed: it is tried again later, or parked with all that stand behind it. An attempt that was
-- under way during a redrive does not count.
UPDATE webhook_line
SET attempts = attempts + 1, reason = :reason,
    next_attempt_at = clock_timestamp() + :wait::double precision * interval '1 second',
    parked_at = CASE WHEN attempts + 1 >= :most THEN clock_timestamp() END
WHERE subscription_id = :subscription_id AND log_id = :log_id AND key = :key
    AND attempts = :attempts AND parked_at IS NULL;

-- name: lines
-- The keys of one subscription or of all whose first delivery failed, the parked ones first.
SELECT
    l.subscription_id, l.log_id, l.key, l.waiting, l.attempts, l.next_attempt_at, l.parked_at, l.reason,
    first.type AS first_type, first.position AS first_position, first.event_id AS first_event_id
FROM webhook_line AS l
JOIN webhook_subscription AS s ON s.subscription_id = l.subscription_id AND s.state <> 'ended'
CROSS JOIN LATERAL (
    SELECT d.type, d.position, d.event_id
    FROM webhook_delivery AS d
    WHERE d.subscription_id = l.subscription_id AND d.log_id = l.log_id AND d.key = l.key AND d.done_at IS NULL
    ORDER BY d.position
    LIMIT 1
) AS first
WHERE l.attempts > 0
    AND (:subscription_id::uuid IS NULL OR l.subscription_id = :subscription_id)
    AND (:log_id::text IS NULL OR (l.log_id = :log_id AND l.key = :key))
ORDER BY l.parked_at IS NULL, l.subscription_id, l.log_id, l.key
LIMIT :most;

-- name: redrive
-- Keys that failed are tried anew, at once; what they are comes back.
UPDATE webhook_line SET attempts = 0, next_attempt_at = clock_timestamp(), parked_at = NULL
WHERE subscription_id = :subscription_id
    AND attempts > 0
    AND (:log_id::text IS NULL OR (log_id = :log_id AND key = :key))
RETURNING waiting;

-- name: lock_line^
-- A parked key, kept from a deliverer and a redrive, and the delivery at its head.
SELECT l.waiting
FROM webhook_line AS l
WHERE l.subscription_id = :subscription_id AND l.log_id = :log_id AND l.key = :key AND l.parked_at IS NOT NULL
FOR UPDATE;

-- name: head_position$
-- The position of the first delivery of a key.
SELECT position
FROM webhook_delivery
WHERE subscription_id = :subscription_id AND log_id = :log_id AND key = :key AND done_at IS NULL
ORDER BY position
LIMIT 1;

-- name: end_overrun
-- Subscriptions for which more waits than anybody should keep.
UPDATE webhook_subscription AS s SET state = 'ended', reason = 'more than ' || :most::bigint || ' deliveries waited'
WHERE s.state <> 'ended'
    AND (SELECT sum(l.waiting) FROM webhook_line AS l WHERE l.subscription_id = s.subscription_id) > :most::bigint
RETURNING s.subscription_id;

-- name: clear_ended!
-- What waits for a subscription that ended goes out to nobody; a part of it.
DELETE FROM webhook_delivery
WHERE ctid = ANY(ARRAY(
    SELECT d.ctid
    FROM webhook_delivery AS d
    JOIN webhook_subscription AS s ON s.subscription_id = d.subscription_id AND s.state = 'ended'
    WHERE d.done_at IS NULL
    LIMIT :most
));

-- name: clear_ended_lines!
-- And its keys.
DELETE FROM webhook_line AS l
USING webhook_subscription AS s
WHERE s.subscription_id = l.subscription_id AND s.state = 'ended';

-- name: prune!
-- What went out some time ago; a part of it.
DELETE FROM webhook_delivery
WHERE ctid = ANY(ARRAY(
    SELECT d.ctid
    FROM webhook_delivery AS d
    WHERE d.done_at < clock_timestamp() - :seconds::double precision * interval '1 second'
    LIMIT :most
));
