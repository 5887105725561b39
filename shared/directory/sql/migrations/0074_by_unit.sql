-- migrate:up

-- Who holds an office in a unit, who follows it: of offices and assignments of all years.
CREATE INDEX office_unit_id ON office (unit_id);
CREATE INDEX assignment_unit_id ON assignment (unit_id);

-- migrate:down
