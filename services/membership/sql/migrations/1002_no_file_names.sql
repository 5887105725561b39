-- migrate:up
-- Nobody reads it, and people name files after people: it would outlive an erasure. The column itself stays for version
-- 0.1.0, which still writes it while this version takes its place; a later migration drops it with the trigger.
CREATE FUNCTION no_file_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.file_name := '';
    RETURN NEW;
END
$$;
CREATE TRIGGER no_file_name BEFORE INSERT OR UPDATE ON import_file FOR EACH ROW EXECUTE FUNCTION no_file_name();
ALTER TABLE import_file ALTER COLUMN file_name SET DEFAULT '';
UPDATE import_file SET file_name = '';

-- migrate:down
