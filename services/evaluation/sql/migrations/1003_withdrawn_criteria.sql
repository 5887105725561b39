-- migrate:up
-- Published in error: kept for the scores that were made with it, chosen for none that come.
ALTER TABLE criteria_set ADD COLUMN withdrawn boolean NOT NULL DEFAULT false;

-- migrate:down
