-- name: sessions_named$
-- How many other sessions on this database call themselves by one of the names.
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = ANY (:names::text[]) AND pid <> pg_backend_pid();
