-- name: keep_import!
-- A file with its preview. Of the same request again, until its apply has begun, a new preview: nobody confirmed that one.
INSERT INTO import_file (import_id, kind, mapping, as_of, content, state, preview, digest, body_hash, sent_at)
VALUES (
    :import_id, :kind, :mapping::json, :as_of, :content, 'previewed', :preview::json, :digest, :body_hash, :sent_at
)
ON CONFLICT (import_id) DO UPDATE
SET mapping = EXCLUDED.mapping, as_of = EXCLUDED.as_of, content = EXCLUDED.content, preview = EXCLUDED.preview, digest = EXCLUDED.digest, confirmed_by = NULL
WHERE import_file.state = 'previewed' AND import_file.body_hash = EXCLUDED.body_hash;

-- name: find_import^
-- A file by its id.
SELECT import_id, kind, mapping, as_of, content, state, preview, digest, left_out, confirmed_by, body_hash
FROM import_file
WHERE import_id = :import_id;

-- name: start_import!
-- From here on an apply may have been cut short, and is finished by repeating it.
UPDATE import_file SET state = 'applying', left_out = :left_out::integer[]
WHERE import_id = :import_id AND state = 'previewed';

-- name: finish_import!
-- All rows are recorded: the names are not needed any more.
UPDATE import_file SET state = 'applied', content = NULL WHERE import_id = :import_id;

-- name: confirm_import!
-- Somebody looked at what the file takes away, and means it. The first to say so is kept.
UPDATE import_file SET confirmed_by = :actor
WHERE import_id = :import_id AND state = 'previewed' AND confirmed_by IS NULL;

-- name: forget_old_contents!
-- Files that nobody applied in time. What is wrong with a row may quote it.
UPDATE import_file SET content = NULL, preview = (preview::jsonb || '{"problems": []}')::json
WHERE content IS NOT NULL AND state = 'previewed' AND sent_at < :before;

-- name: forget_contents!
-- Files that may hold an erased person's name, and what is wrong with their rows, which may quote it.
UPDATE import_file SET content = NULL, preview = (preview::jsonb || '{"problems": []}')::json
WHERE kind = :kind AND (content IS NOT NULL OR (preview -> 'problems')::text <> '[]');

-- name: identities
-- Member ids by the keyed hash of an outer code.
SELECT code_hash, member_id FROM member_identity WHERE code_hash = ANY(:hashes::bytea[]);

-- name: reserve_identities!
-- Ids for codes that have none; of two files at once, the first one gives the id.
INSERT INTO member_identity (code_hash, member_id)
SELECT a.code_hash, a.member_id
FROM unnest(:hashes::bytea[], :member_ids::uuid[]) AS a (code_hash, member_id)
ON CONFLICT (code_hash) DO NOTHING;

-- name: forget_identities!
-- The member's outer codes lead nowhere from now on.
DELETE FROM member_identity WHERE member_id = :member_id;

-- name: streams
-- The events of many streams at once, each in order.
SELECT stream, type, schema_version, data
FROM events
WHERE stream = ANY(:streams::text[])
ORDER BY stream, version;

-- name: recorded_commands
-- Which commands are in the log.
SELECT DISTINCT command_id FROM events WHERE command_id = ANY(:command_ids::uuid[]);

-- name: version_of$
-- The stream version of an event.
SELECT version FROM events WHERE event_id = :event_id AND stream = :stream;

-- name: members_of
-- Who belongs to the cells on a day, by the directory, a page at a time.
SELECT held.member_id, held.cell_id
FROM (
    SELECT DISTINCT ON (m.member_id) m.member_id, m.cell_id
    FROM member_cell AS m
    WHERE m.valid_from <= :valid_on AND m.withdrawn_position IS NULL
      AND m.member_id IN (SELECT c.member_id FROM member_cell AS c WHERE c.cell_id = ANY(:cell_ids::uuid[]))
    ORDER BY m.member_id, m.valid_from DESC, m.position DESC
) AS held
WHERE held.cell_id = ANY(:cell_ids::uuid[]) AND held.member_id > :after
ORDER BY held.member_id
LIMIT :limit;

-- name: cell_sizes
-- How many members each cell has once all that is known has happened, by the directory.
SELECT held.cell_id, count(*) AS members
FROM (
    SELECT DISTINCT ON (m.member_id) m.member_id, m.cell_id
    FROM member_cell AS m
    WHERE m.withdrawn_position IS NULL
    ORDER BY m.member_id, m.valid_from DESC, m.position DESC
) AS held
WHERE held.cell_id IS NOT NULL
GROUP BY held.cell_id;

-- name: offices_of
-- Tenures in the units that cover a day.
SELECT office_id, unit_id, role, member_id, valid_from, valid_until
FROM office
WHERE unit_id = ANY(:unit_ids::uuid[])
  AND valid_from <= :valid_on AND (valid_until IS NULL OR valid_until >= :valid_on)
ORDER BY unit_id, role, office_id;

-- name: assignments_of
-- Assignments to the units that cover a day.
SELECT assignment_id, kind, member_id, unit_id, valid_from, valid_until
FROM assignment
WHERE unit_id = ANY(:unit_ids::uuid[])
  AND valid_from <= :valid_on AND (valid_until IS NULL OR valid_until >= :valid_on)
ORDER BY unit_id, kind, assignment_id;

-- name: pulled^
-- How far a source was pulled.
SELECT cursor, etag, pages FROM pull_source WHERE source = :source;

-- name: advance_pull$
-- The next page is due. No row: somebody else has taken this one.
INSERT INTO pull_source (source, cursor, etag, pages) VALUES (:source, :cursor, :etag, :pages + 1)
ON CONFLICT (source) DO UPDATE
SET cursor = EXCLUDED.cursor, etag = EXCLUDED.etag, pages = EXCLUDED.pages
WHERE pull_source.pages = :pages
RETURNING pages;

-- name: quarantined
-- Rows of a source that had problems when they were last tried.
SELECT code_hash, record, tried_at FROM pull_quarantine WHERE source = :source ORDER BY code_hash;

-- name: empty_quarantine!
-- All of them were tried again.
DELETE FROM pull_quarantine WHERE source = :source;

-- name: quarantine*!
-- A row that has a problem, still or newly.
INSERT INTO pull_quarantine (source, code_hash, record, tried_at)
VALUES (:source, :code_hash, :record::json, :tried_at);

-- name: forget_quarantined!
-- Rows about a member, before the codes lead nowhere.
DELETE FROM pull_quarantine AS q
USING member_identity AS i
WHERE i.code_hash = q.code_hash AND i.member_id = :member_id;
