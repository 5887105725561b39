-- migrate:up

-- Every version of every fact about a meeting: one row per event, in whatever order they arrive. Nothing is deleted.
CREATE TABLE meeting_fact (
    log_id text NOT NULL,
    position bigint NOT NULL,
    event_id uuid NOT NULL,
    recorded_at timestamptz NOT NULL,
    meeting_id uuid NOT NULL,
    type text NOT NULL,
    member_id uuid,               -- whom it is about, if it is about one member
    unit_id uuid,                 -- where and for which period it puts the meeting, if it says so
    period text,
    data jsonb NOT NULL,
    digest numeric(37) NOT NULL,  -- 120 bits of SHA-256(log id, event id, data as stored)
    PRIMARY KEY (log_id, position)
);
CREATE INDEX meeting_fact_meeting ON meeting_fact (meeting_id, position);
CREATE INDEX meeting_fact_place ON meeting_fact (period, unit_id) WHERE period IS NOT NULL;
CREATE INDEX meeting_fact_time ON meeting_fact (log_id, recorded_at, position);

-- What each meeting contributes, from all facts known here: a cache that `contribution` fills again at any time.
CREATE TABLE meeting_contribution (
    meeting_id uuid PRIMARY KEY,
    first_position bigint NOT NULL,   -- in the log of meetings: who was first in a cell's period
    unit_id uuid NOT NULL,
    period text NOT NULL,
    body text NOT NULL,
    outcome text NOT NULL,            -- planned, held, not_held, withdrawn
    reason text,
    held_on date,
    regular boolean NOT NULL,
    thematic boolean NOT NULL,
    expected integer NOT NULL,
    present_full integer NOT NULL,    -- expected and present at every call that was taken, to the end
    present_part integer NOT NULL,    -- expected and present, but missed a call or left early
    excused integer NOT NULL,
    unexcused integer NOT NULL,
    unknown integer NOT NULL,
    exempt_present integer NOT NULL,  -- on the roster as not expected, and came
    unlisted_present integer NOT NULL,
    guests integer NOT NULL,
    discrepancies integer NOT NULL,   -- roster rows that membership now says differently, not settled
    sittings integer NOT NULL,
    minutes integer NOT NULL,
    speakers_known integer NOT NULL,
    speakers integer NOT NULL,
    superior_attended integer NOT NULL,
    with_documents integer NOT NULL,
    self_rating text,
    self_points integer NOT NULL,     -- hundredths of a point
    official_rating text,
    events integer NOT NULL,
    input_digest numeric NOT NULL,
    facts_digest numeric NOT NULL
);
CREATE INDEX meeting_contribution_place ON meeting_contribution (period, unit_id);

-- The sum of a cell's month. Leaves only: committees are summed when asked, over the tree of the day that is asked for.
CREATE TABLE cell_month (
    unit_id uuid NOT NULL,
    period text NOT NULL,
    met integer NOT NULL,                -- 1: a regular meeting was held
    not_held integer NOT NULL,           -- 1: reported, with a reason, that none was
    conflicts integer NOT NULL,          -- live regular meetings beyond the one that counts
    thematic_meetings integer NOT NULL,
    committee_meetings integer NOT NULL,
    meetings integer NOT NULL,           -- meetings that count: what the sums below are over
    expected integer NOT NULL,
    present_full integer NOT NULL,
    present_part integer NOT NULL,
    excused integer NOT NULL,
    unexcused integer NOT NULL,
    unknown integer NOT NULL,
    exempt_present integer NOT NULL,
    unlisted_present integer NOT NULL,
    guests integer NOT NULL,
    discrepancies integer NOT NULL,
    sittings integer NOT NULL,
    minutes integer NOT NULL,
    speakers_known integer NOT NULL,
    speakers integer NOT NULL,
    superior_attended integer NOT NULL,
    with_documents integer NOT NULL,
    self_scored integer NOT NULL,
    self_points integer NOT NULL,
    rated integer NOT NULL,
    awaiting_rating integer NOT NULL,
    ratings jsonb NOT NULL,              -- {"self:tot": 1, "official:kha": 1}
    events integer NOT NULL,
    input_digest numeric NOT NULL,
    facts_digest numeric NOT NULL,
    PRIMARY KEY (period, unit_id)
);

-- Whether both roll calls are needed to count as fully attended, below a unit and from a day on.
CREATE TABLE presence_rule (
    log_id text NOT NULL,
    position bigint NOT NULL,
    unit_id uuid NOT NULL,
    valid_from date NOT NULL,
    both_calls_needed boolean NOT NULL,
    source text NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (log_id, position)
);

-- Official names of ratings, from the bands of criteria sets; the one recorded last names a code.
CREATE TABLE rating_band (
    log_id text NOT NULL,
    position bigint NOT NULL,
    rating text NOT NULL,
    name text NOT NULL,
    at_least numeric NOT NULL,
    PRIMARY KEY (log_id, position, rating)
);

-- When a change of the tree was recorded: turns a time into a position of the log of membership.
CREATE TABLE tree_position (
    log_id text NOT NULL,
    position bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (log_id, position)
);
CREATE INDEX tree_position_time ON tree_position (log_id, recorded_at, position);

-- migrate:down
