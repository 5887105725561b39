-- migrate:up
-- The office that confirmed a file which shrinks a unit; such a file is not applied without.
ALTER TABLE import_file ADD COLUMN confirmed_by text;

-- migrate:down
