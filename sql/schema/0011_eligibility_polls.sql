-- SPDX-License-Identifier: Apache-2.0
-- How often devices have asked on one day whether they may use an application (CheckEligibility of TS.43 6.5.2).

CREATE UNLOGGED TABLE eligibility_poll (
    device bytea PRIMARY KEY CHECK (octet_length(device) = 16),
    day    date NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')::date,
    polls  integer NOT NULL DEFAULT 1 CHECK (polls > 0)
) WITH (fillfactor = 70);
CREATE INDEX eligibility_poll_day ON eligibility_poll (day);
COMMENT ON TABLE eligibility_poll IS 'Polls of CheckEligibility (MaxRefreshRequest): one row for each device of a line that was told to ask again. UNLOGGED: after a crash they are counted anew. Rows of former days are deleted.';
COMMENT ON COLUMN eligibility_poll.device IS 'digest of line and device';
COMMENT ON COLUMN eligibility_poll.day IS 'day (UTC) of the polls';
COMMENT ON COLUMN eligibility_poll.polls IS 'polls on that day';
