-- SPDX-License-Identifier: Apache-2.0
-- Access tokens of application servers.

-- name: server_token_issue
-- $1 digest  $2 client  $3 scope  $4 audience  $5 subject  $6 single use  $7 life in seconds
-- $8 issuer of the assertion (NULL: there was none)  $9 digest of its jti  $10 time until which it could be accepted again
-- One row when the token was issued, none when the assertion was seen before.
WITH seen AS (
    INSERT INTO jwt_seen (issuer, jti_digest, expires_at)
    SELECT $8::text, $9::bytea, $10::timestamptz WHERE $8::text IS NOT NULL
    ON CONFLICT DO NOTHING RETURNING 1
)
INSERT INTO server_token (digest, client_id, scope, audience, subject, single_use, expires_at)
SELECT $1::bytea, $2::text, $3::text, $4::text, $5::bytea, $6::boolean, now() + make_interval(secs => $7::integer)
WHERE $8::text IS NULL OR EXISTS (SELECT 1 FROM seen)
RETURNING 1

-- name: server_token_use
-- $1 digest  $2 client  $3 requestor_id  $4 enterprise_id (NULL: none)  $5 digest of the subject's token (NULL: none)
-- Letter case of requestor and enterprise does not count (TS.43 1.7). The verdict is enum ecs_server_verdict. Written only
-- when a single use token is spent or a token is bound; 8: another request was faster, look again.
WITH t AS MATERIALIZED (
    SELECT * FROM server_token WHERE digest = $1::bytea
), good AS (
    SELECT digest, single_use OR used_at IS NULL OR (enterprise_id IS NULL AND lower($4::text) IS NOT NULL) AS to_write
    FROM t
    WHERE client_id = $2::text AND expires_at > now() AND NOT (single_use AND used_at IS NOT NULL)
          AND (requestor_id IS NULL OR requestor_id = lower($3::text))
          AND (enterprise_id IS NULL OR lower($4::text) IS NULL OR enterprise_id = lower($4::text))
          AND (subject IS NULL OR subject = $5::bytea)
), u AS (
    UPDATE server_token s
    SET used_at = coalesce(s.used_at, now()), requestor_id = lower($3::text),
        enterprise_id = coalesce(s.enterprise_id, lower($4::text))
    FROM good g
    WHERE g.to_write AND s.digest = g.digest AND NOT (s.single_use AND s.used_at IS NOT NULL)
          AND (s.requestor_id IS NULL OR s.requestor_id = lower($3::text))
          AND (s.enterprise_id IS NULL OR lower($4::text) IS NULL OR s.enterprise_id = lower($4::text))
    RETURNING 1
)
SELECT (CASE WHEN t.client_id <> $2::text THEN 2
             WHEN t.expires_at <= now() THEN 3
             WHEN t.single_use AND t.used_at IS NOT NULL THEN 4
             WHEN t.requestor_id <> lower($3::text) THEN 5
             WHEN t.enterprise_id <> lower($4::text) THEN 6
             WHEN t.subject IS NOT NULL AND t.subject IS DISTINCT FROM $5::bytea THEN 7
             WHEN EXISTS (SELECT 1 FROM u) OR NOT g.to_write THEN 0
             ELSE 8 END)::smallint,
       t.scope
FROM t LEFT JOIN good g ON g.digest = t.digest

-- name: server_token_revoke
-- $1 digest  $2 client: only its own tokens  $3, $4, $5 assertion as $8, $9, $10 of server_token_issue
-- True unless the assertion was seen before.
WITH seen AS (
    INSERT INTO jwt_seen (issuer, jti_digest, expires_at)
    SELECT $3::text, $4::bytea, $5::timestamptz WHERE $3::text IS NOT NULL
    ON CONFLICT DO NOTHING RETURNING 1
), gone AS (
    DELETE FROM server_token
    WHERE digest = $1::bytea AND client_id = $2::text AND ($3::text IS NULL OR EXISTS (SELECT 1 FROM seen))
)
SELECT $3::text IS NULL OR EXISTS (SELECT 1 FROM seen)

-- name: server_token_bind
-- $1 issuer  $2 digest of jti  $3 digest of jti and owner  $4 time until which the token could be accepted again
-- The first one to show it writes both rows; from then on it is good for that owner only. False also for a copy of the first
-- request that waited for its row: asked again it finds the owner's.
WITH first AS (
    INSERT INTO jwt_seen (issuer, jti_digest, expires_at) VALUES ($1::text, $2::bytea, $4::timestamptz)
    ON CONFLICT DO NOTHING RETURNING 1
), own AS (
    INSERT INTO jwt_seen (issuer, jti_digest, expires_at)
    SELECT $1::text, $3::bytea, $4::timestamptz FROM first
    ON CONFLICT DO NOTHING RETURNING 1
)
SELECT EXISTS (SELECT FROM own)
       OR EXISTS (SELECT FROM jwt_seen WHERE issuer = $1::text AND jti_digest = $3::bytea)

-- name: server_reap
-- $1 most rows of each table. Tokens stay a day behind their end, so that the log's "expired" is not "unknown" at once.
WITH a AS (
    DELETE FROM server_token WHERE digest IN (
        SELECT digest FROM server_token WHERE expires_at <= now() - interval '1 day'
        ORDER BY expires_at LIMIT $1::integer FOR UPDATE SKIP LOCKED)
    RETURNING 1
), b AS (
    DELETE FROM jwt_seen WHERE (issuer, jti_digest) IN (
        SELECT issuer, jti_digest FROM jwt_seen WHERE expires_at <= now()
        ORDER BY expires_at LIMIT $1::integer FOR UPDATE SKIP LOCKED)
    RETURNING 1
)
SELECT greatest((SELECT count(*) FROM a), (SELECT count(*) FROM b))
