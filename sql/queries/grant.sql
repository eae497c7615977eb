-- SPDX-License-Identifier: Apache-2.0
-- Temporary, operator and App tokens; misused tokens; the device of a line.

-- name: grant_add
-- $1 digest $2 kind $3 imsi (NULL: of nobody) $4 terminal $5 app $6 operations $7 their uses $8 requestors $9 client_id
-- $10 scope $11 life s $12 most live ones of a subscriber. One row: expiry (NULL: not made), the subscriber exists, live ones.
WITH n AS (
    SELECT count(*) AS live FROM grant_token
    WHERE imsi = $3::text AND expires_at > now() AND finished_at IS NULL
), s AS (
    SELECT imsi, token_generation FROM subscriber WHERE imsi = $3::text
), i AS (
    INSERT INTO grant_token (digest, kind, imsi, generation, terminal, app, operations, uses, requestors, client_id, scope, expires_at)
    SELECT $1::bytea, $2::text, s.imsi, s.token_generation, $4::bytea, $5::text, $6::text[], ($7::text[])::integer[],
           coalesce($8::text[], '{}'), $9::text, $10::text, now() + make_interval(secs => $11::integer)
    FROM n LEFT JOIN s ON true
    WHERE (s.imsi IS NOT NULL OR $3::text IS NULL) AND n.live < $12::integer
    RETURNING expires_at
)
SELECT i.expires_at, s.imsi IS NOT NULL OR $3::text IS NULL, n.live
FROM n LEFT JOIN s ON true LEFT JOIN i ON true

-- name: grant_use
-- $1 digest $2 kind $3 operation in lower case $4 app $5 requestor in lower case (NULL: none) $6 digest of the request
-- $7 seconds in which a repeat of the same request does not count, 0: none is a repeat $8 count the use (false: only look)
-- No row: unknown. The row's own state is judged again under its lock, so that of several nodes one gets the last use.
-- Who waited for that lock may find a use that is younger than its own now(): without repeats none of that counts.
WITH g AS (
    SELECT x.digest, x.imsi, x.terminal, x.operations, x.uses, x.used_at, x.used_request, x.client_id, x.scope, x.expires_at,
           array_position(x.operations, $3::text) AS place,
           CASE WHEN x.expires_at <= now() THEN 'expired'
                WHEN x.finished_at IS NOT NULL THEN 'finished'
                WHEN x.imsi IS NOT NULL AND s.imsi IS NULL THEN 'gone'
                WHEN s.token_generation IS DISTINCT FROM x.generation THEN 'revoked'
                WHEN x.app <> $4::text THEN 'app'
                WHEN NOT $3::text = ANY (x.operations) THEN 'operation'
                WHEN x.requestors <> '{}' AND NOT coalesce($5::text = ANY (x.requestors), false) THEN 'requestor'
                ELSE 'ok' END AS verdict
    FROM grant_token x LEFT JOIN subscriber s ON s.imsi = x.imsi
    WHERE x.digest = $1::bytea AND x.kind = $2::text
), u AS (
    UPDATE grant_token x SET
        uses[g.place] = CASE
            WHEN $7::integer > 0 AND x.used_request[g.place] = $6::bytea
                 AND x.used_at[g.place] > now() - make_interval(secs => $7::integer)
                THEN x.uses[g.place]
            WHEN x.uses[g.place] > 0 THEN x.uses[g.place] - 1
            ELSE x.uses[g.place] END,
        used_at[g.place] = CASE
            WHEN $7::integer > 0 AND x.used_request[g.place] = $6::bytea
                 AND x.used_at[g.place] > now() - make_interval(secs => $7::integer)
                THEN x.used_at[g.place]
            ELSE now() END,
        used_request[g.place] = $6::bytea
    FROM g
    WHERE x.digest = g.digest AND g.verdict = 'ok' AND $8::boolean AND x.finished_at IS NULL
          AND (x.uses[g.place] <> 0 OR
               ($7::integer > 0 AND x.used_request[g.place] = $6::bytea
                 AND x.used_at[g.place] > now() - make_interval(secs => $7::integer)))
    RETURNING x.uses[g.place] AS left_over, x.used_at[g.place] <> now() AS repeated
)
SELECT CASE WHEN g.verdict <> 'ok' THEN g.verdict
            WHEN $8::boolean THEN CASE WHEN u.left_over IS NULL THEN 'used' ELSE 'ok' END
            WHEN g.uses[g.place] = 0
                 AND NOT coalesce($7::integer > 0 AND g.used_request[g.place] = $6::bytea
                                  AND g.used_at[g.place] > now() - make_interval(secs => $7::integer), false) THEN 'used'
            ELSE 'ok' END,
       g.imsi, g.terminal, g.operations, g.client_id, g.scope, g.expires_at, coalesce(u.left_over, g.uses[g.place]),
       coalesce(u.repeated, false)
