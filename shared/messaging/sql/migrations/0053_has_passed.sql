-- migrate:up
-- Whether a consumer has seen everything up to what a relay said: the event, all offsets, and each partition's last
-- event. Offsets alone could be those of a topic that was recreated since; positions are the log's own.
CREATE FUNCTION has_passed(reader text, said source_progress) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT
        said.position <= coalesce(max(at.position), 0)
        AND NOT EXISTS (
            SELECT 1
            FROM json_each_text(said.end_offsets) AS ends (partition, end_offset)
            LEFT JOIN consumer_position AS there
                ON there.consumer = reader
                    AND there.log_id = said.log_id
                    AND there.partition = CAST(ends.partition AS integer)
            WHERE coalesce(there.next_offset, 0) < CAST(ends.end_offset AS bigint)
        )
        AND NOT EXISTS (
            SELECT 1
            FROM json_each_text(said.last) AS lasts (partition, position)
            LEFT JOIN consumer_position AS there
                ON there.consumer = reader
                    AND there.log_id = said.log_id
                    AND there.partition = CAST(lasts.partition AS integer)
            WHERE coalesce(there.position, 0) < CAST(lasts.position AS bigint)
        )
    FROM consumer_position AS at
    WHERE at.consumer = reader AND at.log_id = said.log_id;
$$;

-- migrate:down
