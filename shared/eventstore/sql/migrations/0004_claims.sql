-- migrate:up
-- Rules over several streams. Written under the log's lock only, and rebuilt from the log at any time.
CREATE TABLE claims (
    name text NOT NULL,
    key text NOT NULL,
    holder text NOT NULL,
    PRIMARY KEY (name, key)
);

CREATE INDEX claims_holder ON claims (name, holder);

-- migrate:down
