-- migrate:up

-- The months of cells that the given contributions are all the meetings of. Of several live regular meetings of one cell
-- and period one counts: held before not held before planned, then the one recorded first; the others are conflicts.
CREATE FUNCTION cell_months(contributions meeting_contribution[]) RETURNS SETOF cell_month LANGUAGE sql STABLE AS $$
WITH ranked AS (
    SELECT *, body = 'cell' AND regular AND outcome <> 'withdrawn' AS live_regular,
        row_number() OVER (
            PARTITION BY unit_id, period, body = 'cell' AND regular AND outcome <> 'withdrawn'
            ORDER BY array_position(ARRAY['held', 'not_held', 'planned'], outcome), first_position, meeting_id) AS place
    FROM unnest(contributions)
), chosen AS (
    SELECT *, live_regular AND place > 1 AS conflict,
        outcome = 'held' AND body = 'cell' AND (NOT regular OR place = 1) AS counts
    FROM ranked
), rating AS (
    SELECT unit_id, period, jsonb_object_agg(name, meetings ORDER BY name) AS ratings
    FROM (SELECT unit_id, period, name, count(*) AS meetings
        FROM chosen CROSS JOIN LATERAL (VALUES ('self:' || self_rating), ('official:' || official_rating)) AS rated (name)
        WHERE counts AND name IS NOT NULL GROUP BY unit_id, period, name) AS counted
    GROUP BY unit_id, period
)
SELECT unit_id, period,
    count(*) FILTER (WHERE counts AND regular),
    count(*) FILTER (WHERE live_regular AND place = 1 AND outcome = 'not_held'),
    count(*) FILTER (WHERE conflict),
    count(*) FILTER (WHERE counts AND thematic),
    count(*) FILTER (WHERE body = 'committee' AND outcome = 'held'),
    count(*) FILTER (WHERE counts),
    coalesce(sum(expected) FILTER (WHERE counts), 0),
    coalesce(sum(present_full) FILTER (WHERE counts), 0),
    coalesce(sum(present_part) FILTER (WHERE counts), 0),
    coalesce(sum(excused) FILTER (WHERE counts), 0),
    coalesce(sum(unexcused) FILTER (WHERE counts), 0),
    coalesce(sum(unknown) FILTER (WHERE counts), 0),
    coalesce(sum(exempt_present) FILTER (WHERE counts), 0),
    coalesce(sum(unlisted_present) FILTER (WHERE counts), 0),
    coalesce(sum(guests) FILTER (WHERE counts), 0),
    coalesce(sum(discrepancies) FILTER (WHERE counts), 0),
    coalesce(sum(sittings) FILTER (WHERE counts), 0),
    coalesce(sum(minutes) FILTER (WHERE counts), 0),
    coalesce(sum(speakers_known) FILTER (WHERE counts), 0),
    coalesce(sum(speakers) FILTER (WHERE counts), 0),
    coalesce(sum(superior_attended) FILTER (WHERE counts), 0),
    coalesce(sum(with_documents) FILTER (WHERE counts), 0),
    count(*) FILTER (WHERE counts AND self_rating IS NOT NULL),
    coalesce(sum(self_points) FILTER (WHERE counts), 0),
    count(*) FILTER (WHERE counts AND official_rating IS NOT NULL),
    count(*) FILTER (WHERE counts AND official_rating IS NULL),
    coalesce(max(ratings::text)::jsonb, '{}'),
    sum(events), sum(input_digest),
    coalesce(sum(facts_digest) FILTER (WHERE counts
        OR live_regular AND place = 1 AND outcome = 'not_held' OR body = 'committee' AND outcome = 'held'), 0)
FROM chosen LEFT JOIN rating USING (unit_id, period)
GROUP BY unit_id, period
$$;

-- The contributions of every meeting that was ever put into the period by what was known at these positions. Those that
-- nothing has happened to since are taken from the cache.
CREATE FUNCTION contributions_known(of_period text, known jsonb) RETURNS SETOF meeting_contribution LANGUAGE sql STABLE AS $$
WITH later AS MATERIALIZED (
    SELECT DISTINCT fact.meeting_id FROM jsonb_each_text(known) AS source (log_id, head)
    CROSS JOIN LATERAL (  -- by position, log after log: a report of lately must not read all facts of all years
        SELECT meeting_id FROM meeting_fact WHERE log_id = source.log_id AND position > source.head::bigint OFFSET 0
    ) AS fact
), again AS (
    SELECT array_agg(meeting_id) AS meetings FROM later
    WHERE EXISTS (SELECT FROM meeting_fact AS fact WHERE fact.meeting_id = later.meeting_id AND fact.period = of_period)
)
SELECT cached.* FROM meeting_contribution AS cached
WHERE period = of_period AND meeting_id NOT IN (SELECT meeting_id FROM later)
UNION ALL
SELECT known_then.* FROM again, contribution(again.meetings, known) AS known_then WHERE period = of_period
$$;

-- The months of all cells for a period: from the cache, or as known at these positions.
CREATE FUNCTION months_of(of_period text, known jsonb) RETURNS SETOF cell_month LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF known IS NULL THEN
        RETURN QUERY SELECT * FROM cell_month WHERE period = of_period;
    ELSE
        RETURN QUERY SELECT month.* FROM (SELECT array_agg(then_known) AS contributions
            FROM contributions_known(of_period, known) AS then_known) AS together, cell_months(contributions) AS month;
    END IF;
END
$$;

-- migrate:down
