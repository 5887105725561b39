-- name: lock_figures!
-- Held until commit. Two sources may say something of one cell at the same moment: each would sum without the other.
SELECT pg_advisory_xact_lock(hashtext('reporting.figures'));

-- name: keep_missing_facts!
-- Facts of which some are kept already. The position is their identity: a repeated delivery changes nothing.
INSERT INTO meeting_fact (log_id, position, event_id, recorded_at, meeting_id, type, member_id, unit_id, period, data, digest)
SELECT * FROM unnest(
    :log_ids::text[], :positions::bigint[], :event_ids::uuid[], :times::timestamptz[], :meeting_ids::uuid[], :types::text[],
    :member_ids::uuid[], :unit_ids::uuid[], :periods::text[], :bodies::jsonb[], :digests::numeric[])
ON CONFLICT (log_id, position) DO NOTHING;

-- name: keep_rules!
-- Every presence rule that was decided or (NULLs) withdrawn, once.
INSERT INTO presence_rule (log_id, position, unit_id, valid_from, both_calls_needed, source, recorded_at)
SELECT * FROM unnest(:log_ids::text[], :positions::bigint[], :unit_ids::uuid[], :days::date[], :needed::boolean[],
    :sources::text[], :times::timestamptz[])
ON CONFLICT (log_id, position) DO NOTHING;

-- name: keep_tree_positions!
-- When each change of the tree was recorded, once.
INSERT INTO tree_position (log_id, position, recorded_at)
SELECT * FROM unnest(:log_ids::text[], :positions::bigint[], :times::timestamptz[])
ON CONFLICT (log_id, position) DO NOTHING;

-- name: forget_contributions
-- Takes out what these meetings contributed, and says which months of which cells lost it.
DELETE FROM meeting_contribution WHERE meeting_id = ANY (:meetings::uuid[]) RETURNING unit_id, period;

-- name: compute_contributions
-- Puts in what these meetings contribute by all facts known here, and says which months of which cells have it now.
INSERT INTO meeting_contribution SELECT * FROM contribution(:meetings::uuid[], NULL) RETURNING unit_id, period;

-- name: forget_months!
-- Takes out months of cells that are about to be summed again.
DELETE FROM cell_month USING unnest(:units::uuid[], :periods::text[]) AS place (unit_id, period)
WHERE cell_month.unit_id = place.unit_id AND cell_month.period = place.period;

-- name: sum_months!
-- Sums months of cells from what their meetings contribute.
INSERT INTO cell_month SELECT month.*
FROM (SELECT array_agg(meeting) AS contributions
    FROM unnest(:units::uuid[], :periods::text[]) AS place (unit_id, period)
    JOIN meeting_contribution AS meeting USING (unit_id, period)) AS together, cell_months(contributions) AS month;

-- name: months_of_meetings
-- The months of cells that these meetings stand in.
SELECT DISTINCT month.* FROM meeting_contribution AS meeting JOIN cell_month AS month USING (unit_id, period)
WHERE meeting_id = ANY (:meetings::uuid[]);

