-- migrate:up

-- Of the units that exist on the day, whether each is one of `tops` or stands below one. Walks upwards, all of them at
-- once: what a province's office asks about one cell must not cost the province.
CREATE FUNCTION units_reached(asked uuid[], tops uuid[], valid_on date, known_position bigint)
RETURNS TABLE (unit_id uuid, reached boolean)
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    ids uuid[];
    parents uuid[];
    all_ids uuid[] := '{}';
    all_parents uuid[] := '{}';
    wanted uuid[] := asked;
BEGIN
    FOR level IN 0..32 LOOP  -- far above any real depth: a cycle, which membership refuses, must not hang a query
        SELECT array_agg(t.unit_id), array_agg(t.parent_id) INTO ids, parents
        FROM unit_tree(valid_on, known_position) AS t WHERE t.unit_id = ANY (wanted);
        EXIT WHEN ids IS NULL;
        all_ids := all_ids || ids;
        all_parents := all_parents || parents;
        wanted := ARRAY(SELECT parent FROM unnest(parents) AS parent WHERE parent IS NOT NULL
            EXCEPT SELECT known FROM unnest(all_ids) AS known);
    END LOOP;
    RETURN QUERY
    WITH RECURSIVE tree AS MATERIALIZED (
        SELECT * FROM unnest(all_ids, all_parents) AS unit (id, parent_id)
    ), below AS (
        SELECT tree.id FROM tree WHERE tree.id = ANY (tops)
        UNION
        SELECT tree.id FROM below JOIN tree ON tree.parent_id = below.id
    )
    SELECT tree.id, tree.id IN (SELECT below.id FROM below) FROM tree
    WHERE tree.id IN (SELECT unnest(asked));  -- hashed, as ANY of a variable is not
END
$$;

-- migrate:down
