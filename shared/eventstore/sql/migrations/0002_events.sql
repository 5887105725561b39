-- migrate:up
-- The log: source of truth of this service. Appends hold an advisory lock, so position order is commit order.
-- A cached sequence would hand out blocks of positions per connection and break that order.
CREATE SEQUENCE events_position_seq AS bigint CACHE 1;

CREATE TABLE events (
    position bigint PRIMARY KEY DEFAULT nextval('events_position_seq'),
    stream text NOT NULL CHECK (stream <> ''),
    version integer NOT NULL CHECK (version > 0),
    key text NOT NULL CHECK (key <> ''),
    event_id uuid NOT NULL,
    command_id uuid NOT NULL,
    n integer NOT NULL CHECK (n >= 0),
    type text NOT NULL CHECK (type <> ''),
    schema_version integer NOT NULL CHECK (schema_version > 0),
    data json NOT NULL, -- json keeps the bytes as they came; jsonb would not
    metadata json NOT NULL,
    recorded_at timestamptz NOT NULL,
    CONSTRAINT events_stream_version UNIQUE (stream, version),
    CONSTRAINT events_event_id UNIQUE (event_id),
    CONSTRAINT events_command UNIQUE (command_id, n)
);

ALTER SEQUENCE events_position_seq OWNED BY events.position;

-- The log is never rewritten: a running service can add and read, nothing else.
REVOKE ALL ON events FROM service_runtime;
GRANT SELECT, INSERT ON events TO service_runtime;

-- migrate:down
