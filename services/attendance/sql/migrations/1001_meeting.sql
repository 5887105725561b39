-- migrate:up
-- Meetings as this service has learned them. `position`: of the last event of the meeting that is applied here.
CREATE TABLE meeting (
    meeting_id uuid PRIMARY KEY,
    position bigint NOT NULL,
    unit_id uuid NOT NULL,
    body text NOT NULL,
    period text NOT NULL,
    status text NOT NULL,
    starts_at timestamptz,
    day date,
    sittings uuid[] NOT NULL DEFAULT '{}'
);
CREATE INDEX meeting_unit_day ON meeting (unit_id, day);

-- migrate:down
