-- migrate:up
-- Who wants which public events of a unit and all below it, and where they are sent to. Secrets stand here readable,
-- for the service's own role alone: each attempt is signed with them.
CREATE TABLE webhook_subscription (
    subscription_id uuid PRIMARY KEY,
    unit_id uuid NOT NULL,
    url text NOT NULL,
    types text[] NOT NULL,
    secret text NOT NULL,
    former_secret text, -- signs beside it until then, so that a receiver can change over
    former_secret_until timestamptz,
    state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'paused', 'ended')),
    reason text, -- why it ended
    made_by text NOT NULL,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    not_before timestamptz, -- the receiver asked for a pause
    epoch bigint NOT NULL DEFAULT 0, -- fences a deliverer that was replaced without noticing
    leased_until timestamptz NOT NULL DEFAULT '-infinity'
);
CREATE UNIQUE INDEX webhook_subscription_target ON webhook_subscription (unit_id, url) WHERE state <> 'ended';

-- The deliveries of one key that have not gone out, in one row: only the first of them may be tried. It is the lock
-- between the consumer that adds to it and the deliverer that takes away.
CREATE TABLE webhook_line (
    subscription_id uuid NOT NULL REFERENCES webhook_subscription ON DELETE CASCADE,
    log_id text NOT NULL,
    key text NOT NULL,
    waiting integer NOT NULL CHECK (waiting >= 0),
    attempts integer NOT NULL DEFAULT 0, -- of the first, that failed
    next_attempt_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    parked_at timestamptz,
    reason text,
    PRIMARY KEY (subscription_id, log_id, key)
);
CREATE INDEX webhook_line_due ON webhook_line (subscription_id, next_attempt_at) WHERE parked_at IS NULL;

-- One event for one subscription. The event's data are kept until it went out, and not longer.
CREATE TABLE webhook_delivery (
    subscription_id uuid NOT NULL REFERENCES webhook_subscription ON DELETE CASCADE,
    log_id text NOT NULL,
    position bigint NOT NULL,
    key text NOT NULL,
    event_id uuid NOT NULL,
    type text NOT NULL,
    schema_version integer NOT NULL,
    stream text NOT NULL,
    recorded_at timestamptz NOT NULL,
    data json, -- json, not jsonb: sent byte for byte
    queued_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    done_at timestamptz,
    outcome text CHECK (outcome IN ('delivered', 'dropped')),
    PRIMARY KEY (subscription_id, log_id, position),
    CHECK ((done_at IS NULL) = (outcome IS NULL))
);
CREATE INDEX webhook_delivery_first ON webhook_delivery (subscription_id, log_id, key, position) WHERE done_at IS NULL;
CREATE INDEX webhook_delivery_oldest ON webhook_delivery (subscription_id, queued_at) WHERE done_at IS NULL;
CREATE INDEX webhook_delivery_done ON webhook_delivery (done_at) WHERE done_at IS NOT NULL;

-- migrate:down
