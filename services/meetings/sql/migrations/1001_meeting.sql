-- migrate:up
-- The list of a cell's meetings, from this service's own events; it can be thrown away and read again.
CREATE TABLE meeting (
    meeting_id uuid PRIMARY KEY,
    unit_id uuid NOT NULL,
    body text NOT NULL,
    period text NOT NULL,
    parts text[] NOT NULL,
    status text NOT NULL,
    starts_at timestamptz,
    held_on date,
    reason text
);
CREATE INDEX meeting_unit_period ON meeting (unit_id, period);

-- migrate:down
