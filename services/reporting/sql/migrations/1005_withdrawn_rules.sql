-- migrate:up
-- A row without them takes back what was decided before it to hold from the same day.
ALTER TABLE presence_rule
    ALTER COLUMN both_calls_needed DROP NOT NULL,
    ALTER COLUMN source DROP NOT NULL;

-- migrate:down