-- name: unit_figures
-- Sums over the cells below each of the units, for each period: by the tree of its `valid_on`, as known at a position, and
-- by the cells that exist on its `due_on`; facts known now (NULL) or then. `top`: the one that all others stand below; NULL
-- if none of them stands below anything else. No row where a unit does not exist.
WITH asked AS MATERIALIZED (
    SELECT * FROM unnest(:periods::text[], :valid_on::date[], :due_on::date[]) AS asked (period, valid_on, due_on)
), below AS MATERIALIZED (
    SELECT * FROM unit_spans_below(:units::uuid[], ARRAY(SELECT valid_on FROM asked), :tree_position::bigint)
), place AS MATERIALIZED (
    SELECT array_agg(DISTINCT unit_id) AS units FROM below
), active AS MATERIALIZED (
    SELECT cell.* FROM place, unit_spans(place.units, ARRAY(SELECT due_on FROM asked), :tree_position::bigint) AS cell
    WHERE is_cell
), said AS MATERIALIZED (  -- what each committee said last about each day, if it was not withdrawn
    SELECT * FROM (SELECT DISTINCT ON (unit_id, valid_from) unit_id, valid_from, both_calls_needed
        FROM presence_rule WHERE :known::jsonb IS NULL OR position <= (:known::jsonb ->> log_id)::bigint
        ORDER BY unit_id, valid_from, position DESC) AS last
    WHERE both_calls_needed IS NOT NULL
), ruled AS MATERIALIZED (
    SELECT * FROM unit_spans_below(ARRAY(SELECT unit_id FROM said WHERE unit_id IN (SELECT unnest(units) FROM place)),
        ARRAY(SELECT valid_on FROM asked), :tree_position::bigint)
), heard AS MATERIALIZED (  -- which units each of it is about, by the trees of which days
    SELECT ruled.unit_id, depth, said.valid_from AS since, both_calls_needed, ruled.valid_from, ruled.valid_until
    FROM said JOIN ruled ON ruled.top = said.unit_id
), inherited AS MATERIALIZED (  -- and what stands above all of them
    SELECT DISTINCT ON (period) period, both_calls_needed
    FROM asked CROSS JOIN unit_ancestors(:top::uuid, valid_on, :tree_position::bigint) AS above JOIN said USING (unit_id)
    WHERE depth > 0 AND valid_from <= due_on
    ORDER BY period, depth, valid_from DESC
)
SELECT asked.period, figures.* FROM asked CROSS JOIN LATERAL (
    WITH rule AS (  -- the nearest above has the word
        SELECT DISTINCT ON (unit_id) unit_id, both_calls_needed FROM heard
        WHERE since <= asked.due_on AND asked.valid_on >= valid_from AND asked.valid_on < valid_until
        ORDER BY unit_id, depth, since DESC
    ), leaf AS (
        SELECT month.*, coalesce(rule.both_calls_needed,
            (SELECT both_calls_needed FROM inherited WHERE inherited.period = asked.period), false) AS strict
        FROM place CROSS JOIN months_of(place.units, asked.period, :known::jsonb) AS month LEFT JOIN rule USING (unit_id)
    ), due AS (
        SELECT unit_id FROM active WHERE asked.due_on >= valid_from AND asked.due_on < valid_until
    )
    SELECT top AS unit_id,
        count(due.unit_id) AS cells,
        coalesce(sum(met), 0)::bigint AS met,
        coalesce(sum(not_held), 0)::bigint AS not_held,
        count(due.unit_id) FILTER (WHERE coalesce(met + not_held, 0) = 0) AS not_reported,
        coalesce(sum(conflicts), 0)::bigint AS conflicts,
        coalesce(sum(thematic_meetings), 0)::bigint AS thematic_meetings,
        count(*) FILTER (WHERE thematic_meetings > 0) AS cells_with_thematic,
        coalesce(sum(committee_meetings), 0)::bigint AS committee_meetings,
        coalesce(sum(meetings), 0)::bigint AS meetings,
        coalesce(sum(expected), 0)::bigint AS expected,
        coalesce(sum(CASE WHEN strict THEN present_full ELSE present_full + present_part END), 0)::bigint AS attended,
        coalesce(sum(CASE WHEN strict THEN present_part ELSE 0 END), 0)::bigint AS partly,
        coalesce(sum(excused), 0)::bigint AS excused,
        coalesce(sum(unexcused), 0)::bigint AS unexcused,
        coalesce(sum(unknown), 0)::bigint AS unknown,
        coalesce(sum(exempt_present), 0)::bigint AS exempt_present,
        coalesce(sum(unlisted_present), 0)::bigint AS unlisted_present,
        coalesce(sum(guests), 0)::bigint AS guests,
        coalesce(sum(discrepancies), 0)::bigint AS discrepancies,
        coalesce(sum(sittings), 0)::bigint AS sittings,
        coalesce(sum(minutes), 0)::bigint AS minutes,
        coalesce(sum(speakers_known), 0)::bigint AS speakers_known,
        coalesce(sum(speakers), 0)::bigint AS speakers,
        coalesce(sum(superior_attended), 0)::bigint AS superior_attended,
        coalesce(sum(with_documents), 0)::bigint AS with_documents,
        coalesce(sum(self_scored), 0)::bigint AS self_scored,
        coalesce(sum(self_points), 0)::bigint AS self_points,
        coalesce(sum(rated), 0)::bigint AS rated,
        coalesce(sum(awaiting_rating), 0)::bigint AS awaiting_rating,
        coalesce(sum(events), 0)::bigint AS events,
        coalesce(sum(input_digest), 0) AS input_digest,
        coalesce(sum(facts_digest), 0) AS facts_digest,
        coalesce(jsonb_agg(ratings) FILTER (WHERE ratings <> '{}'), '[]') AS ratings
    FROM below LEFT JOIN leaf USING (unit_id) LEFT JOIN due USING (unit_id)
    WHERE asked.valid_on >= below.valid_from AND asked.valid_on < below.valid_until
    GROUP BY top
) AS figures;

