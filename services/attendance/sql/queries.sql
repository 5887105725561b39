-- name: plan_meeting!
-- A meeting as it was scheduled.
INSERT INTO meeting (meeting_id, position, unit_id, body, period, status, starts_at, day, sittings)
VALUES (:meeting_id, :position, :unit_id, :body, :period, 'open', :starts_at, :day, :sittings)
ON CONFLICT (meeting_id) DO NOTHING;

-- name: reschedule_meeting!
-- Other sittings, perhaps on another day.
UPDATE meeting SET position = :position, starts_at = :starts_at, day = :day, sittings = :sittings
WHERE meeting_id = :meeting_id;

-- name: hold_meeting!
-- The meeting as it was held, also if nobody had scheduled it. Planned sittings stay: check-ins may name them.
INSERT INTO meeting (meeting_id, position, unit_id, body, period, status, starts_at, day, sittings)
VALUES (:meeting_id, :position, :unit_id, :body, :period, 'held', :starts_at, :day, :sittings)
ON CONFLICT (meeting_id) DO UPDATE
SET position = EXCLUDED.position, status = 'held', starts_at = EXCLUDED.starts_at, day = EXCLUDED.day,
    sittings = CASE WHEN meeting.sittings = '{}' THEN EXCLUDED.sittings ELSE meeting.sittings END;

-- name: miss_meeting!
-- The meeting was not held, also if nobody had scheduled it.
INSERT INTO meeting (meeting_id, position, unit_id, body, period, status)
VALUES (:meeting_id, :position, :unit_id, :body, :period, 'not_held')
ON CONFLICT (meeting_id) DO UPDATE SET position = EXCLUDED.position, status = 'not_held';

-- name: correct_meeting!
-- What is given replaces what was there.
UPDATE meeting
SET position = :position, unit_id = COALESCE(:unit_id, unit_id), body = COALESCE(:body, body),
    period = COALESCE(:period, period), starts_at = COALESCE(:starts_at, starts_at), day = COALESCE(:day, day)
WHERE meeting_id = :meeting_id;

-- name: set_status!
-- The meeting is open again, or withdrawn.
UPDATE meeting SET position = :position, status = :status WHERE meeting_id = :meeting_id;

-- name: meeting^
-- One meeting as known here.
SELECT meeting_id, position, unit_id, body, period, status, starts_at, day, sittings
FROM meeting WHERE meeting_id = :meeting_id;

-- name: meetings_of_members
-- Meetings, from a day on that is the member's own, of every cell that some members ever belonged to or stayed in.
-- Withdrawn changes count here: they may have made a roster.
SELECT DISTINCT asked.member_id, m.meeting_id, m.position, m.unit_id, m.body, m.period, m.status, m.starts_at, m.day,
       m.sittings
FROM unnest(:member_ids::uuid[], :since::date[]) AS asked (member_id, since)
CROSS JOIN LATERAL (
    SELECT b.cell_id FROM belonging AS b WHERE b.member_id = asked.member_id
    UNION
    SELECT s.host_cell_id FROM spell AS s WHERE s.member_id = asked.member_id
) AS ever
JOIN meeting AS m ON m.unit_id = ever.cell_id AND m.day >= asked.since AND m.status <> 'withdrawn'
ORDER BY m.meeting_id;

-- name: meetings_known$
-- How many of some meetings are known up to at least these positions, given in the same order.
SELECT count(*)
FROM unnest(:meeting_ids::uuid[], :positions::bigint[]) AS asked (meeting_id, position)
JOIN meeting AS m ON m.meeting_id = asked.meeting_id AND m.position >= asked.position;

-- name: see_member*!
-- The member's events are applied up to here.
INSERT INTO member (member_id, position) VALUES (:member_id, :position)
ON CONFLICT (member_id) DO UPDATE SET position = EXCLUDED.position WHERE member.position < EXCLUDED.position;

-- name: add_belonging*!
-- The member belongs to a cell from a day on.
INSERT INTO belonging (member_id, position, event_id, since, cell_id)
VALUES (:member_id, :position, :event_id, :since, :cell_id)
ON CONFLICT (member_id, position) DO NOTHING;

-- name: add_spell*!
-- The member has a standing and status for a time.
INSERT INTO spell (member_id, position, event_id, since, until, standing, status, host_cell_id)
VALUES (:member_id, :position, :event_id, :since, :until, :standing, :status, :host_cell_id)
ON CONFLICT (member_id, position) DO NOTHING;

-- name: withdraw_belonging*!
-- A change of cell was recorded in error.
UPDATE belonging SET withdrawn = true WHERE event_id = :event_id;

-- name: withdraw_spell*!
-- A change of status was recorded in error.
UPDATE spell SET withdrawn = true WHERE event_id = :event_id;

-- name: members_known$
-- How many of some members are known up to at least these positions, given in the same order.
SELECT count(*)
FROM unnest(:member_ids::uuid[], :positions::bigint[]) AS asked (member_id, position)
JOIN member AS m ON m.member_id = asked.member_id AND m.position >= asked.position;

-- name: positions_of
-- How far the events of some members are applied.
SELECT member_id, position FROM member WHERE member_id = ANY(:member_ids);

-- name: members_of_cell
-- Every member who ever belonged to a cell or stayed in it.
SELECT member_id FROM belonging WHERE cell_id = :cell_id
UNION
SELECT member_id FROM spell WHERE host_cell_id = :cell_id;

-- name: belongings_of
-- The cells of some members, without changes that were withdrawn.
SELECT member_id, position, since, cell_id
FROM belonging WHERE member_id = ANY(:member_ids) AND NOT withdrawn;

-- name: spells_of
-- Standing and status of some members, without changes that were withdrawn.
SELECT member_id, position, since, until, standing, status, host_cell_id
FROM spell WHERE member_id = ANY(:member_ids) AND NOT withdrawn;
