-- migrate:up
-- What a source's relay said: whoever has passed these end offsets has seen everything up to `position`.
CREATE TABLE source_progress (
    log_id text NOT NULL,
    position bigint NOT NULL,
    time timestamptz NOT NULL,
    end_offsets json NOT NULL, -- {"partition": offset}
    last json NOT NULL, -- {"partition": position of its last event}
    PRIMARY KEY (log_id, position, time)
);

-- migrate:down
