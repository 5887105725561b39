-- migrate:up
-- Members over valid time, as dated changes: a roster is drawn for a day, not for today.
-- `position`: of the member's last event that is applied here.
CREATE TABLE member (
    member_id uuid PRIMARY KEY,
    position bigint NOT NULL
);

-- From `since` on the member belongs to the cell, until the next row.
CREATE TABLE belonging (
    member_id uuid NOT NULL,
    position bigint NOT NULL,
    event_id uuid NOT NULL,
    since date NOT NULL,
    cell_id uuid NOT NULL,
    withdrawn boolean NOT NULL DEFAULT false,
    PRIMARY KEY (member_id, position)
);
CREATE INDEX belonging_cell ON belonging (cell_id);
CREATE INDEX belonging_event ON belonging (event_id);

-- Standing and status from `since` to `until`, both days included.
CREATE TABLE spell (
    member_id uuid NOT NULL,
    position bigint NOT NULL,
    event_id uuid NOT NULL,
    since date NOT NULL,
    until date,
    standing text NOT NULL,
    status text NOT NULL,
    host_cell_id uuid,
    withdrawn boolean NOT NULL DEFAULT false,
    PRIMARY KEY (member_id, position)
);
CREATE INDEX spell_host_cell ON spell (host_cell_id) WHERE host_cell_id IS NOT NULL;
CREATE INDEX spell_event ON spell (event_id);

-- migrate:down
