-- migrate:up
-- What this service knows of units, offices, assignments and members' cells, from membership's events.
-- `position`: of the event in membership's log, so that the tree can be asked for as it was known then.

-- Kinds of unit as data: a commune's cells, a province's blocks.
CREATE TABLE unit_kind (
    kind text NOT NULL,
    position bigint NOT NULL,
    valid_from date NOT NULL,
    name text NOT NULL,
    is_cell boolean NOT NULL,
    decides_ratings boolean NOT NULL,
    PRIMARY KEY (kind, position)
);

-- Every unit that was ever registered, whether or not it still exists.
CREATE TABLE unit (
    unit_id uuid PRIMARY KEY,
    position bigint NOT NULL
);

-- One row per change of a unit, holding only what that change says; the others are NULL. What holds on a day is, for
-- each column by itself, the row with the latest `valid_from` (then `position`): so a change that is learned late, for an
-- earlier day, falls into its place without rewriting any row.
CREATE TABLE unit_version (
    unit_id uuid NOT NULL,
    position bigint NOT NULL,
    event_id uuid NOT NULL,
    valid_from date NOT NULL,
    name text,
    kind text,
    cell_type text,
    parent_id uuid,
    ended boolean NOT NULL DEFAULT false,
    successor_id uuid,
    withdrawn_position bigint,
    PRIMARY KEY (unit_id, position)
);
CREATE INDEX unit_version_event_id ON unit_version (event_id);

-- Tenures; both days included.
CREATE TABLE office (
    office_id uuid PRIMARY KEY,
    position bigint NOT NULL,
    unit_id uuid NOT NULL,
    role text NOT NULL,
    member_id uuid,
    valid_from date NOT NULL,
    valid_until date
);

-- Members who follow a unit or take its notes; both days included.
CREATE TABLE assignment (
    assignment_id uuid PRIMARY KEY,
    position bigint NOT NULL,
    kind text NOT NULL,
    member_id uuid NOT NULL,
    unit_id uuid NOT NULL,
    valid_from date NOT NULL,
    valid_until date
);
CREATE INDEX assignment_member_id ON assignment (member_id);

-- To which cell a member belongs from a day on, until the next row; NULL: the member has departed.
CREATE TABLE member_cell (
    member_id uuid NOT NULL,
    position bigint NOT NULL,
    event_id uuid NOT NULL,
    cell_id uuid,
    valid_from date NOT NULL,
    withdrawn_position bigint,
    PRIMARY KEY (member_id, position)
);
CREATE INDEX member_cell_event_id ON member_cell (event_id);

-- migrate:down
