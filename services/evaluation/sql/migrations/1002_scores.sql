-- migrate:up
-- Criteria sets as published; `body` is the event, to score with.
CREATE TABLE criteria_set (
    criteria_set text NOT NULL,
    revision integer NOT NULL,
    unit_id uuid NOT NULL,
    valid_from date NOT NULL,
    for_parts text[] NOT NULL,
    body json NOT NULL,
    PRIMARY KEY (criteria_set, revision)
);
CREATE INDEX criteria_set_unit ON criteria_set (unit_id);

-- Self-scores and official ratings, to find what awaits a rating. Unit and period are the meeting's, as they are now.
CREATE TABLE score (
    meeting_id uuid PRIMARY KEY,
    self_total numeric NOT NULL,
    self_rating text NOT NULL,
    ayes integer,
    base integer,
    official_rating text
);
CREATE INDEX score_awaiting ON score (meeting_id) WHERE official_rating IS NULL;

-- migrate:down
