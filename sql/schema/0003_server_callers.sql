-- SPDX-License-Identifier: Apache-2.0
-- Application servers (MDM, number verification ...) that call with OAuth 2.0 access tokens: tokens that we issue, and the
-- assertions that they have sent. Shared by all nodes. The callers themselves stand in the configuration.

CREATE TABLE server_token (
    digest        bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
    client_id     text COLLATE "C" NOT NULL,
    scope         text COLLATE "C" NOT NULL DEFAULT '',
    audience      text COLLATE "C",
    subject       bytea CHECK (octet_length(subject) = 32),
    single_use    boolean NOT NULL DEFAULT false,
    requestor_id  text COLLATE "C",
    enterprise_id text COLLATE "C",
    issued_at     timestamptz NOT NULL DEFAULT now(),
    expires_at    timestamptz NOT NULL,
    used_at       timestamptz
);
CREATE INDEX server_token_expires ON server_token (expires_at);
COMMENT ON TABLE server_token IS 'Access tokens of application servers; deleted some time after their end.';
COMMENT ON COLUMN server_token.digest IS 'SHA-256 of the token, which itself is not kept';
COMMENT ON COLUMN server_token.client_id IS 'caller of section server_callers';
COMMENT ON COLUMN server_token.scope IS 'granted scopes, separated by blanks';
COMMENT ON COLUMN server_token.audience IS 'parameter resource (RFC 8707) of the token request';
COMMENT ON COLUMN server_token.subject IS 'digest of the temporary or operator token that it may be used with; NULL: any';
COMMENT ON COLUMN server_token.single_use IS 'good for one request';
COMMENT ON COLUMN server_token.requestor_id IS 'set by the first use: no other one may use it';
COMMENT ON COLUMN server_token.enterprise_id IS 'set by the first use that names one: no other one may be named';
COMMENT ON COLUMN server_token.issued_at IS 'time of issue';
COMMENT ON COLUMN server_token.expires_at IS 'not accepted from then on';
COMMENT ON COLUMN server_token.used_at IS 'first use (of a single use token: the only one)';

CREATE TABLE jwt_seen (
    issuer     text COLLATE "C" NOT NULL,
    jti_digest bytea NOT NULL CHECK (octet_length(jti_digest) = 32),
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (issuer, jti_digest)
);
CREATE INDEX jwt_seen_expires ON jwt_seen (expires_at);
COMMENT ON TABLE jwt_seen IS 'Assertions that were accepted: none is accepted twice.';
COMMENT ON COLUMN jwt_seen.issuer IS 'kind of use and claim iss';
COMMENT ON COLUMN jwt_seen.jti_digest IS 'SHA-256 of claim jti, or of the whole assertion when it has none';
COMMENT ON COLUMN jwt_seen.expires_at IS 'the assertion is refused as expired from then on, so the row may go';
