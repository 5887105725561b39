-- name: upsert_meeting!
-- A meeting as it was scheduled, or as an outcome says that nobody had scheduled.
INSERT INTO meeting (meeting_id, unit_id, body, period, parts, status, starts_at, held_on, reason)
VALUES (:meeting_id, :unit_id, :body, :period, :parts, :status, :starts_at, :held_on, :reason)
ON CONFLICT (meeting_id) DO UPDATE
SET unit_id = EXCLUDED.unit_id, body = EXCLUDED.body, period = EXCLUDED.period, parts = EXCLUDED.parts,
    status = EXCLUDED.status, starts_at = COALESCE(EXCLUDED.starts_at, meeting.starts_at),
    held_on = EXCLUDED.held_on, reason = EXCLUDED.reason;

-- name: reschedule_meeting!
-- The first sitting begins at another time.
UPDATE meeting SET starts_at = :starts_at WHERE meeting_id = :meeting_id;

-- name: correct_meeting!
-- What is given replaces what was there.
UPDATE meeting
SET unit_id = COALESCE(:unit_id, unit_id), body = COALESCE(:body, body), period = COALESCE(:period, period),
    parts = COALESCE(:parts, parts), held_on = COALESCE(:held_on, held_on)
WHERE meeting_id = :meeting_id;

-- name: set_status!
-- The meeting is open again, or withdrawn; an outcome that it had is gone.
UPDATE meeting SET status = :status, held_on = NULL, reason = NULL WHERE meeting_id = :meeting_id;

-- name: meetings_of
-- The meetings of a unit, of one period or of all, newest period first.
SELECT meeting_id, unit_id, body, period, parts, status, starts_at, held_on, reason
FROM meeting
WHERE unit_id = :unit_id AND (:period::text IS NULL OR period = :period)
ORDER BY period DESC, COALESCE(held_on::timestamptz, starts_at) DESC NULLS LAST, meeting_id
LIMIT :limit;
