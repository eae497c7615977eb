-- SPDX-License-Identifier: Apache-2.0
-- Logins over several HTTP requests and their one-time codes. Time is the database's, the same for all nodes.

-- name: login_add
-- $1 handle  $2 kind  $3 provider  $4 request  $5 nonce  $6 verifier  $7 imsi  $8 digest of the number  $9 life s
INSERT INTO login (handle, kind, provider, request, nonce, verifier, imsi, number, expires_at)
VALUES ($1::bytea, $2::text, $3::text, $4::bytea, $5::text, $6::text, $7::text, $8::bytea,
        now() + make_interval(secs => $9::integer))

-- name: login_take
-- $1 handle  $2 how often it may be opened. No row: unknown, expired or used. The first to come has it.
UPDATE login SET used_at = now(), opened = opened + 1
WHERE handle = $1::bytea AND kind IN ('oidc', 'factor') AND used_at IS NULL AND (expires_at > now()) IS TRUE AND opened < $2::smallint
RETURNING kind, provider, request, nonce, verifier, imsi, proof

-- name: login_reopen
-- $1 handle: the provider did not answer, so nothing was spent; the device may come again.
UPDATE login SET used_at = NULL WHERE handle = $1::bytea AND kind = 'oidc' AND (expires_at > now()) IS TRUE

-- name: login_subject read-only
-- $1 table, msisdn or imsi  $2 provider  $3 value. All lines that it stands for.
SELECT s.imsi, s.msisdn FROM subject_identity i JOIN subscriber s ON s.imsi = i.imsi
WHERE $1::text = 'table' AND i.provider = $2::text AND i.subject = $3::text
UNION ALL
SELECT s.imsi, s.msisdn FROM subscriber s WHERE $1::text = 'msisdn' AND s.msisdn = $3::text
UNION ALL
SELECT s.imsi, s.msisdn FROM subscriber s WHERE $1::text = 'imsi' AND s.imsi = $3::text
LIMIT 100

-- name: login_reap
-- $1 most rows
DELETE FROM login WHERE handle IN (
    SELECT handle FROM login WHERE expires_at <= now() ORDER BY expires_at LIMIT $1::integer FOR UPDATE SKIP LOCKED)

