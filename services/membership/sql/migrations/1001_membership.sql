-- migrate:up
-- Erasable tables of membership, backed up with the log. Everything else is folded from the log or the directory's.

-- Files as they were sent. `content` holds names, so it goes as soon as the file is applied, or a week later.
CREATE TABLE import_file (
    import_id uuid PRIMARY KEY,
    kind text NOT NULL,
    mapping json NOT NULL, -- as it was when the file was sent: an apply reads the file as the preview did
    as_of date NOT NULL,
    file_name text NOT NULL,
    content bytea,
    state text NOT NULL CHECK (state IN ('previewed', 'applying', 'applied')),
    preview json NOT NULL,
    digest text NOT NULL, -- of what the preview would change
    left_out integer[] NOT NULL DEFAULT '{}',
    sent_at timestamptz NOT NULL
);

-- Keyed hash of an outer code -> the member's random id. Erasing a member removes it: the code then names nobody.
CREATE TABLE member_identity (
    code_hash bytea PRIMARY KEY,
    member_id uuid NOT NULL
);
CREATE INDEX member_identity_member_id ON member_identity (member_id);

-- Of the directory, asked here alone: who is in a cell.
CREATE INDEX member_cell_cell_id ON member_cell (cell_id);

-- migrate:down
