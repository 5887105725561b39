-- migrate:up
-- Nobody reads it, and people name files after people: it would outlive an erasure.
ALTER TABLE import_file DROP COLUMN file_name;

-- migrate:down
