-- migrate:up
-- Personal and free texts: an event holds the id and the salted hash, the text itself can be erased.
-- Salt and text go together, so that after erasure the hash in the event cannot be guessed.
CREATE TABLE texts (
    text_id uuid PRIMARY KEY,
    subject text NOT NULL CHECK (subject <> ''),
    kind text NOT NULL CHECK (kind <> ''),
    body text NOT NULL,
    salt bytea NOT NULL
);

CREATE INDEX texts_subject ON texts (subject);

-- migrate:down
