-- migrate:up
-- A preview that quotes U+0000 from a file cannot be cast to jsonb, which every erasure does.
UPDATE import_file SET preview = replace(preview::text, '\u0000', '\ufffd')::json
WHERE preview::text LIKE '%\\u0000%';

-- migrate:down
