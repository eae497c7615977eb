-- SPDX-License-Identifier: Apache-2.0
-- Logins that go over several HTTP requests (OIDC, second factor, one-time code by SMS), the quota of one-time codes, and
-- the subjects of identity providers.
-- Nothing in "login" helps a reader of the table: what proves something (state, cookie, code, proof) is there as a digest
-- only, and the digest of a code is made with the cookie or transaction it belongs to, so that six digits cannot be tried.
-- Nonce and verifier stand in clear because both are sent as they are: the verifier is worth something only together with
-- the authorization code, which is never stored, and the nonce only inside a token that the provider signs.

CREATE UNLOGGED TABLE login (
    handle     bytea PRIMARY KEY CHECK (octet_length(handle) = 32),
    kind       text NOT NULL CHECK (kind IN ('oidc', 'factor', 'otp')),
    provider   text COLLATE "C" NOT NULL DEFAULT '',
    request    bytea NOT NULL CHECK (octet_length(request) <= 32768),
    nonce      text COLLATE "C",
    verifier   text COLLATE "C",
    imsi       text COLLATE "C",
    number     bytea CHECK (octet_length(number) = 32),
    code       bytea CHECK (octet_length(code) = 32),
    proof      bytea CHECK (octet_length(proof) = 32),
    tries      smallint NOT NULL DEFAULT 0,
    opened     smallint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX login_expires ON login (expires_at);
CREATE INDEX login_number ON login (number) WHERE kind = 'otp';
COMMENT ON TABLE login IS 'Logins between two HTTP requests. UNLOGGED: a crash loses them, devices start anew.';
COMMENT ON COLUMN login.handle IS 'digest of state, transaction or cookie';
COMMENT ON COLUMN login.kind IS 'oidc: at the identity provider; factor: waits for the second factor; otp: waits for the code (RCC.14)';
COMMENT ON COLUMN login.provider IS 'entry of section oidc that it began with; empty for otp';
COMMENT ON COLUMN login.request IS 'the saved first request, opaque, at most 32 kB';
COMMENT ON COLUMN login.nonce IS 'oidc: what the ID token must repeat';
COMMENT ON COLUMN login.verifier IS 'oidc: PKCE code verifier (RFC 7636), NULL without PKCE';
COMMENT ON COLUMN login.imsi IS 'factor: subscriber found by the first factor; otp: owner of the number, NULL when there is none';
COMMENT ON COLUMN login.number IS 'digest of the number that codes are sent to; NULL: no codes';
COMMENT ON COLUMN login.code IS 'digest of the present code with the handle''s secret; NULL: none was sent';
COMMENT ON COLUMN login.proof IS 'digest of the single-use proof that the second factor has passed; NULL: not yet';
COMMENT ON COLUMN login.tries IS 'wrong codes so far';
COMMENT ON COLUMN login.opened IS 'how often the return leg has begun; it may begin again when the provider did not answer';
COMMENT ON COLUMN login.created_at IS 'begin';
COMMENT ON COLUMN login.expires_at IS 'nothing is accepted from then on';
COMMENT ON COLUMN login.used_at IS 'set by the return leg: single use';

CREATE UNLOGGED TABLE otp_number (
    number    bytea PRIMARY KEY CHECK (octet_length(number) = 32),
    sent_at   timestamptz NOT NULL,
    day_began timestamptz NOT NULL,
    sent      integer NOT NULL CHECK (sent > 0)
) WITH (fillfactor = 80);
CREATE INDEX otp_number_day ON otp_number (day_began);
COMMENT ON TABLE otp_number IS 'Quota of one-time codes per number over all nodes; numbers that nobody has are counted alike, so that they cannot be told apart.';
COMMENT ON COLUMN otp_number.number IS 'digest of the number';
COMMENT ON COLUMN otp_number.sent_at IS 'latest code';
COMMENT ON COLUMN otp_number.day_began IS 'begin of the 24 hours that are counted';
COMMENT ON COLUMN otp_number.sent IS 'codes in them';

CREATE TABLE subject_identity (
    provider   text COLLATE "C" NOT NULL CHECK (provider ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
    subject    text COLLATE "C" NOT NULL CHECK (length(subject) BETWEEN 1 AND 255),
    imsi       text COLLATE "C" NOT NULL REFERENCES subscriber ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (provider, subject, imsi)
);
CREATE INDEX subject_identity_imsi ON subject_identity (imsi);
COMMENT ON TABLE subject_identity IS 'Which lines an account at an identity provider stands for (OIDC claim "sub").';
COMMENT ON COLUMN subject_identity.provider IS 'name of the entry of section oidc';
COMMENT ON COLUMN subject_identity.subject IS 'value of the claim without its prefix, compared byte by byte';
COMMENT ON COLUMN subject_identity.imsi IS 'line; an account may have several';
COMMENT ON COLUMN subject_identity.created_at IS 'time of the row';
