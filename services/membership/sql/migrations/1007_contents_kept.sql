-- migrate:up

-- Files whose contents are still here, of all that were ever sent.
CREATE INDEX import_file_content ON import_file (sent_at) WHERE content IS NOT NULL;

-- migrate:down
