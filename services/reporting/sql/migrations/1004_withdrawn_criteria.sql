-- migrate:up
-- Names of ratings know their set, to fall behind when it is withdrawn. What was kept does not say it, so the consumer
-- "reporting.ratings" reads its source again from the beginning: a handful of events.
DELETE FROM held_event WHERE consumer = 'reporting.ratings';
DELETE FROM held_key WHERE consumer = 'reporting.ratings';
DELETE FROM consumer_position WHERE consumer = 'reporting.ratings';
DELETE FROM rating_band;
ALTER TABLE rating_band
    ADD COLUMN criteria_set text NOT NULL,
    ADD COLUMN revision integer NOT NULL,
    ADD COLUMN withdrawn boolean NOT NULL DEFAULT false;

-- migrate:down
