-- migrate:up
-- The tree on a day, as it was known at a position. Both are arguments everywhere: reports ask for any pair, access for
-- today and everything known. PostgreSQL inlines the function, so a condition on `unit_id` reads that unit's rows only.
CREATE FUNCTION unit_tree(valid_on date, known_position bigint)
RETURNS TABLE (
    unit_id uuid, parent_id uuid, name text, kind text, cell_type text, is_cell boolean, decides_ratings boolean
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH kinds AS (
        SELECT DISTINCT ON (k.kind) k.kind, k.is_cell, k.decides_ratings
        FROM unit_kind AS k
        WHERE k.position <= known_position AND k.valid_from <= valid_on
        ORDER BY k.kind, k.valid_from DESC, k.position DESC
    )
    SELECT u.unit_id, u.parent_id, u.name, u.kind, u.cell_type,
           COALESCE(kinds.is_cell, false), COALESCE(kinds.decides_ratings, false)
    FROM (
        SELECT v.unit_id,
               (array_agg(v.parent_id ORDER BY v.valid_from DESC, v.position DESC)
                   FILTER (WHERE v.parent_id IS NOT NULL))[1] AS parent_id,
               (array_agg(v.name ORDER BY v.valid_from DESC, v.position DESC)
                   FILTER (WHERE v.name IS NOT NULL))[1] AS name,
               (array_agg(v.kind ORDER BY v.valid_from DESC, v.position DESC)
                   FILTER (WHERE v.kind IS NOT NULL))[1] AS kind,
               (array_agg(v.cell_type ORDER BY v.valid_from DESC, v.position DESC)
                   FILTER (WHERE v.cell_type IS NOT NULL))[1] AS cell_type
        FROM unit_version AS v
        WHERE v.valid_from <= valid_on
          AND v.position <= known_position
          AND (v.withdrawn_position IS NULL OR v.withdrawn_position > known_position)
        GROUP BY v.unit_id
        HAVING bool_or(v.kind IS NOT NULL) AND NOT bool_or(v.ended)
    ) AS u
    LEFT JOIN kinds ON kinds.kind = u.kind
$$;

-- Every existing unit with itself (depth 0) and each existing unit above it. 32 is far above any real depth: it keeps a
-- cycle, which membership refuses, from turning a query into a hang.
CREATE FUNCTION unit_closure(valid_on date, known_position bigint)
RETURNS TABLE (ancestor uuid, descendant uuid, depth integer)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH RECURSIVE tree AS MATERIALIZED (
        SELECT t.unit_id, t.parent_id FROM unit_tree(valid_on, known_position) AS t
    ), up AS (
        SELECT tree.unit_id AS ancestor, tree.unit_id AS descendant, tree.parent_id AS next, 0 AS depth FROM tree
        UNION ALL
        SELECT tree.unit_id, up.descendant, tree.parent_id, up.depth + 1
        FROM up JOIN tree ON tree.unit_id = up.next
        WHERE up.depth < 32
    )
    SELECT up.ancestor, up.descendant, up.depth FROM up
$$;

-- One unit and the units above it, nearest first by depth.
CREATE FUNCTION unit_ancestors(of_unit uuid, valid_on date, known_position bigint)
RETURNS TABLE (unit_id uuid, depth integer, decides_ratings boolean)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH RECURSIVE up AS (
        SELECT t.unit_id, t.parent_id, t.decides_ratings, 0 AS depth
        FROM unit_tree(valid_on, known_position) AS t WHERE t.unit_id = of_unit
        UNION ALL
        SELECT t.unit_id, t.parent_id, t.decides_ratings, up.depth + 1
        FROM up CROSS JOIN LATERAL (
            SELECT above.unit_id, above.parent_id, above.decides_ratings
            FROM unit_tree(valid_on, known_position) AS above WHERE above.unit_id = up.parent_id
            LIMIT 1  -- keeps the planner from reading the whole tree at each level
        ) AS t
        WHERE up.depth < 32
    )
    SELECT up.unit_id, up.depth, up.decides_ratings FROM up
$$;

-- The cells that exist on a day: each owes one regular meeting for the day's period.
CREATE FUNCTION cells_active(valid_on date, known_position bigint)
RETURNS TABLE (unit_id uuid, parent_id uuid, name text, kind text, cell_type text)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT t.unit_id, t.parent_id, t.name, t.kind, t.cell_type
    FROM unit_tree(valid_on, known_position) AS t
    WHERE t.is_cell
$$;

-- migrate:down
