-- name: make_ids!
-- The number of a unit among those of its level, as its id.
CREATE FUNCTION id(level integer, number integer) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex(level), 8, '0') || '-0000-0000-0000-' || lpad(to_hex(number), 12, '0'))::uuid
$$;

-- name: fill_kinds!
-- A country of provinces of communes of cells.
INSERT INTO unit_kind (kind, position, valid_from, name, is_cell, decides_ratings)
SELECT kind, place, '2020-01-01', kind, kind = 'cell', kind = 'commune'
FROM unnest(ARRAY['country', 'province', 'commune', 'cell']) WITH ORDINALITY AS a (kind, place);

-- name: fill_units!
-- Units of one kind, numbered from 1; each stands under the next of its parents in turn.
INSERT INTO unit_version (unit_id, position, event_id, valid_from, name, kind, parent_id)
SELECT id(:level::integer, number), 10 + number, id(:level::integer, number), '2020-01-01', :kind::text || ' ' || number, :kind::text,
    CASE WHEN :level::integer > 1 THEN id(:level::integer - 1, 1 + (number - 1) % :parents::integer) END
FROM generate_series(1, :units::integer) AS number;

-- name: fill_facts!
-- A meeting of each cell in March, recorded as held; of every twentieth also its roster, and guests that were counted after
-- the position of the last cell.
INSERT INTO meeting_fact (log_id, position, event_id, recorded_at, meeting_id, type, unit_id, period, data, digest)
WITH cell AS (
    SELECT number, id(5, number) AS meeting_id, id(:level::integer, number) AS unit_id FROM generate_series(1, :cells::integer) AS number
), fact AS (
    SELECT number, 'meetings' AS log_id, number AS position, 'MeetingHeld' AS type, jsonb_build_object(
        'meeting_id', meeting_id, 'unit_id', unit_id, 'body', 'cell', 'period', '2026-03', 'parts', jsonb_build_array('regular'),
        'held_on', '2026-03-05', 'sittings', jsonb_build_array(jsonb_build_object('sitting_id', meeting_id,
            'started_at', '2026-03-05T11:00:00Z', 'ended_at', '2026-03-05T12:35:00Z'))) AS data
    FROM cell
    UNION ALL
    SELECT number, 'attendance', number, 'RosterDrawn', jsonb_build_object('meeting_id', meeting_id, 'rows', (
        SELECT jsonb_agg(jsonb_build_object('member_id', id(6, 30 * number + member), 'expected', true, 'votes', true))
        FROM generate_series(1, 30) AS member))
    FROM cell WHERE number % 20 = 0
    UNION ALL
    SELECT number, 'attendance', :cells::integer + number, 'GuestsCounted', jsonb_build_object('meeting_id', meeting_id, 'guests', 1)
    FROM cell WHERE number % 20 = 0
)
SELECT log_id, position, md5(log_id || position)::uuid, '2026-03-06', meeting_id, type,
    CASE WHEN type = 'MeetingHeld' THEN unit_id END, CASE WHEN type = 'MeetingHeld' THEN '2026-03' END, data, 2::numeric ^ 119
FROM fact JOIN cell USING (number);

-- name: fill_contributions!
-- What these meetings contribute.
INSERT INTO meeting_contribution SELECT * FROM contribution(ARRAY(SELECT DISTINCT meeting_id FROM meeting_fact), NULL);

-- name: fill_months!
-- The month of each cell; and those before it of the first province's cells, as many as asked for, with equal figures.
INSERT INTO cell_month
WITH month AS (
    SELECT (jsonb_populate_record(month, jsonb_build_object('period', to_char(day, 'YYYY-MM')))).*
    FROM (SELECT array_agg(contribution) AS contributions FROM meeting_contribution AS contribution) AS together,
        cell_months(contributions) AS month,
        generate_series(date '2026-03-01' - make_interval(months => :months::integer - 1), '2026-03-01', '1 month') AS day
    WHERE day = '2026-03-01' OR unit_id IN (SELECT unit_id FROM units_below(ARRAY[id(2, 1)], '2026-03-31', 1099511627776))
)
SELECT * FROM month;

-- name: analyze#
VACUUM ANALYZE;

