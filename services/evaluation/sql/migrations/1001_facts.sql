-- migrate:up
-- What a score is derived from: meetings and roll calls as this service has learned them.
-- `minutes`: of the shortest sitting; several sittings are groups of one cell, and each has to last long enough.
CREATE TABLE meeting (
    meeting_id uuid PRIMARY KEY,
    unit_id uuid NOT NULL,
    body text NOT NULL,
    period text NOT NULL,
    parts text[] NOT NULL,
    status text NOT NULL,
    held_on date,
    minutes integer,
    speakers integer
);
CREATE INDEX meeting_unit_period ON meeting (unit_id, period);

-- Only a roll call that ended says who was absent.
CREATE TABLE closed_roll_call (
    meeting_id uuid PRIMARY KEY
);

CREATE TABLE roster_row (
    meeting_id uuid NOT NULL,
    member_id uuid NOT NULL,
    expected boolean NOT NULL,
    hosted boolean NOT NULL,
    PRIMARY KEY (meeting_id, member_id)
);

CREATE TABLE check_in (
    meeting_id uuid NOT NULL,
    member_id uuid NOT NULL,
    sitting_id uuid NOT NULL,
    call text NOT NULL,
    PRIMARY KEY (meeting_id, member_id, sitting_id, call)
);

CREATE TABLE absence (
    meeting_id uuid NOT NULL,
    member_id uuid NOT NULL,
    excused boolean NOT NULL,
    PRIMARY KEY (meeting_id, member_id)
);

-- migrate:down