-- name: units_shown
-- A unit and the units directly below it, named as on that day.
SELECT unit_id, parent_id, name, kind, is_cell FROM unit_tree(:valid_on::date, :tree_position::bigint)
WHERE (unit_id = :unit_id OR parent_id = :unit_id) AND unit_id = ANY (ARRAY(
    SELECT :unit_id::uuid UNION SELECT version.unit_id FROM unit_version AS version WHERE version.parent_id = :unit_id))
ORDER BY unit_id;

-- name: path_of
-- The names from the unit up to the root.
SELECT above.unit_id, tree.name FROM unit_ancestors(:unit_id::uuid, :valid_on::date, :tree_position::bigint) AS above
CROSS JOIN LATERAL (SELECT name FROM unit_tree(:valid_on::date, :tree_position::bigint) AS unit
    WHERE unit.unit_id = above.unit_id LIMIT 1) AS tree  -- by index: without a limit the whole tree would be joined
ORDER BY depth DESC;

-- name: meetings_below
-- What each meeting in a unit's subtree contributes, a page at a time.
SELECT page.*, tree.name AS unit_name FROM (
    SELECT meeting.* FROM units_below(ARRAY[:unit_id::uuid], :valid_on::date, :tree_position::bigint) AS below
    JOIN meeting_contribution AS meeting USING (unit_id)
    WHERE period = :period AND meeting_id > :after
    ORDER BY meeting_id LIMIT :size) AS page
CROSS JOIN LATERAL (SELECT name FROM unit_tree(:valid_on::date, :tree_position::bigint) AS unit
    WHERE unit.unit_id = page.unit_id LIMIT 1) AS tree
ORDER BY meeting_id;

-- name: meetings_below_known
-- The same, as known at positions.
SELECT page.*, tree.name AS unit_name FROM (
    SELECT meeting.* FROM units_below(ARRAY[:unit_id::uuid], :valid_on::date, :tree_position::bigint) AS below
    JOIN contributions_known(:period::text, :known::jsonb) AS meeting USING (unit_id)
    WHERE meeting_id > :after
    ORDER BY meeting_id LIMIT :size) AS page
CROSS JOIN LATERAL (SELECT name FROM unit_tree(:valid_on::date, :tree_position::bigint) AS unit
    WHERE unit.unit_id = page.unit_id LIMIT 1) AS tree
ORDER BY meeting_id;

-- name: meeting^
-- What one meeting contributes, by all facts known here.
SELECT * FROM meeting_contribution WHERE meeting_id = :meeting_id;

-- name: meeting_events
-- The facts of a meeting in the order in which they were recorded, a page at a time.
SELECT log_id, position, event_id, type, recorded_at, data, digest FROM meeting_fact
WHERE meeting_id = :meeting_id AND (recorded_at, log_id, position) > (:after_time, :after_log, :after_position)
ORDER BY recorded_at, log_id, position LIMIT :size;

-- name: silent_cells
-- Cells below a unit that owed a meeting and said nothing, with the names of the units that they stand under.
WITH below AS MATERIALIZED (
    SELECT array_agg(unit_id) AS units FROM units_below(ARRAY[:unit_id::uuid], :valid_on::date, :tree_position::bigint)
), active AS MATERIALIZED (
    SELECT unit_id, parent_id, name FROM cells_active(:due_on::date, :tree_position::bigint)
    WHERE unit_id = ANY (ARRAY(SELECT unnest(units) FROM below))
), above AS MATERIALIZED (
    SELECT unit_id, name FROM unit_tree(:due_on::date, :tree_position::bigint)
    WHERE unit_id = ANY (ARRAY(SELECT parent_id FROM active))
)
SELECT active.unit_id, active.name, above.name AS parent_name
FROM active
LEFT JOIN above ON above.unit_id = active.parent_id
LEFT JOIN (SELECT month.unit_id, met + not_held AS answers
    FROM below CROSS JOIN months_of(below.units, :period::text, :known::jsonb) AS month) AS month
    ON month.unit_id = active.unit_id
WHERE coalesce(answers, 0) = 0;

