-- SPDX-License-Identifier: Apache-2.0
-- EAP exchanges with an AAA or HSS behind them. One row per exchange; who holds the row's lock decides which of several
-- copies of a phone's packet is handed on, so that the AAA never sees one twice.

-- name: relay_admit
-- $1 subject  $2 limit of attempts  $3 window s. One row: granted. Counts the attempt.
INSERT INTO auth_attempt AS a (subject, attempts) VALUES ($1::bytea, 1)
ON CONFLICT (subject) DO UPDATE SET
    attempts = CASE WHEN a.window_started <= now() - make_interval(secs => $3::integer) THEN 1
                    ELSE least(a.attempts, $2::integer) + 1 END,
    window_started = CASE WHEN a.window_started <= now() - make_interval(secs => $3::integer) THEN now()
                          ELSE a.window_started END
RETURNING a.attempts <= $2::integer

-- name: relay_open
-- $1 handle  $2 kind  $3 provider  $4 imsi  $5 saved request  $6 identifier  $7 EAP type  $8 EAP request  $9 thread
-- $10 sealed vector  $11 life time s
INSERT INTO relay_session (handle, kind, provider, imsi, state, identifier, method, request, thread, vector, expires_at)
VALUES ($1::bytea, $2::smallint, $3::text, $4::text, $5::bytea, $6::smallint, $7::smallint, $8::bytea, $9::bytea, $10::bytea,
        now() + make_interval(secs => $11::integer))

-- name: relay_take
-- $1 handle  $2 digest of the phone's packet  $3 its identifier  $4 its EAP type
-- No row: unknown, expired, or ended more than 10 s ago. "claimed" for the first copy of a packet that answers the
-- outstanding request: it, and nobody else, asks the AAA. A Nak (3) may answer the first request only (RFC 3748 5.3.1).
WITH k AS (
    SELECT * FROM relay_session
    WHERE handle = $1::bytea AND kind = 1 AND (expires_at > now()) IS TRUE
          AND (finished_at IS NULL OR finished_at > now() - interval '10 seconds')
    FOR UPDATE
), c AS (
    UPDATE relay_session r SET asked = $2::bytea, asked_at = now()
    FROM k WHERE r.handle = $1::bytea AND k.outcome = 0 AND k.asked_at IS NULL AND k.asked IS DISTINCT FROM $2::bytea
           AND k.identifier = $3::smallint AND ($4::smallint = k.method OR $4::smallint = 3 AND k.rounds = 1)
    RETURNING 1
)
SELECT k.provider, k.imsi, k.state, k.thread, k.request, k.rounds, k.outcome, k.created_at,
       EXISTS (SELECT FROM c) AS claimed, k.asked IS NOT DISTINCT FROM $2::bytea AS same,
       k.asked_at IS NOT NULL AS asking,
       coalesce(extract(epoch FROM now() - k.asked_at) * 1000, 0)::bigint AS asked_ms
FROM k

-- name: relay_next
-- $1 handle  $2 digest of the packet that was handed on  $3 identifier  $4 EAP type  $5 EAP request  $6 thread
-- $7 so long the AAA waits, s, 0: not said
UPDATE relay_session SET identifier = $3::smallint, method = $4::smallint, request = $5::bytea, thread = $6::bytea,
    rounds = rounds + 1, asked_at = NULL,
    expires_at = CASE WHEN $7::integer > 0 THEN least(expires_at, now() + make_interval(secs => $7::integer))
                      ELSE expires_at END
WHERE handle = $1::bytea AND asked = $2::bytea AND outcome = 0

-- name: relay_end
-- $1 handle  $2 digest of the packet that was handed on  $3 outcome  $4 proven imsi, or empty
-- Repeats of the packet find the outcome for a moment; then the row goes.
UPDATE relay_session SET outcome = $3::smallint, imsi = $4::text, asked_at = NULL, finished_at = now(), thread = '',
    request = '', expires_at = now() + interval '12 seconds'
