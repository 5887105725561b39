-- migrate:up
-- Only the relay moves its checkpoint: whoever else could, could make it skip events or send them twice.
REVOKE ALL ON relay_checkpoint FROM service_api;
GRANT SELECT ON relay_checkpoint TO service_api;
GRANT SELECT, UPDATE ON relay_checkpoint TO service_relay;

-- migrate:down
