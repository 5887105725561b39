-- migrate:up
CREATE INDEX unit_version_parent_id ON unit_version (parent_id);

-- The units that stand below some units, and these themselves: level by level, so that a report of one commune does not
-- read the tree of the country. A unit comes once for each of `tops` that it stands below.
CREATE FUNCTION units_below(tops uuid[], valid_on date, known_position bigint)
RETURNS TABLE (unit_id uuid, parent_id uuid, is_cell boolean)
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    ids uuid[];
    parents uuid[];
    cells boolean[];
BEGIN
    SELECT array_agg(t.unit_id), array_agg(t.parent_id), array_agg(t.is_cell) INTO ids, parents, cells
    FROM unit_tree(valid_on, known_position) AS t WHERE t.unit_id = ANY (tops);
    FOR level IN 0..32 LOOP  -- far above any real depth: a cycle, which membership refuses, must not hang a query
        EXIT WHEN ids IS NULL;
        RETURN QUERY SELECT unnest(ids), unnest(parents), unnest(cells);
        -- Whoever ever stood there may be somewhere else on this day: the tree decides.
        SELECT array_agg(t.unit_id), array_agg(t.parent_id), array_agg(t.is_cell) INTO ids, parents, cells
        FROM unit_tree(valid_on, known_position) AS t JOIN unnest(ids) AS above (unit_id) ON above.unit_id = t.parent_id
        WHERE t.unit_id = ANY (ARRAY(
            SELECT v.unit_id FROM unnest(ids) AS above (unit_id) JOIN unit_version AS v ON v.parent_id = above.unit_id));
    END LOOP;
END
$$;

-- Every unit that is one of `tops` or stands below one, with itself (depth 0) and each existing unit above it.
CREATE FUNCTION unit_closure(tops uuid[], valid_on date, known_position bigint)
RETURNS TABLE (ancestor uuid, descendant uuid, depth integer)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH RECURSIVE below AS MATERIALIZED (
        SELECT DISTINCT t.unit_id, t.parent_id FROM units_below(tops, valid_on, known_position) AS t
    ), tree AS MATERIALIZED (
        SELECT below.unit_id, below.parent_id FROM below
        UNION
        SELECT above.unit_id, lead(above.unit_id) OVER (PARTITION BY top.unit_id ORDER BY above.depth)
        FROM unnest(tops) AS top (unit_id), unit_ancestors(top.unit_id, valid_on, known_position) AS above
        WHERE above.depth > 0
    ), up AS (
        SELECT below.unit_id AS ancestor, below.unit_id AS descendant, below.parent_id AS next, 0 AS depth FROM below
        UNION ALL
        SELECT tree.unit_id, up.descendant, tree.parent_id, up.depth + 1
        FROM up JOIN tree ON tree.unit_id = up.next
        WHERE up.depth < 32
    )
    SELECT up.ancestor, up.descendant, up.depth FROM up
$$;

-- migrate:down
