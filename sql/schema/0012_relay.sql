-- SPDX-License-Identifier: Apache-2.0
-- EAP exchanges with a neighbour behind them: handed on to an AAA, or ended here with a vector of the HSS; attempts of
-- subscribers that have no key here; what the HSS says of a line.

CREATE UNLOGGED TABLE relay_session (
    handle      bytea PRIMARY KEY CHECK (octet_length(handle) BETWEEN 16 AND 64),
    kind        smallint NOT NULL CHECK (kind IN (1, 2)),
    provider    text COLLATE "C" NOT NULL CHECK (octet_length(provider) BETWEEN 1 AND 64),
    imsi        text COLLATE "C" NOT NULL DEFAULT '' CHECK (imsi ~ '^[0-9]{0,15}$'),
    state       bytea NOT NULL CHECK (octet_length(state) <= 32768),
    identifier  smallint NOT NULL CHECK (identifier BETWEEN 0 AND 255),
    method      smallint NOT NULL CHECK (method BETWEEN 0 AND 255),
    rounds      smallint NOT NULL DEFAULT 1,
    request     bytea NOT NULL DEFAULT '' CHECK (octet_length(request) <= 1020),
    thread      bytea NOT NULL DEFAULT '' CHECK (octet_length(thread) <= 2048),
    vector      bytea CHECK (octet_length(vector) <= 256),
    asked       bytea CHECK (octet_length(asked) = 32),
    asked_at    timestamptz,
    outcome     smallint NOT NULL DEFAULT 0 CHECK (outcome BETWEEN 0 AND 3),
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL,
    finished_at timestamptz
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX relay_session_expires ON relay_session (expires_at);
COMMENT ON TABLE relay_session IS 'EAP exchanges with an AAA or HSS between two HTTP requests. UNLOGGED: a crash loses them, phones start anew.';
COMMENT ON COLUMN relay_session.handle IS 'digest of the cookie';
COMMENT ON COLUMN relay_session.kind IS '1: handed on to an AAA; 2: ended here with a vector of the HSS';
COMMENT ON COLUMN relay_session.provider IS 'name of the AAA or HSS in the configuration';
COMMENT ON COLUMN relay_session.imsi IS 'that of a permanent EAP_ID, else empty; after success the proven one';
COMMENT ON COLUMN relay_session.state IS 'the saved first request, opaque, at most 32 kB';
COMMENT ON COLUMN relay_session.identifier IS 'EAP identifier of the outstanding request';
COMMENT ON COLUMN relay_session.method IS 'EAP type of the outstanding request';
COMMENT ON COLUMN relay_session.rounds IS 'requests sent to the phone so far; 0: refused';
COMMENT ON COLUMN relay_session.request IS 'relay: the outstanding EAP request, for a repeated answer';
COMMENT ON COLUMN relay_session.thread IS 'relay: what the AAA needs to know the conversation again (server, Session-Id, State), opaque';
COMMENT ON COLUMN relay_session.vector IS 'HSS: the outstanding vector, sealed';
COMMENT ON COLUMN relay_session.asked IS 'relay: digest of the last packet of the phone that was handed on';
COMMENT ON COLUMN relay_session.asked_at IS 'relay: since when the AAA is asked about it; NULL: its answer is in';
COMMENT ON COLUMN relay_session.outcome IS 'relay: 0 goes on, 1 passed, 2 refused, 3 the AAA failed';
COMMENT ON COLUMN relay_session.created_at IS 'first request';
COMMENT ON COLUMN relay_session.expires_at IS 'no answer is taken from then on';
COMMENT ON COLUMN relay_session.finished_at IS 'HSS: first answer, relay: end; repeats are served for 10 s after it';

CREATE UNLOGGED TABLE auth_attempt (
    subject        bytea PRIMARY KEY CHECK (octet_length(subject) = 32),
    attempts       integer NOT NULL CHECK (attempts > 0),
    window_started timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 70);
CREATE INDEX auth_attempt_window ON auth_attempt (window_started);
COMMENT ON TABLE auth_attempt IS 'EAP exchanges begun with an AAA or HSS and not cleared by a success, and numbers that were tried (VerifyPhoneNumber). UNLOGGED: after a crash they are counted anew.';
COMMENT ON COLUMN auth_attempt.subject IS 'digest of the IMSI, or of an EAP_ID without one; of line and caller for numbers';
COMMENT ON COLUMN auth_attempt.attempts IS 'exchanges begun, or numbers tried, in the present window';
COMMENT ON COLUMN auth_attempt.window_started IS 'begin of the window';

ALTER TABLE subscriber ADD COLUMN non3gpp text CHECK (non3gpp IN ('allowed', 'barred'));
ALTER TABLE subscriber ADD COLUMN non3gpp_at timestamptz;
COMMENT ON COLUMN subscriber.non3gpp IS 'Non-3GPP-IP-Access of the profile in the HSS, NULL: not known';
COMMENT ON COLUMN subscriber.non3gpp_at IS 'when the HSS was last asked for it';
