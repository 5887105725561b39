-- migrate:up

-- 120 bits of SHA-256 of a text, as a number: its plain sums do not depend on order, and show a double or a loss.
CREATE FUNCTION digest_of(canonical text) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ('x' || substr(hash, 1, 15))::bit(60)::bigint::numeric * 1152921504606846976
         + ('x' || substr(hash, 16, 15))::bit(60)::bigint
    FROM (SELECT encode(sha256(convert_to(canonical, 'UTF8')), 'hex') AS hash) AS hashed
$$;

-- What is known of the given meetings at the positions {log id: position}; NULL: everything that has arrived.
CREATE FUNCTION known_facts(meetings uuid[], known jsonb) RETURNS SETOF meeting_fact LANGUAGE sql STABLE AS $$
    SELECT * FROM meeting_fact
    WHERE meeting_id = ANY (meetings) AND (known IS NULL OR position <= (known ->> log_id)::bigint)
$$;

-- THE definition of what a meeting contributes. One row per meeting that the log of meetings has put into a cell's
-- period; of each kind of fact the one with the highest position of its log counts. `tally.py` says it again in Python.
CREATE FUNCTION contribution(meetings uuid[], known jsonb) RETURNS SETOF meeting_contribution LANGUAGE sql STABLE AS $$
WITH fact AS MATERIALIZED (
    SELECT * FROM known_facts(meetings, known)
), plan AS (
    SELECT DISTINCT ON (meeting_id) meeting_id, unit_id, period, data ->> 'body' AS body,
        data -> 'parts' ? 'regular' AS regular, data -> 'parts' ? 'thematic' AS thematic
    FROM fact
    WHERE period IS NOT NULL
    ORDER BY meeting_id, position DESC
), summary AS (
    SELECT meeting_id, count(*) AS events, sum(digest) AS input_digest,
        min(position) FILTER (WHERE period IS NOT NULL) AS first_position,
        bool_or(type = 'MeetingWithdrawn') AS withdrawn,
        count(*) FILTER (WHERE type = 'DocumentPublished') > count(*) FILTER (WHERE type = 'DocumentWithdrawn') AS with_documents,
        max(position) FILTER (WHERE type = 'RosterDrawn') AS drawn,
        max(position) FILTER (WHERE type IN ('MeetingHeld', 'MeetingNotHeld', 'OutcomeWithdrawn')) AS outcome,
        max(position) FILTER (WHERE type = 'GuestsCounted') AS guests,
        max(position) FILTER (WHERE type IN ('EvaluationScored', 'ScoreWithdrawn')) AS score,
        max(position) FILTER (WHERE type IN ('RatingDecided', 'RatingWithdrawn')) AS rating
    FROM fact GROUP BY meeting_id
), last_of AS (   -- the bodies of the last outcome, guest count, self-score and official rating; a withdrawal gives none
    SELECT summary.meeting_id,
        max(type) FILTER (WHERE position = outcome AND type IN ('MeetingHeld', 'MeetingNotHeld')) AS outcome,
        max(data ->> 'reason') FILTER (WHERE position = outcome AND type = 'MeetingNotHeld') AS reason,
        max((data ->> 'guests')::int) FILTER (WHERE position = guests AND type = 'GuestsCounted') AS guests,
        max(data ->> 'rating') FILTER (WHERE position = score AND type = 'EvaluationScored') AS self_rating,
        max((data ->> 'total')::numeric) FILTER (WHERE position = score AND type = 'EvaluationScored') AS self_total,
        max(data ->> 'rating') FILTER (WHERE position = rating AND type = 'RatingDecided') AS official_rating
    FROM fact JOIN summary USING (meeting_id)
    WHERE position IN (outcome, guests, score, rating) GROUP BY summary.meeting_id
), held AS (      -- how it was held: the last `MeetingHeld`, and over it the fields that later corrections give
    SELECT meeting_id,
        (array_agg(data -> 'sittings' ORDER BY position DESC) FILTER (WHERE data ->> 'sittings' IS NOT NULL))[1] AS sittings,
        (array_agg(data ->> 'held_on' ORDER BY position DESC) FILTER (WHERE data ->> 'held_on' IS NOT NULL))[1]::date AS held_on,
        (array_agg(data ->> 'speakers' ORDER BY position DESC) FILTER (WHERE data ->> 'speakers' IS NOT NULL))[1]::int AS speakers,
        (array_agg(data ->> 'superior_attended' ORDER BY position DESC)
            FILTER (WHERE data ->> 'superior_attended' IS NOT NULL))[1]::boolean AS superior_attended
    FROM fact JOIN summary USING (meeting_id)
    WHERE type IN ('MeetingHeld', 'MeetingCorrected') AND position >= outcome GROUP BY meeting_id
), duration AS (  -- whole minutes of each sitting, summed
    SELECT meeting_id, count(*) AS sittings,
        sum(floor(extract(epoch FROM (sitting ->> 'ended_at')::timestamptz - (sitting ->> 'started_at')::timestamptz) / 60)) AS minutes
    FROM held CROSS JOIN jsonb_array_elements(sittings) AS sitting GROUP BY meeting_id
), roster_version AS (   -- rows as drawn, then as amended; a removal is a row that says nothing
    SELECT meeting_id, position, (line ->> 'member_id')::uuid AS member_id, line
    FROM fact CROSS JOIN jsonb_array_elements(data -> 'rows') AS line WHERE type IN ('RosterDrawn', 'RosterAmended')
    UNION ALL
    SELECT meeting_id, position, gone::uuid, NULL
    FROM fact CROSS JOIN jsonb_array_elements_text(data -> 'removed') AS gone WHERE type = 'RosterAmended'
), roster AS (
    SELECT DISTINCT ON (meeting_id, member_id) meeting_id, member_id, position, line, (line ->> 'expected')::boolean AS expected
    FROM roster_version JOIN summary USING (meeting_id)
    WHERE position >= drawn ORDER BY meeting_id, member_id, position DESC
), discrepancy AS (
    SELECT DISTINCT ON (meeting_id, fact.member_id) meeting_id, fact.member_id,
        jsonb_strip_nulls(nullif(data -> 'row', 'null')) IS DISTINCT FROM jsonb_strip_nulls(roster.line) AS unsettled
    FROM fact JOIN summary USING (meeting_id) LEFT JOIN roster USING (meeting_id, member_id)
    WHERE type = 'RosterDiscrepancyFound' AND fact.position > drawn AND fact.position > coalesce(roster.position, 0)
    ORDER BY meeting_id, fact.member_id, fact.position DESC
), check_in AS (  -- of each member, sitting and call the last word
    SELECT DISTINCT ON (meeting_id, member_id, data ->> 'sitting_id', data ->> 'call')
        meeting_id, member_id, data ->> 'call' AS call, (data ->> 'at')::timestamptz AS at, type
    FROM fact WHERE type IN ('MemberCheckedIn', 'CheckInWithdrawn')
    ORDER BY meeting_id, member_id, data ->> 'sitting_id', data ->> 'call', position DESC
), taken AS (     -- a call that nobody opened, closed or came to cannot be missed
    SELECT meeting_id, count(DISTINCT call) AS calls FROM (
        SELECT meeting_id, data ->> 'call' AS call FROM fact WHERE type IN ('RollCallOpened', 'RollCallClosed')
        UNION ALL SELECT meeting_id, call FROM check_in WHERE type = 'MemberCheckedIn') AS known_call
    GROUP BY meeting_id
), left_sitting AS (  -- of each member and sitting the last word
    SELECT DISTINCT ON (meeting_id, member_id, data ->> 'sitting_id')
        meeting_id, member_id, (data ->> 'at')::timestamptz AS at, type
    FROM fact WHERE type IN ('MemberLeft', 'DepartureWithdrawn')
    ORDER BY meeting_id, member_id, data ->> 'sitting_id', position DESC
), departure AS (
    SELECT meeting_id, member_id, max(at) AS at FROM left_sitting WHERE type = 'MemberLeft' GROUP BY meeting_id, member_id
), presence AS (
    SELECT meeting_id, member_id,
        count(DISTINCT call) = taken.calls AND NOT coalesce(departure.at > max(check_in.at), false) AS whole
    FROM check_in JOIN taken USING (meeting_id) LEFT JOIN departure USING (meeting_id, member_id)
    WHERE type = 'MemberCheckedIn' GROUP BY meeting_id, member_id, taken.calls, departure.at
), absence AS (
    SELECT DISTINCT ON (meeting_id, member_id) meeting_id, member_id, type, (data ->> 'excused')::boolean AS excused
    FROM fact WHERE type IN ('AbsenceExplained', 'AbsenceWithdrawn') ORDER BY meeting_id, member_id, position DESC
), attendance AS (
    SELECT meeting_id,
        count(*) FILTER (WHERE expected) AS expected,
        count(*) FILTER (WHERE expected AND whole) AS present_full,
        count(*) FILTER (WHERE expected AND NOT whole) AS present_part,
        count(*) FILTER (WHERE expected AND whole IS NULL AND excused) AS excused,
        count(*) FILTER (WHERE expected AND whole IS NULL AND NOT excused) AS unexcused,
        count(*) FILTER (WHERE expected AND whole IS NULL AND excused IS NULL) AS unknown,
        count(*) FILTER (WHERE NOT expected AND whole IS NOT NULL) AS exempt_present,
        count(*) FILTER (WHERE expected IS NULL AND whole IS NOT NULL) AS unlisted_present
    FROM roster FULL JOIN presence USING (meeting_id, member_id) LEFT JOIN absence USING (meeting_id, member_id)
    GROUP BY meeting_id
), state AS (
    SELECT meeting_id, first_position, unit_id, period, body, regular, thematic, reason,
        CASE WHEN withdrawn THEN 'withdrawn' WHEN last_of.outcome = 'MeetingHeld' THEN 'held'
             WHEN last_of.outcome = 'MeetingNotHeld' THEN 'not_held' ELSE 'planned' END AS outcome,
        with_documents, guests, self_rating, self_total, official_rating, events, input_digest
    FROM plan JOIN (SELECT meeting_id, first_position, withdrawn, with_documents, events, input_digest FROM summary)
        AS summary USING (meeting_id) LEFT JOIN last_of USING (meeting_id)
), contributed AS (   -- what was recorded around a meeting counts only while it stands as held
    SELECT state.*, held_on, speakers, superior_attended, sittings, minutes, open_discrepancies,
        expected, present_full, present_part, excused, unexcused, unknown, exempt_present, unlisted_present
    FROM state
        LEFT JOIN (SELECT meeting_id, held_on, speakers, superior_attended FROM held) AS held
            ON held.meeting_id = state.meeting_id AND state.outcome = 'held'
        LEFT JOIN duration ON duration.meeting_id = held.meeting_id
        LEFT JOIN attendance ON attendance.meeting_id = held.meeting_id
        LEFT JOIN (SELECT meeting_id, count(*) FILTER (WHERE unsettled) AS open_discrepancies FROM discrepancy
            GROUP BY meeting_id) AS unsettled ON unsettled.meeting_id = held.meeting_id
), filled AS (
    SELECT meeting_id, first_position, unit_id, period, body, outcome,
        CASE WHEN outcome = 'not_held' THEN reason END AS reason, held_on, regular, thematic,
        coalesce(expected, 0)::int AS expected, coalesce(present_full, 0)::int AS present_full,
        coalesce(present_part, 0)::int AS present_part, coalesce(excused, 0)::int AS excused,
        coalesce(unexcused, 0)::int AS unexcused, coalesce(unknown, 0)::int AS unknown,
        coalesce(exempt_present, 0)::int AS exempt_present, coalesce(unlisted_present, 0)::int AS unlisted_present,
        CASE WHEN outcome = 'held' THEN coalesce(guests, 0) ELSE 0 END AS guests,
        coalesce(open_discrepancies, 0)::int AS discrepancies, coalesce(sittings, 0)::int AS sittings,
        coalesce(minutes, 0)::int AS minutes, (speakers IS NOT NULL)::int AS speakers_known,
        coalesce(speakers, 0) AS speakers, coalesce(superior_attended, false)::int AS superior_attended,
        (outcome = 'held' AND with_documents)::int AS with_documents,
        CASE WHEN outcome = 'held' THEN self_rating END AS self_rating,
        CASE WHEN outcome = 'held' THEN coalesce(self_total * 100, 0) ELSE 0 END::int AS self_points,
        CASE WHEN outcome = 'held' THEN official_rating END AS official_rating, events::int AS events, input_digest
    FROM contributed
)
SELECT filled.*, digest_of(concat_ws('|', 'contribution.1', unit_id, period, body, outcome, coalesce(reason, ''),
    regular::int, thematic::int, expected, present_full, present_part, excused, unexcused, unknown, exempt_present,
    unlisted_present, guests, discrepancies, sittings, minutes, speakers_known, speakers, superior_attended,
    with_documents, coalesce(self_rating, ''), self_points, coalesce(official_rating, '')))
FROM filled
$$;

-- migrate:down
