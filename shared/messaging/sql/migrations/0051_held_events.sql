-- migrate:up
-- A key that waits for a name, or is parked. Its row is the lock between the consumer and a redrive.
CREATE TABLE held_key (
    consumer text NOT NULL,
    log_id text NOT NULL,
    key text NOT NULL,
    partition integer NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'parked')),
    reason text NOT NULL,
    waits_for text, -- the name that releases it
    ready boolean NOT NULL DEFAULT false, -- the name was announced
    since timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (consumer, log_id, key),
    CHECK ((state = 'waiting') = (waits_for IS NOT NULL))
);

CREATE INDEX held_key_waits_for ON held_key (waits_for) WHERE waits_for IS NOT NULL AND NOT ready;
CREATE INDEX held_key_ready ON held_key (consumer) WHERE ready;

-- Its events, as the records that were fetched: a repaired release may read them differently.
CREATE TABLE held_event (
    consumer text NOT NULL,
    log_id text NOT NULL,
    key text NOT NULL,
    position bigint NOT NULL,
    type text NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    record_offset bigint NOT NULL,
    record_key bytea,
    record_value bytea,
    record_headers json NOT NULL, -- [[name, base64 or null], ...]
    PRIMARY KEY (consumer, log_id, key, position),
    FOREIGN KEY (consumer, log_id, key) REFERENCES held_key (consumer, log_id, key)
);

-- Records that have no place in a log. `digest` tells two records apart that had the same offset of two topics.
CREATE TABLE quarantined_record (
    consumer text NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    record_offset bigint NOT NULL,
    digest bytea NOT NULL,
    reason text NOT NULL,
    record_key bytea,
    record_value bytea,
    record_headers json NOT NULL,
    quarantined_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (consumer, topic, partition, record_offset, digest)
);

-- migrate:down