WHERE handle = $1::bytea AND asked = $2::bytea AND asked_at IS NOT NULL AND outcome = 0

-- name: hss_take
-- $1 handle. No row: unknown, expired, or answered more than 10 s ago. Marks the first answer; repeats find it marked.
WITH was AS (
    SELECT handle, finished_at FROM relay_session
    WHERE handle = $1::bytea AND kind = 2 AND (expires_at > now()) IS TRUE
          AND (finished_at IS NULL OR finished_at > now() - interval '10 seconds')
    FOR UPDATE
)
UPDATE relay_session r SET finished_at = coalesce(was.finished_at, now())
FROM was WHERE r.handle = $1::bytea
RETURNING r.provider, r.imsi, r.state, r.vector, r.identifier, r.rounds, r.created_at, was.finished_at IS NOT NULL

-- name: hss_again
-- $1 handle  $2 rounds as read by hss_take  $3 new identifier  $4 new sealed vector
-- A copy of the same request that lost the race finds the other's challenge and sends that.
WITH k AS (
    SELECT * FROM relay_session
    WHERE handle = $1::bytea AND kind = 2 AND (expires_at > now()) IS TRUE
          AND (finished_at IS NULL OR finished_at > now() - interval '10 seconds')
    FOR UPDATE
), e AS (
    UPDATE relay_session r SET vector = $4::bytea, identifier = $3::smallint, finished_at = NULL, rounds = k.rounds + 1
    FROM k WHERE r.handle = $1::bytea AND k.rounds = $2::smallint
    RETURNING 1
)
SELECT EXISTS (SELECT FROM e), k.rounds, k.identifier, k.vector FROM k

-- name: hss_refuse
-- $1 handle: a refused answer ends the exchange, also for a right one that follows.
UPDATE relay_session SET rounds = 0, vector = NULL WHERE handle = $1::bytea

-- name: hss_reopen
-- $1 handle: what came was no answer to the outstanding challenge; it still waits for one.
UPDATE relay_session SET finished_at = NULL WHERE handle = $1::bytea

-- name: relay_passed
-- $1 subject  $2 handle: a success clears the count of attempts, and the vector need not be kept for long.
WITH a AS (DELETE FROM auth_attempt WHERE subject = $1::bytea)
UPDATE relay_session SET expires_at = least(expires_at, now() + interval '12 seconds') WHERE handle = $2::bytea

-- name: relay_reap
-- $1 most rows. The index on expires_at keeps this cheap.
DELETE FROM relay_session WHERE handle IN (
    SELECT handle FROM relay_session WHERE expires_at <= now() ORDER BY expires_at LIMIT $1::integer FOR UPDATE SKIP LOCKED)

-- name: attempt_reap
-- $1 most rows. No window is longer than a day.
DELETE FROM auth_attempt WHERE subject IN (
    SELECT subject FROM auth_attempt WHERE window_started < now() - interval '1 day'
    ORDER BY window_started LIMIT $1::integer FOR UPDATE SKIP LOCKED)

-- name: profile_claim
-- $1 imsi  $2 age s: true when the line's profile in the HSS is that old and nobody else has just asked for it.
UPDATE subscriber SET non3gpp_at = now()
WHERE imsi = $1::text AND (non3gpp_at IS NULL OR non3gpp_at <= now() - make_interval(secs => $2::integer))
RETURNING true

-- name: profile_release
-- $1 imsi: the HSS could not tell; the next authentication asks it again.
UPDATE subscriber SET non3gpp_at = NULL WHERE imsi = $1::text AND non3gpp_at IS NOT NULL

-- name: profile_note
-- $1 imsi  $2 "allowed" or "barred". The revision tells devices that their document may be another one.
UPDATE subscriber SET non3gpp = $2::text, revision = revision + 1
WHERE imsi = $1::text AND non3gpp IS DISTINCT FROM $2::text

-- name: number_note
-- $1 imsi  $2 number that the network names: only for a line that has none.
UPDATE subscriber SET msisdn = $2::text WHERE imsi = $1::text AND msisdn IS NULL
