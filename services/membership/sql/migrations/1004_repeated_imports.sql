-- migrate:up
-- Of rows that a machine pushed: its request, hashed with the service's secret, so that another one under the same
-- Idempotency-Key is told apart and nobody can guess a name back from it.
ALTER TABLE import_file ADD COLUMN body_hash bytea;

-- migrate:down
