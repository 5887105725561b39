-- migrate:up
-- A time that the log was said to be complete up to. What is appended later is recorded later, whatever the clock says.
CREATE TABLE log_seal (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    time timestamptz NOT NULL
);
INSERT INTO log_seal (time) VALUES ('-infinity');

-- migrate:down
