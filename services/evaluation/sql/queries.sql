-- name: plan_meeting*!
-- A meeting as it was scheduled.
INSERT INTO meeting (meeting_id, unit_id, body, period, parts, status)
VALUES (:meeting_id, :unit_id, :body, :period, :parts, 'open')
ON CONFLICT (meeting_id) DO NOTHING;

-- name: hold_meeting*!
-- The meeting as it was held, also if nobody had scheduled it.
INSERT INTO meeting (meeting_id, unit_id, body, period, parts, status, held_on, minutes, speakers)
VALUES (:meeting_id, :unit_id, :body, :period, :parts, 'held', :held_on, :minutes, :speakers)
ON CONFLICT (meeting_id) DO UPDATE
SET status = 'held', held_on = EXCLUDED.held_on, minutes = EXCLUDED.minutes, speakers = EXCLUDED.speakers;

-- name: miss_meeting*!
-- The meeting was not held, also if nobody had scheduled it.
INSERT INTO meeting (meeting_id, unit_id, body, period, parts, status)
VALUES (:meeting_id, :unit_id, :body, :period, :parts, 'not_held')
ON CONFLICT (meeting_id) DO UPDATE SET status = 'not_held';

-- name: correct_meeting*!
-- What is given replaces what was there.
UPDATE meeting
SET unit_id = COALESCE(:unit_id, unit_id), body = COALESCE(:body, body), period = COALESCE(:period, period),
    parts = COALESCE(:parts, parts), held_on = COALESCE(:held_on, held_on), minutes = COALESCE(:minutes, minutes),
    speakers = COALESCE(:speakers, speakers)
WHERE meeting_id = :meeting_id;

-- name: reopen_meeting*!
-- The outcome is gone, or the whole meeting.
UPDATE meeting SET status = :status, held_on = NULL, minutes = NULL, speakers = NULL WHERE meeting_id = :meeting_id;

-- name: close_roll_call*!
-- One of the roll calls ended.
INSERT INTO closed_roll_call (meeting_id) VALUES (:meeting_id) ON CONFLICT (meeting_id) DO NOTHING;

-- name: clear_roster*!
-- A roster that was drawn anew replaces every row.
DELETE FROM roster_row WHERE meeting_id = :meeting_id;

-- name: put_roster_row*!
-- A row added or replaced.
INSERT INTO roster_row (meeting_id, member_id, expected, hosted)
VALUES (:meeting_id, :member_id, :expected, :hosted)
ON CONFLICT (meeting_id, member_id) DO UPDATE SET expected = EXCLUDED.expected, hosted = EXCLUDED.hosted;

-- name: remove_roster_rows*!
-- Members who were taken off the roster.
DELETE FROM roster_row WHERE meeting_id = :meeting_id AND member_id = ANY(:member_ids);

-- name: check_in*!
-- A member came.
INSERT INTO check_in (meeting_id, member_id, sitting_id, call)
VALUES (:meeting_id, :member_id, :sitting_id, :call)
ON CONFLICT DO NOTHING;

-- name: withdraw_check_in*!
-- The check-in was recorded in error.
DELETE FROM check_in
WHERE meeting_id = :meeting_id AND member_id = :member_id AND sitting_id = :sitting_id AND call = :call;

-- name: explain_absence*!
-- The last explanation of a member counts.
INSERT INTO absence (meeting_id, member_id, excused) VALUES (:meeting_id, :member_id, :excused)
ON CONFLICT (meeting_id, member_id) DO UPDATE SET excused = EXCLUDED.excused;

-- name: withdraw_absence*!
-- The explanation was recorded in error.
DELETE FROM absence WHERE meeting_id = :meeting_id AND member_id = :member_id;

-- name: add_criteria_set*!
-- A revision of a criteria set.
INSERT INTO criteria_set (criteria_set, revision, unit_id, valid_from, for_parts, body)
VALUES (:criteria_set, :revision, :unit_id, :valid_from, :for_parts, :body)
ON CONFLICT (criteria_set, revision) DO NOTHING;

-- name: withdraw_criteria_set*!
-- A revision that was published in error stays to be read by the scores that were made with it.
UPDATE criteria_set SET withdrawn = true WHERE criteria_set = :criteria_set AND revision = :revision;

-- name: put_score*!
-- The self-score, replacing an earlier one.
INSERT INTO score (meeting_id, self_total, self_rating) VALUES (:meeting_id, :self_total, :self_rating)
ON CONFLICT (meeting_id) DO UPDATE
SET self_total = EXCLUDED.self_total, self_rating = EXCLUDED.self_rating;

