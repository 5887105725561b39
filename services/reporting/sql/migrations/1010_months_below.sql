-- migrate:up

-- The months of some cells for a period: from the cache, or as known at these positions.
CREATE FUNCTION months_of(units uuid[], of_period text, known jsonb) RETURNS SETOF cell_month LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF known IS NULL THEN
        RETURN QUERY SELECT * FROM cell_month WHERE period = of_period AND unit_id = ANY (units);
    ELSE
        RETURN QUERY SELECT month.* FROM (SELECT array_agg(then_known) AS contributions
            FROM contributions_known(of_period, known) AS then_known WHERE unit_id = ANY (units)) AS together,
            cell_months(contributions) AS month;
    END IF;
END
$$;

-- migrate:down
