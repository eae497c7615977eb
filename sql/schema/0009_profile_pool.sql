-- SPDX-License-Identifier: Apache-2.0
-- Prepared activation codes: eSIM profiles that the operator has made at an SM-DP+ beforehand, for sources of type pool.

CREATE TABLE profile_pool (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    smdp         text COLLATE "C" NOT NULL CHECK (smdp ~ '^[a-z0-9][a-z0-9-]{0,31}$'),
    profile_type text COLLATE "C" NOT NULL DEFAULT '' CHECK (length(profile_type) <= 128),
    iccid        text COLLATE "C" NOT NULL UNIQUE CHECK (iccid ~ '^[0-9]{18,20}$'),
    code_sealed  bytea NOT NULL CHECK (octet_length(code_sealed) BETWEEN 16 AND 512),
    address      text COLLATE "C" NOT NULL CHECK (length(address) BETWEEN 1 AND 253),
    line_imsi    text COLLATE "C" CHECK (line_imsi ~ '^[0-9]{6,15}$'),
    msisdn       text COLLATE "C" CHECK (msisdn ~ '^[0-9]{5,15}$'),
    state        text COLLATE "C" NOT NULL DEFAULT 'free' CHECK (state IN ('free', 'taken', 'given', 'void')),
    taken_by     text COLLATE "C" UNIQUE CHECK (length(taken_by) BETWEEN 1 AND 64),
    taken_at     timestamptz,
    created_at   timestamptz NOT NULL DEFAULT now(),
    CHECK ((state IN ('taken', 'given')) <= (taken_by IS NOT NULL AND taken_at IS NOT NULL)),
    CHECK (state <> 'free' OR (taken_by IS NULL AND taken_at IS NULL))
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
-- The oldest free one is taken first; taken ones leave the index. "id > 0" keeps what is about one profile or one call from
-- being looked for among all of a source; "id >= 1", which that does not imply, is for counting alone.
CREATE INDEX profile_pool_free ON profile_pool (smdp, profile_type, created_at, id) WHERE state = 'free' AND id > 0;
CREATE INDEX profile_pool_count ON profile_pool (smdp, profile_type, state) WHERE id >= 1;
COMMENT ON TABLE profile_pool IS 'Activation codes that were prepared at an SM-DP+, one row per profile, given out once.';
COMMENT ON COLUMN profile_pool.id IS 'number of the row; of one import the lowest free one is taken first';
COMMENT ON COLUMN profile_pool.smdp IS 'name of the source (list smdp of the configuration, type pool)';
COMMENT ON COLUMN profile_pool.profile_type IS 'profile type that it serves; empty: of orders that name none';
COMMENT ON COLUMN profile_pool.iccid IS 'of the profile, without filler';
COMMENT ON COLUMN profile_pool.code_sealed IS 'activation code (SGP.22 4.1), sealed by the key ring auth.subscriber_keys';
COMMENT ON COLUMN profile_pool.address IS 'SM-DP+ address out of the code';
COMMENT ON COLUMN profile_pool.line_imsi IS 'IMSI of the profile, when known';
COMMENT ON COLUMN profile_pool.msisdn IS 'number of the profile, when known';
COMMENT ON COLUMN profile_pool.state IS 'free; taken: reserved, nobody has seen the code; given: the code went out; void: not to be used again';
COMMENT ON COLUMN profile_pool.taken_by IS 'id of the call that took it: the same call gets the same row again';
COMMENT ON COLUMN profile_pool.taken_at IS 'when it was taken';
COMMENT ON COLUMN profile_pool.created_at IS 'time of the import';
