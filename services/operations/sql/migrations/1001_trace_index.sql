-- migrate:up
-- Where each event of each log is, and what it hangs together with: ids, positions, types, keys. Never its body, which
-- its owner is asked for. Thrown away, it is made again from the topics.
CREATE TABLE trace_event (
    log_id text NOT NULL,
    position bigint NOT NULL,
    seq bigint GENERATED ALWAYS AS IDENTITY,  -- in the order in which it became known here, for who watches
    event_id uuid NOT NULL,
    command_id uuid NOT NULL,
    n integer NOT NULL,
    correlation_id uuid NOT NULL,
    causation_id uuid,
    stream text NOT NULL,
    subject uuid,            -- what the stream is of, such as a meeting: the id at its end
    version integer NOT NULL,
    key text NOT NULL,
    key_id uuid,             -- the key, if it is an id: a cell's or a member's
    type text NOT NULL,
    schema_version integer NOT NULL,
    actor text NOT NULL,
    office_id uuid,          -- the actor, if an office
    on_behalf_of text,
    trace_id text,
    partition integer NOT NULL,
    record_offset bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    sent_at timestamptz,     -- by the topic's record; not known of one that was parked before
    indexed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (log_id, position)
);
CREATE UNIQUE INDEX trace_event_seq ON trace_event (seq);
CREATE INDEX trace_event_event_id ON trace_event (event_id);
CREATE INDEX trace_event_command_id ON trace_event (command_id);
CREATE INDEX trace_event_correlation_id ON trace_event (correlation_id);
CREATE INDEX trace_event_subject ON trace_event (subject, recorded_at);

-- migrate:down
