-- migrate:up
-- How far a source was pulled: its cursor, the ETag of what was taken last at that cursor, and how many pages that were.
CREATE TABLE pull_source (
    source text PRIMARY KEY,
    cursor text,
    etag text,
    pages bigint NOT NULL
);

-- Rows of a source that had problems: tried again with its next page, or when the log went on. Erasable, like a file.
CREATE TABLE pull_quarantine (
    source text NOT NULL,
    code_hash bytea NOT NULL, -- of the member's code, as in member_identity
    record json NOT NULL,
    tried_at bigint NOT NULL, -- the position of the log
    PRIMARY KEY (source, code_hash)
);

-- migrate:down
