-- name: count_events$
-- How many events a log has; its last position may be higher.
SELECT count(*) FROM events;
