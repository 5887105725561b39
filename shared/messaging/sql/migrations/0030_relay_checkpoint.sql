-- migrate:up
-- How far this service's log is on its topic. `epoch` fences a relay that was replaced without noticing.
CREATE TABLE relay_checkpoint (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    epoch bigint NOT NULL,
    position bigint NOT NULL,
    last jsonb NOT NULL, -- partition number -> position of its last event
    ends jsonb NOT NULL -- partition number -> offset behind that event
);
INSERT INTO relay_checkpoint (epoch, position, last, ends) VALUES (0, 0, '{}', '{}');

-- migrate:down
