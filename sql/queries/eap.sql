-- SPDX-License-Identifier: Apache-2.0
-- EAP-AKA with the built-in AuC: two round trips per exchange (begin, finish), one more per resynchronisation.
-- SQN (TS 33.102 annex C): SEQ grows by one per vector under the row lock of the UPDATE; IND is fixed for the deployment.
-- The commit is durable before the answer leaves the database, so no SQN is given out twice, also after a crash.

-- name: eap_begin
-- $1 imsi  $2 handle  $3 rand  $4 state  $5 identifier  $6 life time s  $7 IND  $8 bits of IND  $9 limit of attempts
-- $10 window of attempts s  $11 terminal  $12 tac
-- One row always. No a.imsi: unknown subscriber, no key, or all SQN spent. Not a.granted: too many attempts, SQN untouched.
WITH a AS (
    UPDATE auc SET
        attempts = CASE WHEN window_started <= now() - make_interval(secs => $10::integer) THEN 1
                        ELSE least(attempts, $9::integer) + 1 END,
        window_started = CASE WHEN window_started <= now() - make_interval(secs => $10::integer) THEN now()
                              ELSE window_started END,
        sqn = CASE WHEN window_started <= now() - make_interval(secs => $10::integer) OR attempts < $9::integer
                   THEN (((sqn >> $8::integer) + 1) << $8::integer) | $7::integer ELSE sqn END
    WHERE imsi = $1::text AND (sqn >> $8::integer) + 1 < (1::bigint << (48 - $8::integer))
    RETURNING imsi, algorithm, ki_wrapped, opc_wrapped, amf, res_len, sqn, attempts, attempts <= $9::integer AS granted
), e AS (
    INSERT INTO eap_session (handle, imsi, terminal_id, tac, rand, sqn, state, identifier, expires_at)
    SELECT $2::bytea, a.imsi, $11::text, $12::text, $3::bytea, a.sqn, $4::bytea, $5::smallint,
           now() + make_interval(secs => $6::integer)
    FROM a WHERE a.granted
    RETURNING 1
)
SELECT a.imsi IS NOT NULL, coalesce(a.granted, false), a.algorithm, a.ki_wrapped, a.opc_wrapped, a.amf, a.res_len, a.sqn,
       a.attempts, s.token_generation
FROM (VALUES (1)) one
LEFT JOIN a ON true
LEFT JOIN subscriber s ON s.imsi = a.imsi

-- "(expires_at > now()) IS TRUE" here and in other files: no index serves it, so no plan, made while a table was empty, can
-- walk all living rows by the index on expires_at instead of taking the one of the key.

-- name: eap_finish
-- $1 handle. No row: unknown, expired, or finished more than 10 s ago. Marks the first answer; repeats find it marked.
WITH was AS (
    SELECT handle, finished_at FROM eap_session
    WHERE handle = $1::bytea AND (expires_at > now()) IS TRUE
          AND (finished_at IS NULL OR finished_at > now() - interval '10 seconds')
    FOR UPDATE
), k AS (
    UPDATE eap_session e SET finished_at = coalesce(was.finished_at, now())
    FROM was WHERE e.handle = $1::bytea -- not "= was.handle" alone: a plan made for a small table would walk a large one
    RETURNING e.imsi, e.terminal_id AS terminal, e.tac, e.rand, e.sqn, e.state, e.identifier, e.rounds, e.created_at,
              was.finished_at IS NOT NULL AS repeated
)
SELECT 1::bigint, {{facts_columns}},
       k.imsi, k.terminal, k.tac, k.rand, k.sqn, CASE WHEN row_number() OVER () = 1 THEN k.state END,
       k.identifier, k.rounds, k.repeated, k.created_at,
       a.algorithm, a.ki_wrapped, a.opc_wrapped, a.amf, a.res_len, a.attempts
FROM k
LEFT JOIN auc a ON a.imsi = k.imsi
{{facts_joins}}
{{facts_lines}}

-- name: eap_resync
-- $1 handle  $2 SQN_MS (verified by the caller)  $3 new rand  $4 new identifier  $5 rounds as read by eap_finish
-- $6 IND  $7 bits of IND  $8 most challenges per exchange
-- SQN_HE is raised to SQN_MS, never lowered (TS 33.102 6.3.5, C.3.4), then the next one is taken. The session lock comes
-- first: a copy of the same request that lost the race finds the other's challenge and sends that.
WITH k AS (
    SELECT handle, imsi, rounds, rand, sqn, identifier FROM eap_session
    WHERE handle = $1::bytea AND (expires_at > now()) IS TRUE
          AND (finished_at IS NULL OR finished_at > now() - interval '10 seconds')
    FOR UPDATE
), a AS (
    UPDATE auc SET sqn = ((greatest(auc.sqn >> $7::integer, $2::bigint >> $7::integer) + 1) << $7::integer) | $6::integer
    FROM k
    WHERE auc.imsi = k.imsi AND k.rounds = $5::smallint AND k.rounds < $8::smallint
          AND greatest(auc.sqn >> $7::integer, $2::bigint >> $7::integer) + 1 < (1::bigint << (48 - $7::integer))
    RETURNING auc.sqn
), e AS (
    UPDATE eap_session SET sqn = a.sqn, rand = $3::bytea, identifier = $4::smallint, finished_at = NULL,
                           rounds = eap_session.rounds + 1
    FROM a, k WHERE eap_session.handle = $1::bytea
    RETURNING 1
)
SELECT a.sqn IS NOT NULL, k.rounds >= $8::smallint AND k.rounds = $5::smallint, k.rounds <> $5::smallint,
       coalesce(a.sqn, k.sqn), CASE WHEN a.sqn IS NOT NULL THEN $3::bytea ELSE k.rand END,
       CASE WHEN a.sqn IS NOT NULL THEN $4::smallint ELSE k.identifier END
FROM k LEFT JOIN a ON true

-- name: eap_refuse
-- $1 handle: a refused answer ends the exchange, also for a right one that follows; no rounds mean refused, so that a copy
-- of the wrong answer gets the same refusal.
UPDATE eap_session SET rounds = 0 WHERE handle = $1::bytea

-- name: eap_reopen
-- $1 handle: what came was no answer to the outstanding challenge (another identifier); it still waits for one.
UPDATE eap_session SET finished_at = NULL WHERE handle = $1::bytea

-- name: eap_passed
-- $1 imsi: a success clears the count of attempts. Written only when there is something to clear.
UPDATE auc SET attempts = 0 WHERE imsi = $1::text AND attempts > 0

-- name: eap_reap
-- $1 most rows. Sessions that nobody will ask for again; the index on expires_at keeps this cheap.
DELETE FROM eap_session WHERE handle IN (
    SELECT handle FROM eap_session WHERE expires_at <= now() ORDER BY expires_at LIMIT $1::integer FOR UPDATE SKIP LOCKED)
