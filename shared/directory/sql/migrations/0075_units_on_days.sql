-- migrate:up

-- What units are on each of some days. A row holds from one of the days up to, without it, another (or 'infinity'): most
-- units are the same on all of them, and a series of months must not cost as many trees. No row: the unit does not exist.
CREATE FUNCTION unit_spans(units uuid[], days date[], known_position bigint)
RETURNS TABLE (unit_id uuid, parent_id uuid, is_cell boolean, valid_from date, valid_until date)
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    span record;
BEGIN
    IF cardinality(days) = 1 THEN  -- a report of one month: nothing to cut
        RETURN QUERY SELECT t.unit_id, t.parent_id, t.is_cell, days[1], date 'infinity'
        FROM unit_tree(days[1], known_position) AS t WHERE t.unit_id = ANY (units);
        RETURN;
    END IF;
    FOR span IN
        WITH asked AS (
            SELECT day, lag(day) OVER (ORDER BY day) AS before FROM (SELECT DISTINCT unnest(days) AS day) AS once
        ), cut AS (  -- more of them than needed do no harm
            SELECT id, (SELECT min(day) FROM asked) AS day FROM unnest(units) AS id
            UNION
            SELECT v.unit_id, day FROM unit_version AS v JOIN asked ON before < v.valid_from AND v.valid_from <= day
            WHERE v.unit_id = ANY (units)
            UNION
            SELECT id, day FROM unit_kind AS k JOIN asked ON before < k.valid_from AND k.valid_from <= day, unnest(units) AS id
        ), bounded AS (
            SELECT id, day, lead(day, 1, 'infinity') OVER (PARTITION BY id ORDER BY day) AS until FROM cut
        )
        SELECT day, until, array_agg(id) AS ids FROM bounded GROUP BY day, until
    LOOP
        RETURN QUERY SELECT t.unit_id, t.parent_id, t.is_cell, span.day, span.until
        FROM unit_tree(span.day, known_position) AS t WHERE t.unit_id = ANY (span.ids);
    END LOOP;
END
$$;

-- The units that stand below some units, and these themselves (depth 0), on each of some days: level by level, so that a
-- report of one commune does not read the tree of the country. A unit comes once a day for each of `tops` above it.
CREATE FUNCTION unit_spans_below(tops uuid[], days date[], known_position bigint)
RETURNS TABLE (
    top uuid, unit_id uuid, parent_id uuid, is_cell boolean, depth integer, valid_from date, valid_until date
)
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    found_tops uuid[];
    ids uuid[];
    parents uuid[];
    cells boolean[];
    starts date[];
    ends date[];
BEGIN
    SELECT array_agg(s.unit_id), array_agg(s.unit_id), array_agg(s.parent_id), array_agg(s.is_cell),
        array_agg(s.valid_from), array_agg(s.valid_until)
    INTO found_tops, ids, parents, cells, starts, ends FROM unit_spans(tops, days, known_position) AS s;
    FOR level IN 0..32 LOOP  -- far above any real depth: a cycle, which membership refuses, must not hang a query
        EXIT WHEN ids IS NULL;
        RETURN QUERY SELECT unnest(found_tops), unnest(ids), unnest(parents), unnest(cells), level, unnest(starts), unnest(ends);
        SELECT array_agg(above.top), array_agg(s.unit_id), array_agg(s.parent_id), array_agg(s.is_cell),
            array_agg(greatest(above.valid_from, s.valid_from)), array_agg(least(above.valid_until, s.valid_until))
        INTO found_tops, ids, parents, cells, starts, ends
        -- Whoever ever stood there may be somewhere else on a day: the tree decides.
        FROM unit_spans(ARRAY(SELECT DISTINCT v.unit_id FROM unit_version AS v WHERE v.parent_id = ANY (ids)), days,
            known_position) AS s
        JOIN unnest(found_tops, ids, starts, ends) AS above (top, unit_id, valid_from, valid_until)
            ON above.unit_id = s.parent_id AND above.valid_from < s.valid_until AND s.valid_from < above.valid_until;
    END LOOP;
END
$$;

-- The same of one day.
CREATE OR REPLACE FUNCTION units_below(tops uuid[], valid_on date, known_position bigint)
RETURNS TABLE (unit_id uuid, parent_id uuid, is_cell boolean)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT below.unit_id, below.parent_id, below.is_cell FROM unit_spans_below(tops, ARRAY[valid_on], known_position) AS below
$$;

-- No released version asks for it: `unit_figures` does without.
DROP FUNCTION unit_closure(uuid[], date, bigint);

-- migrate:down
