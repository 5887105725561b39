-- name: unit_on^
-- A unit as it is on a day, as known at a position.
SELECT unit_id, name, kind, parent_id, is_cell, decides_ratings, cell_type
FROM unit_tree(:valid_on, :known_position) WHERE unit_id = :unit_id;

-- name: unit_known$
-- Whether the unit was ever registered.
SELECT EXISTS (SELECT FROM unit WHERE unit_id = :unit_id);

-- name: ancestors
-- The unit itself (depth 0) and those above it, nearest first.
SELECT unit_id, depth, decides_ratings
FROM unit_ancestors(:unit_id, :valid_on, :known_position)
ORDER BY depth;

-- name: reached
-- Which units exist on a day, and whether each is one of the tops or stands below one.
SELECT unit_id, reached FROM units_reached(:unit_ids::uuid[], :tops::uuid[], :valid_on, :known_position);

-- name: office^
-- One tenure, and whether its unit is a cell on a day; NULL if the unit does not exist then.
SELECT
    o.office_id, o.unit_id, o.role, o.member_id, o.valid_from, o.valid_until,
    (SELECT t.is_cell FROM unit_tree(:valid_on, :known_position) AS t WHERE t.unit_id = o.unit_id) AS of_cell
FROM office AS o WHERE o.office_id = :office_id;

-- name: assignments
-- What a member follows or takes notes for on a day.
SELECT assignment_id, kind, unit_id
FROM assignment
WHERE member_id = :member_id AND valid_from <= :valid_on AND (valid_until IS NULL OR :valid_on <= valid_until)
ORDER BY unit_id, kind;

-- name: cell_of$
-- The cell that a member belongs to on a day; NULL after a departure.
SELECT cell_id
FROM member_cell
WHERE member_id = :member_id AND withdrawn_position IS NULL AND valid_from <= :valid_on
ORDER BY valid_from DESC, position DESC
LIMIT 1;

-- name: register_unit*!
-- The unit exists in some version.
INSERT INTO unit (unit_id, position) VALUES (:unit_id, :position) ON CONFLICT (unit_id) DO NOTHING;

-- name: add_unit_version*!
-- One change of a unit.
INSERT INTO unit_version (
    unit_id, position, event_id, valid_from, name, kind, cell_type, parent_id, ended, successor_id
)
VALUES (
    :unit_id, :position, :event_id, :valid_from, :name, :kind, :cell_type, :parent_id, :ended, :successor_id
)
ON CONFLICT (unit_id, position) DO NOTHING;

-- name: withdraw_unit_version*!
-- A change that was recorded in error counts no longer, from this position on.
UPDATE unit_version SET withdrawn_position = :position
WHERE event_id = :event_id AND withdrawn_position IS NULL;

-- name: define_kind*!
-- What a kind of unit is from a day on.
INSERT INTO unit_kind (kind, position, valid_from, name, is_cell, decides_ratings)
VALUES (:kind, :position, :valid_from, :name, :is_cell, :decides_ratings)
ON CONFLICT (kind, position) DO NOTHING;

-- name: assign_office*!
-- A tenure as its latest event says.
INSERT INTO office (office_id, position, unit_id, role, member_id, valid_from, valid_until)
VALUES (:office_id, :position, :unit_id, :role, :member_id, :valid_from, :valid_until)
ON CONFLICT (office_id) DO UPDATE
SET position = EXCLUDED.position, unit_id = EXCLUDED.unit_id, role = EXCLUDED.role, member_id = EXCLUDED.member_id,
    valid_from = EXCLUDED.valid_from, valid_until = EXCLUDED.valid_until
WHERE office.position < EXCLUDED.position;

-- name: end_office*!
-- The last day of a tenure, unless a later event said otherwise.
UPDATE office SET valid_until = :valid_until, position = :position
WHERE office_id = :office_id AND position < :position;

-- name: withdraw_office*!
-- A tenure that was recorded in error: over before it began, it holds on no day.
UPDATE office SET valid_until = valid_from - 1, position = :position
WHERE office_id = :office_id AND position < :position;

-- name: give_assignment*!
-- An assignment as its latest event says.
INSERT INTO assignment (assignment_id, position, kind, member_id, unit_id, valid_from, valid_until)
VALUES (:assignment_id, :position, :kind, :member_id, :unit_id, :valid_from, :valid_until)
ON CONFLICT (assignment_id) DO UPDATE
SET position = EXCLUDED.position, kind = EXCLUDED.kind, member_id = EXCLUDED.member_id, unit_id = EXCLUDED.unit_id,
    valid_from = EXCLUDED.valid_from, valid_until = EXCLUDED.valid_until
WHERE assignment.position < EXCLUDED.position;

-- name: end_assignment*!
-- The last day of an assignment, unless a later event said otherwise.
UPDATE assignment SET valid_until = :valid_until, position = :position
WHERE assignment_id = :assignment_id AND position < :position;

-- name: withdraw_assignment*!
-- An assignment that was recorded in error: over before it began, it holds on no day.
UPDATE assignment SET valid_until = valid_from - 1, position = :position
WHERE assignment_id = :assignment_id AND position < :position;

-- name: place_member*!
-- To which cell a member belongs from a day on.
INSERT INTO member_cell (member_id, position, event_id, cell_id, valid_from)
VALUES (:member_id, :position, :event_id, :cell_id, :valid_from)
ON CONFLICT (member_id, position) DO NOTHING;

-- name: withdraw_member_cell*!
-- A change that was recorded in error counts no longer, from this position on.
UPDATE member_cell SET withdrawn_position = :position
WHERE event_id = :event_id AND withdrawn_position IS NULL;
