-- name: lock_index!
-- So that what becomes known first has the lower `seq`: who watches must not pass a row that commits later.
SELECT pg_advisory_xact_lock(hashtextextended('operations.trace', 0));

-- name: keep!
-- Events of a batch; a repeated one is known already.
INSERT INTO trace_event (
    log_id, position, event_id, command_id, n, correlation_id, causation_id, stream, subject, version, key, key_id,
    type, schema_version, actor, office_id, on_behalf_of, trace_id, partition, record_offset, recorded_at, sent_at
)
SELECT
    log_id, position, event_id, command_id, n, correlation_id, causation_id, stream, subject, version, key, key_id,
    type, schema_version, actor, office_id, on_behalf_of, trace_id, partition, record_offset, recorded_at, sent_at
FROM unnest(
    :log_ids::text[], :positions::bigint[], :event_ids::uuid[], :command_ids::uuid[], :ns::integer[],
    :correlation_ids::uuid[], :causation_ids::uuid[], :streams::text[], :subjects::uuid[], :versions::integer[],
    :keys::text[], :key_ids::uuid[], :types::text[], :schema_versions::integer[], :actors::text[],
    :office_ids::uuid[], :on_behalf_ofs::text[], :trace_ids::text[], :partitions::integer[],
    :record_offsets::bigint[], :recorded_ats::timestamptz[], :sent_ats::timestamptz[]
) AS seen (
    log_id, position, event_id, command_id, n, correlation_id, causation_id, stream, subject, version, key, key_id,
    type, schema_version, actor, office_id, on_behalf_of, trace_id, partition, record_offset, recorded_at, sent_at
)
ORDER BY recorded_at, log_id, position
ON CONFLICT (log_id, position) DO NOTHING;

-- name: newest$
-- The last that became known.
SELECT coalesce(max(seq), 0) FROM trace_event;

-- name: after
-- What became known after `seq`, each with the actor's office and whether it belongs to a unit: the cell that is its
-- key, the cell of the member who is, or one below the unit today. Events of the tree belong to none.
SELECT
    t.seq, t.log_id, t.position, t.type, t.key, t.subject, t.correlation_id, t.actor, t.recorded_at,
    office.role AS office_role,
    office_unit.is_cell AS office_of_cell,
    :unit_id::uuid IS NULL OR EXISTS (
        SELECT FROM unit_ancestors(
            coalesce(
                (
                    SELECT member_cell.cell_id
                    FROM member_cell
                    WHERE member_cell.member_id = t.key_id
                        AND member_cell.withdrawn_position IS NULL
                        AND member_cell.valid_from <= :valid_on
                    ORDER BY member_cell.valid_from DESC, member_cell.position DESC
                    LIMIT 1
                ),
                t.key_id
            ),
            :valid_on, :known_position
        ) AS above
        WHERE above.unit_id = :unit_id
    ) AS within
FROM trace_event AS t
LEFT JOIN office ON office.office_id = t.office_id
LEFT JOIN LATERAL (
    SELECT tree.is_cell FROM unit_tree(:valid_on, :known_position) AS tree WHERE tree.unit_id = office.unit_id
) AS office_unit ON true
WHERE t.seq > :seq
ORDER BY t.seq
LIMIT :size;

-- name: timeline
-- All that an id names (an event, a command, a request, or what a stream is of), and, if these are events of a
-- meeting, all of that meeting, in the order of recording.
WITH named AS (
    SELECT DISTINCT subject
    FROM trace_event
    WHERE (event_id = :id OR command_id = :id OR correlation_id = :id)
        AND (stream LIKE 'meeting-%' OR stream LIKE 'roll-call-%' OR stream LIKE 'score-%')
    LIMIT 20
)
SELECT
    t.log_id, t.position, t.event_id, t.command_id, t.n, t.correlation_id, t.causation_id, t.stream, t.subject,
    t.version, t.key, t.type, t.schema_version, t.actor, t.on_behalf_of, t.trace_id, t.partition, t.record_offset,
    t.recorded_at, t.sent_at, t.indexed_at,
    office.role AS office_role,
    office_unit.is_cell AS office_of_cell
FROM trace_event AS t
LEFT JOIN office ON office.office_id = t.office_id
LEFT JOIN LATERAL (
    SELECT tree.is_cell FROM unit_tree(:valid_on, :known_position) AS tree WHERE tree.unit_id = office.unit_id
) AS office_unit ON true
WHERE t.event_id = :id
    OR t.command_id = :id
    OR t.correlation_id = :id
    OR t.subject = :id
    OR t.subject = ANY(ARRAY(SELECT subject FROM named))
ORDER BY t.recorded_at, t.log_id, t.position
LIMIT :size;
