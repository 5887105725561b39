-- migrate:up
-- Names of ratings that know their set, to fall behind when it is withdrawn. A table and a consumer
-- ("reporting.criteria") of their own: version 0.1.0 goes on with rating_band while this version takes its place. A later
-- migration drops that table, and the positions of its consumer "reporting.ratings".
CREATE TABLE criteria_band (
    log_id text NOT NULL,
    position bigint NOT NULL,
    criteria_set text NOT NULL,
    revision integer NOT NULL,
    rating text NOT NULL,
    name text NOT NULL,
    at_least numeric NOT NULL,
    withdrawn boolean NOT NULL DEFAULT false,
    PRIMARY KEY (log_id, position, rating)
);

-- migrate:down
