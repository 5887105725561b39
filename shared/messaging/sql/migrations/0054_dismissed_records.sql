-- migrate:up
-- Who has understood a record in quarantine dismisses it: it stays, with who and why, and no longer degrades the service.
ALTER TABLE quarantined_record
    ADD COLUMN dismissed_at timestamptz,
    ADD COLUMN dismissed_by text,
    ADD COLUMN dismissed_reason text,
    ADD CONSTRAINT dismissed_by_somebody_for_a_reason CHECK (
        num_nulls(dismissed_at, dismissed_by, dismissed_reason) IN (0, 3)
    );

-- migrate:down
