-- SPDX-License-Identifier: Apache-2.0
-- Consent pages between two requests of a browser. UNLOGGED: a crash loses them, the user opens the pages again.

CREATE UNLOGGED TABLE sheet_session (
    handle     bytea PRIMARY KEY CHECK (octet_length(handle) = 32),
    ref        bytea NOT NULL UNIQUE CHECK (octet_length(ref) = 32),
    imsi       text COLLATE "C" NOT NULL,
    terminal   bytea NOT NULL CHECK (octet_length(terminal) = 16),
    tac        text COLLATE "C" CHECK (tac ~ '^[0-9]{8}$'),
    service    text COLLATE "C" NOT NULL CHECK (service ~ '^[a-z0-9][a-z0-9-]{0,30}$'),
    stage      smallint NOT NULL DEFAULT 0 CHECK (stage BETWEEN 0 AND 9),
    step       integer NOT NULL DEFAULT 0,
    terms      integer CHECK (terms >= 0),
    form       bytea CHECK (octet_length(form) <= 8192),
    expires_at timestamptz NOT NULL,
    ref_ends_at timestamptz NOT NULL,
    reap_at    timestamptz NOT NULL
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX sheet_session_reap ON sheet_session (reap_at);
COMMENT ON TABLE sheet_session IS 'Users on the built-in consent pages: one row per opened hand-over reference, for all nodes.';
COMMENT ON COLUMN sheet_session.handle IS 'digest of the cookie';
COMMENT ON COLUMN sheet_session.ref IS 'digest of the reference that was opened: it opens no second one';
COMMENT ON COLUMN sheet_session.imsi IS 'subscriber, out of the reference';
COMMENT ON COLUMN sheet_session.terminal IS 'digest of the terminal, out of the reference';
COMMENT ON COLUMN sheet_session.tac IS 'TAC of that terminal, NULL when it is no IMEI';
COMMENT ON COLUMN sheet_session.service IS 'service whose data are captured';
COMMENT ON COLUMN sheet_session.stage IS 'where the user is: 0 asked, 1 to confirm, 2 suggestion, 3 check not possible, 4 finished, 5 dismissed, 6 finished and being checked';
COMMENT ON COLUMN sheet_session.step IS 'grows with every change: a form of an earlier step changes nothing';
COMMENT ON COLUMN sheet_session.terms IS 'version of the terms accepted on these pages; written to the line at the end';
COMMENT ON COLUMN sheet_session.form IS 'what was typed in, sealed with a key that only the cookie has';
COMMENT ON COLUMN sheet_session.expires_at IS 'then the pages must be opened again';
COMMENT ON COLUMN sheet_session.ref_ends_at IS 'end of the reference';
COMMENT ON COLUMN sheet_session.reap_at IS 'then the row goes: with the session, but a finished one with its reference, which opens nothing any more';