-- name: otp_begin
-- $1 handle  $2 request  $3 digest of the code  $4 msisdn  $5 imsi that the device claims, or NULL  $6 digest of the number
-- $7 life s  $8 least seconds between two codes  $9 codes in 24 hours
-- One row: was it granted, whose number it is (NULL: nobody's, or not of one line), seconds to wait. A new code makes an
-- older one void. A number that nobody has takes the same way.
WITH line AS (
    SELECT min(imsi) AS imsi FROM subscriber
    WHERE msisdn = $4::text AND ($5::text IS NULL OR imsi = $5::text) HAVING count(*) = 1
), q AS (
    INSERT INTO otp_number AS n (number, sent_at, day_began, sent) VALUES ($6::bytea, now(), now(), 1)
    ON CONFLICT (number) DO UPDATE SET
        sent_at = now(),
        day_began = CASE WHEN n.day_began <= now() - interval '1 day' THEN now() ELSE n.day_began END,
        sent = CASE WHEN n.day_began <= now() - interval '1 day' THEN 1 ELSE n.sent + 1 END
    WHERE n.sent_at <= now() - make_interval(secs => $8::integer)
          AND (n.sent < $9::integer OR n.day_began <= now() - interval '1 day')
    RETURNING 1
), former AS (
    UPDATE login SET expires_at = now() FROM q WHERE kind = 'otp' AND number = $6::bytea AND used_at IS NULL
), l AS (
    INSERT INTO login (handle, kind, request, imsi, number, code, expires_at)
    SELECT $1::bytea, 'otp', $2::bytea, line.imsi, $6::bytea, $3::bytea, now() + make_interval(secs => $7::integer)
    FROM q LEFT JOIN line ON true
    RETURNING handle, imsi
)
SELECT l.handle IS NOT NULL, l.imsi,
       coalesce(ceil(extract(epoch FROM CASE WHEN n.sent >= $9::integer AND n.day_began > now() - interval '1 day'
           THEN n.day_began + interval '1 day' ELSE n.sent_at + make_interval(secs => $8::integer) END - now())), 0)::bigint
FROM (VALUES (1)) one LEFT JOIN l ON true LEFT JOIN otp_number n ON n.number = $6::bytea

-- name: otp_try
-- $1 handle  $2 digest of the code that came  $3 most tries. No row: unknown, expired, used, or too many wrong ones.
UPDATE login SET tries = tries + CASE WHEN code = $2::bytea THEN 0 ELSE 1 END,
                 used_at = CASE WHEN code = $2::bytea THEN now() END
WHERE handle = $1::bytea AND kind = 'otp' AND used_at IS NULL AND (expires_at > now()) IS TRUE AND tries < $3::smallint
RETURNING used_at IS NOT NULL, imsi, request, tries

-- name: factor_send
-- $1 handle  $2 digest of the new code  $3 least seconds between two codes  $4 codes in 24 hours  $5 only when none was sent
-- yet. No row: unknown, expired or used. Else: where to send it, whether it is to be sent (then it counts from now on),
-- whether there is a code, wrong ones so far, seconds until another one can be sent.
WITH l AS (
    SELECT handle, imsi, number, code, tries FROM login
    WHERE handle = $1::bytea AND kind = 'factor' AND used_at IS NULL AND (expires_at > now()) IS TRUE FOR UPDATE
), q AS (
    INSERT INTO otp_number AS n (number, sent_at, day_began, sent)
    SELECT number, now(), now(), 1 FROM l WHERE number IS NOT NULL AND (NOT $5::boolean OR code IS NULL)
    ON CONFLICT (number) DO UPDATE SET
        sent_at = now(),
        day_began = CASE WHEN n.day_began <= now() - interval '1 day' THEN now() ELSE n.day_began END,
        sent = CASE WHEN n.day_began <= now() - interval '1 day' THEN 1 ELSE n.sent + 1 END
    WHERE n.sent_at <= now() - make_interval(secs => $3::integer)
          AND (n.sent < $4::integer OR n.day_began <= now() - interval '1 day')
    RETURNING 1
), u AS (
    UPDATE login SET code = $2::bytea FROM q WHERE login.handle = $1::bytea RETURNING 1
)
SELECT s.msisdn, EXISTS (SELECT FROM u), l.code IS NOT NULL OR EXISTS (SELECT FROM u), l.tries,
       CASE WHEN EXISTS (SELECT FROM u) THEN $3::bigint ELSE
       greatest(coalesce(ceil(extract(epoch FROM CASE WHEN n.sent >= $4::integer AND n.day_began > now() - interval '1 day'
           THEN n.day_began + interval '1 day' ELSE n.sent_at + make_interval(secs => $3::integer) END - now())), 0), 0)::bigint
       END
FROM l LEFT JOIN subscriber s ON s.imsi = l.imsi LEFT JOIN otp_number n ON n.number = l.number

-- name: factor_try
-- $1 handle  $2 digest of the code that came  $3 most tries  $4 digest of the proof when it is right
-- The code stays, so that a form that was sent twice gives a proof twice; the latest proof counts.
UPDATE login SET tries = tries + CASE WHEN code = $2::bytea THEN 0 ELSE 1 END,
                 proof = CASE WHEN code = $2::bytea THEN $4::bytea ELSE proof END
WHERE handle = $1::bytea AND kind = 'factor' AND code IS NOT NULL AND used_at IS NULL AND (expires_at > now()) IS TRUE
      AND tries < $3::smallint
RETURNING code = $2::bytea, tries

-- name: otp_reap
-- $1 most rows. Numbers whose day is over.
DELETE FROM otp_number WHERE number IN (
    SELECT number FROM otp_number WHERE day_began <= now() - interval '1 day' AND sent_at <= now() - interval '1 day'
    ORDER BY day_began LIMIT $1::integer FOR UPDATE SKIP LOCKED)

-- name: subject_put
-- $1 provider  $2 subject  $3 imsi. true: the row is new.
INSERT INTO subject_identity AS i (provider, subject, imsi) VALUES ($1::text, $2::text, $3::text)
ON CONFLICT (provider, subject, imsi) DO UPDATE SET imsi = excluded.imsi
RETURNING i.xmax = 0

-- name: subject_delete
-- $1 provider  $2 subject  $3 imsi
DELETE FROM subject_identity WHERE provider = $1::text AND subject = $2::text AND imsi = $3::text RETURNING 1::bigint

-- name: subject_list read-only
-- $1 imsi
SELECT provider, subject, created_at FROM subject_identity WHERE imsi = $1::text ORDER BY provider, subject LIMIT 100
