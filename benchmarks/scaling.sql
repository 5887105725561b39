-- name: make_ids!
-- The number of a unit among those of its level, as its id.
CREATE FUNCTION id(level integer, number integer) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex(level), 8, '0') || '-0000-0000-0000-' || lpad(to_hex(number), 12, '0'))::uuid
$$;

-- name: fill_kinds!
-- A country of provinces of communes of cells.
INSERT INTO unit_kind (kind, position, valid_from, name, is_cell, decides_ratings)
SELECT kind, place, '2025-07-01', kind, kind = 'cell', kind = 'commune'
FROM unnest(ARRAY['country', 'province', 'commune', 'cell']) WITH ORDINALITY AS a (kind, place);

-- name: fill_units!
-- Units of one kind, numbered from 1; each stands under the next of its parents in turn.
INSERT INTO unit_version (unit_id, position, event_id, valid_from, name, kind, parent_id)
SELECT id(:level::integer, number), 10 + number, id(:level::integer, number), '2025-07-01', :kind::text || ' ' || number, :kind::text,
    CASE WHEN :level::integer > 1 THEN id(:level::integer - 1, 1 + (number - 1) % :parents::integer) END
FROM generate_series(1, :units::integer) AS number;

-- name: fill_months!
-- One held meeting of 30 members for each cell and month.
INSERT INTO cell_month
SELECT unit_id, to_char(month, 'YYYY-MM'), 1, 0, 0, 0, 0, 1, 30, 27, 1, 1, 1, 0, 0, 0, 1, 0, 1, 90, 1, 5, 0, 1, 1, 85, 1, 0,
    '{"self:tot": 1, "official:kha": 1}', 60, 2::numeric ^ 119, 2::numeric ^ 118
FROM unit_version, generate_series(date '2026-01-01', date '2026-01-01' + make_interval(months => :months::integer - 1), '1 month')
    AS month
WHERE kind = 'cell';

-- name: analyze#
ANALYZE;

-- name: table_bytes$
-- A table with its indexes and what it keeps elsewhere.
SELECT pg_total_relation_size(CAST(:table AS text)::regclass);
