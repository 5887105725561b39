-- name: try_lock$
-- Session-level: held until the connection ends. It elects a leader; the epoch is what fences.
SELECT pg_try_advisory_lock(:space, 0);

-- name: next_epoch$
-- Begins a leadership: whoever led before can no longer move the checkpoint.
UPDATE relay_checkpoint SET epoch = epoch + 1 RETURNING epoch;

-- name: checkpoint^
-- How far the topic has what the log has.
SELECT position, last, ends FROM relay_checkpoint;

-- name: advance$
-- Moves the checkpoint of the epoch that still holds; nothing comes back if a later one has begun.
UPDATE relay_checkpoint SET position = :position, last = :last, ends = :ends WHERE epoch = :epoch RETURNING epoch;

-- name: reset!
-- The whole log will be sent again; a running relay is fenced by the new epoch.
UPDATE relay_checkpoint SET epoch = epoch + 1, position = 0, last = '{}', ends = '{}';

-- name: heartbeat$
-- Keeps the leader's session from being ended as one that stands still; tells it the epoch that holds.
SELECT epoch FROM relay_checkpoint;