-- name: leaves
-- The cells that stand below a unit, or that it is, on each of the days.
SELECT unit_id, valid_from, valid_until
FROM unit_spans_below(ARRAY[:unit_id::uuid], :days::date[], :tree_position::bigint) WHERE is_cell;

-- name: cells_below
-- Which of the given units stand below a unit.
SELECT unit_id FROM units_below(ARRAY[:unit_id::uuid], :valid_on::date, :tree_position::bigint)
WHERE unit_id = ANY (:units::uuid[]);

-- name: positions_at
-- The last position of each log that was recorded by a time, or (NULL) that is kept here; 0 if there is none: left out, a
-- log would be taken as known now. Each by its index: a report must not read all facts of all years.
SELECT log_id, coalesce(position, 0) AS position FROM unnest(:logs::text[]) AS log (log_id) CROSS JOIN LATERAL (
    SELECT max(position) AS position FROM (
        (SELECT position FROM meeting_fact AS kept
        WHERE kept.log_id = log.log_id AND recorded_at <= coalesce(:moment::timestamptz, 'infinity')
        ORDER BY recorded_at DESC, position DESC LIMIT 1)
        UNION ALL
        (SELECT position FROM tree_position AS kept
        WHERE kept.log_id = log.log_id AND recorded_at <= coalesce(:moment::timestamptz, 'infinity')
        ORDER BY recorded_at DESC, position DESC LIMIT 1)
        UNION ALL
        (SELECT position FROM presence_rule AS kept
        WHERE kept.log_id = log.log_id AND recorded_at <= coalesce(:moment::timestamptz, 'infinity'))
    ) AS kept
) AS last;

-- name: periods_known
-- Periods that any meeting here serves, the latest first.
WITH RECURSIVE latest AS (  -- from one to the next by index: DISTINCT would read every cell of each
    SELECT max(period) AS period FROM cell_month
    UNION ALL
    SELECT (SELECT max(period) FROM cell_month WHERE period < latest.period) FROM latest WHERE period IS NOT NULL
)
SELECT period FROM latest WHERE period IS NOT NULL LIMIT 24;

-- name: all_months
-- Every month of every cell.
SELECT * FROM cell_month;

-- name: all_meetings
-- What every meeting contributes.
SELECT * FROM meeting_contribution;

-- name: all_event_digests
-- Every event that is kept, with its digest.
SELECT log_id, position, meeting_id, digest FROM meeting_fact;

-- name: keep_bands!
-- The bands of a criteria set, once.
INSERT INTO criteria_band (log_id, position, criteria_set, revision, rating, name, at_least)
SELECT * FROM unnest(:log_ids::text[], :positions::bigint[], :criteria_sets::text[], :revisions::integer[],
    :ratings::text[], :names::text[], :points::numeric[])
ON CONFLICT (log_id, position, rating) DO NOTHING;

-- name: withdraw_bands!
-- A revision of a criteria set was published in error.
UPDATE criteria_band SET withdrawn = true FROM unnest(:criteria_sets::text[], :revisions::integer[]) AS gone (code, number)
WHERE criteria_set = code AND revision = number;

-- name: rating_names
-- What each rating is called, the best first. A withdrawn set names only what no other does: scores may stand with it.
SELECT rating, name FROM (SELECT DISTINCT ON (rating) rating, name, at_least FROM criteria_band
    ORDER BY rating, withdrawn, position DESC) AS latest ORDER BY at_least DESC, rating;

-- name: applied_positions
-- How far consumers have applied each partition of each log.
SELECT log_id, partition, position, next_offset FROM consumer_position
WHERE consumer = ANY (:consumers::text[]) ORDER BY log_id, partition;

-- name: held_positions
-- Events that consumers have received but not applied: they wait or are parked.
SELECT log_id, position FROM held_event WHERE consumer = ANY (:consumers::text[]);

-- name: units_on
-- Every unit that exists on a day.
SELECT unit_id FROM unit_tree(:valid_on::date, :tree_position::bigint);

-- name: facts_kept$
-- Whether anything of the consumer of facts is here, applied or held back.
SELECT EXISTS (SELECT FROM meeting_fact) OR EXISTS (SELECT FROM presence_rule)
    OR EXISTS (SELECT FROM held_key WHERE consumer = :consumer)
    OR EXISTS (SELECT FROM quarantined_record WHERE consumer = :consumer);
