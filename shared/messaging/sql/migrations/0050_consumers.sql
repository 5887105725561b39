-- migrate:up
-- How far each consumer is on each partition of each log's topic. `position` alone decides duplicates.
CREATE TABLE consumer_position (
    consumer text NOT NULL,
    log_id text NOT NULL,
    partition integer NOT NULL CHECK (partition >= 0),
    position bigint NOT NULL DEFAULT 0,
    next_offset bigint NOT NULL DEFAULT 0, -- where to fetch, nothing else
    last_offset bigint, -- the record there must still be last_event_id, or the topic is another one
    last_event_id uuid,
    recorded_at timestamptz, -- of the last event
    PRIMARY KEY (consumer, log_id, partition)
);

-- The stop rule's memory, and whether the consumer is stopped.
CREATE TABLE consumer_health (
    consumer text PRIMARY KEY,
    declared double precision NOT NULL DEFAULT 0,
    failed double precision NOT NULL DEFAULT 0,
    stopped_since timestamptz,
    stopped_reason text
);

CREATE TABLE ignored_event (
    consumer text NOT NULL,
    log_id text NOT NULL,
    type text NOT NULL,
    events bigint NOT NULL,
    PRIMARY KEY (consumer, log_id, type)
);

-- migrate:down
