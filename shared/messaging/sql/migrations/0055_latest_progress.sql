-- migrate:up

-- What a relay said last: asked for every few seconds, also while many records gather behind a consumer that stands still.
CREATE INDEX source_progress_time ON source_progress (log_id, time, position);

-- migrate:down
