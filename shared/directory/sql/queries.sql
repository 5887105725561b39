-- name: unit_on^
-- A unit as it is on a day, as known at a position.
SELECT unit_id, name, kind, parent_id, is_cell, decides_ratings, cell_type
FROM unit_as_of(:unit_id, :valid_on, :known_position);

-- name: unit_known$
-- Whether the unit was ever registered.
SELECT EXISTS (SELECT FROM unit WHERE unit_id = :unit_id);

-- name: ancestors
-- The unit itself (depth 0) and those above it, nearest first.
SELECT unit_id, depth, decides_ratings
FROM unit_ancestors(:unit_id, :valid_on, :known_position)
ORDER BY depth;

-- name: office^
-- One tenure.
SELECT office_id, unit_id, role, member_id, valid_from, valid_until
FROM office WHERE office_id = :office_id;

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
WHERE member_id = :member_id AND withdrawn_position IS NULL
  AND valid_from <= :valid_on AND (valid_until IS NULL OR :valid_on <= valid_until)
ORDER BY valid_from DESC, position DESC
LIMIT 1;