-- name: put_vote*!
-- The cell voted on its score; NULLs when the vote was withdrawn.
UPDATE score SET ayes = :ayes, base = :base WHERE meeting_id = :meeting_id;

-- name: put_rating*!
-- The committee's rating; NULL when it was withdrawn.
UPDATE score SET official_rating = :official_rating WHERE meeting_id = :meeting_id;

-- name: drop_score*!
-- The self-score was withdrawn, and its vote with it.
DELETE FROM score WHERE meeting_id = :meeting_id;

-- name: meeting^
-- One meeting as known here.
SELECT meeting_id, unit_id, body, period, parts, status, held_on, minutes, speakers
FROM meeting WHERE meeting_id = :meeting_id;

-- name: attendance^
-- Counts of a roll call that ended; no row for one that did not. Members who came and were not expected (exempt) are
-- in `attended` only.
WITH rows AS (
    SELECT r.expected, r.hosted, a.excused,
           EXISTS (
               SELECT FROM check_in AS c WHERE c.meeting_id = r.meeting_id AND c.member_id = r.member_id
           ) AS came
    FROM roster_row AS r
    LEFT JOIN absence AS a ON a.meeting_id = r.meeting_id AND a.member_id = r.member_id
    WHERE r.meeting_id = :meeting_id
)
SELECT count(*) FILTER (WHERE NOT rows.hosted) AS members,
       count(*) FILTER (WHERE rows.expected) AS expected,
       count(*) FILTER (WHERE rows.expected AND rows.came) AS present,
       count(*) FILTER (WHERE rows.expected AND NOT rows.came AND rows.excused IS FALSE) AS unexcused,
       count(*) FILTER (WHERE rows.came) AS attended
FROM rows
WHERE EXISTS (SELECT FROM closed_roll_call AS closed WHERE closed.meeting_id = :meeting_id)
HAVING count(*) > 0;

-- name: absences_this_year
-- For each member expected at a meeting: whether the absence was excused, at every regular meeting of the cell that the
-- member was expected at, from the beginning of the year up to this one, in order.
SELECT r.member_id,
       NOT EXISTS (
           SELECT FROM check_in AS c WHERE c.meeting_id = m.meeting_id AND c.member_id = r.member_id
       ) AND COALESCE(a.excused, false) AS excused
FROM meeting AS this
JOIN meeting AS m ON m.unit_id = this.unit_id AND m.body = this.body AND m.status = 'held'
    AND 'regular' = ANY(m.parts) AND m.period BETWEEN left(this.period, 4) || '-01' AND this.period
JOIN roster_row AS r ON r.meeting_id = m.meeting_id AND r.expected
JOIN roster_row AS now ON now.meeting_id = this.meeting_id AND now.member_id = r.member_id AND now.expected
LEFT JOIN absence AS a ON a.meeting_id = m.meeting_id AND a.member_id = r.member_id
WHERE this.meeting_id = :meeting_id
ORDER BY r.member_id, m.period, m.held_on;

-- name: has_committee$
-- Whether the cell has anybody beside its secretary to hold a committee meeting with.
SELECT EXISTS (
    SELECT FROM office
    WHERE unit_id = :unit_id AND role IN ('deputy_secretary', 'committee_member')
      AND valid_from <= :on_day AND (valid_until IS NULL OR :on_day <= valid_until)
);

-- name: criteria_sets
-- The newest revision of each set of some units that is valid on a day and was not withdrawn.
SELECT DISTINCT ON (criteria_set) criteria_set, revision, unit_id, valid_from, for_parts, body
FROM criteria_set
WHERE unit_id = ANY(:unit_ids) AND valid_from <= :on_day AND NOT withdrawn
ORDER BY criteria_set, valid_from DESC, revision DESC;

-- name: criteria_revision$
-- One revision of a set, also if it was withdrawn since.
SELECT body FROM criteria_set WHERE criteria_set = :criteria_set AND revision = :revision;

-- name: awaiting
-- Self-scores of held meetings below a unit that have no official rating yet.
SELECT s.meeting_id, m.unit_id, m.period, s.self_total, s.self_rating, s.ayes, s.base
FROM score AS s
JOIN meeting AS m ON m.meeting_id = s.meeting_id AND m.status = 'held'
JOIN units_below(ARRAY[:unit_id::uuid], :on_day, :known_position) AS below ON below.unit_id = m.unit_id
WHERE s.official_rating IS NULL AND (:period::text IS NULL OR m.period = :period)
ORDER BY m.period, m.unit_id, s.meeting_id
LIMIT :limit;
