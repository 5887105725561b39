-- migrate:up
-- What a command's body is hashed with. The hash is beside every event, on its topic too, and a body may hold a name or
-- the reason of an absence: without a key that never leaves this database, both could be guessed back.
CREATE TABLE body_key (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    key bytea NOT NULL
);
INSERT INTO body_key (key) VALUES (sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())));

REVOKE ALL ON body_key FROM service_runtime, service_api;
GRANT SELECT ON body_key TO service_api;

-- migrate:down