FROM g LEFT JOIN u ON true

-- name: grant_finish
-- $1 digest: its purpose was reached, or its holder gave it back.
UPDATE grant_token SET finished_at = now() WHERE digest = $1::bytea AND finished_at IS NULL AND (expires_at > now()) IS TRUE
RETURNING imsi

-- name: grant_finish_all
-- $1 imsi: all live ones of the subscriber
WITH u AS (
    UPDATE grant_token SET finished_at = now() WHERE imsi = $1::text AND finished_at IS NULL AND expires_at > now() RETURNING 1
)
SELECT count(*) FROM u

-- name: grant_reap
-- $1 most rows
DELETE FROM grant_token WHERE digest IN (
    SELECT digest FROM grant_token WHERE expires_at <= now() ORDER BY expires_at LIMIT $1::integer FOR UPDATE SKIP LOCKED)

-- name: token_misuse_note
-- $1 imsi $2 generation of the misused token $3 times in a window that void all tokens (0: never) $4 window s
-- Tokens that are void already tell nothing, so nobody can lock a subscriber out with an old one. Row: times, new generation.
WITH s AS (
    SELECT imsi FROM subscriber WHERE imsi = $1::text AND token_generation = $2::integer
), m AS (
    INSERT INTO token_misuse AS m (imsi, generation) SELECT imsi, $2::integer FROM s
    ON CONFLICT (imsi) DO UPDATE SET
        times = CASE WHEN m.generation <> excluded.generation OR m.window_started <= now() - make_interval(secs => $4::integer)
                     THEN 1 ELSE m.times + 1 END,
        window_started = CASE WHEN m.generation <> excluded.generation OR m.window_started <= now() - make_interval(secs => $4::integer)
                              THEN now() ELSE m.window_started END,
        generation = excluded.generation
    RETURNING times
), r AS (
    UPDATE subscriber SET token_generation = token_generation + 1 FROM m
    WHERE imsi = $1::text AND token_generation = $2::integer AND $3::integer > 0 AND m.times >= $3::integer
    RETURNING token_generation
)
SELECT m.times, r.token_generation FROM m LEFT JOIN r ON true

-- name: token_misuse_reap
-- $1 most rows: those of windows that are over, however long they are set (at most a week)
DELETE FROM token_misuse WHERE imsi IN (
    SELECT imsi FROM token_misuse WHERE window_started <= now() - interval '8 days'
    ORDER BY window_started LIMIT $1::integer FOR UPDATE SKIP LOCKED)

-- name: line_device_set
-- $1 imsi $2 digest of the terminal_id that has passed a full authentication; the content may depend on a
-- change, so that the revision grows with one.
UPDATE subscriber SET device = $2::bytea, device_since = now(),
    revision = revision + CASE WHEN device IS NULL THEN 0 ELSE 1 END
WHERE imsi = $1::text AND device IS DISTINCT FROM $2::bytea
