-- SPDX-License-Identifier: Apache-2.0
-- Accounting records on their way to the accounting servers.

-- name: accounting_add
-- $1 kind  $2 session  $3 NAS-Identifier  $4 user name  $5 class  $6 seconds since it happened
INSERT INTO accounting_record (kind, session, nas, user_name, class, event_at)
VALUES ($1::smallint, $2::text, $3::text, $4::text, $5::bytea, now() - make_interval(secs => $6::integer))

-- name: accounting_take
-- $1 most rows  $2 lease s. Rows that are due, the longest due ones first; they belong to this node for the lease. What comes
-- behind the begin or end of a node waits until that is answered, and an end waits for what was before it: five minutes at
-- most, so that a server that does not take the one still gets the other.
WITH c AS (
    SELECT id FROM accounting_record r
    WHERE next_at <= now()
      AND NOT EXISTS (SELECT FROM accounting_record n WHERE n.nas = r.nas AND n.kind <> 1 AND n.id < r.id
                      AND n.event_at > now() - interval '5 minutes')
      AND NOT (kind = 8 AND event_at > now() - interval '5 minutes'
               AND EXISTS (SELECT FROM accounting_record e WHERE e.nas = r.nas AND e.id < r.id))
    ORDER BY next_at LIMIT $1::integer FOR UPDATE SKIP LOCKED
), u AS (
    UPDATE accounting_record r SET next_at = now() + make_interval(secs => $2::integer), tries = r.tries + 1
    WHERE r.id = ANY (ARRAY (SELECT id FROM c))
    RETURNING r.id, r.kind, r.session, r.nas, r.user_name, r.class, r.event_at, r.started, r.tries
)
SELECT u.id::text, kind, session, nas, user_name, class, event_at,
       greatest(0, extract(epoch FROM now() - event_at))::bigint AS age_s, started, tries
FROM u ORDER BY u.id

-- name: accounting_settle
-- $1 answered: they go  $2 those of which the Start was answered  $3 all that come again  $4 rest s  $5 longest rest s
-- The rest doubles with each try.
WITH d AS (
    DELETE FROM accounting_record WHERE id = ANY ($1::text[]::bigint[])
)
UPDATE accounting_record SET started = started OR id = ANY ($2::text[]::bigint[]),
       next_at = now() + make_interval(secs => least($5::integer, $4::integer * 2 ^ least(tries - 1, 20)))
WHERE id = ANY ($3::text[]::bigint[])

-- name: accounting_look
-- $1 counted at most  $2 kept s  $3 rows deleted at most. Those kept too long are given up.
WITH o AS (
    SELECT id FROM accounting_record WHERE event_at < now() - make_interval(secs => $2::integer)
    ORDER BY event_at LIMIT $3::integer FOR UPDATE SKIP LOCKED
), d AS (
    DELETE FROM accounting_record WHERE id = ANY (ARRAY (SELECT id FROM o)) RETURNING 1
)
SELECT (SELECT count(*) FROM (SELECT FROM accounting_record LIMIT $1::integer) s) AS waiting, (SELECT count(*) FROM d) AS given_up,
       coalesce((SELECT greatest(0, extract(epoch FROM now() - min(event_at)))::bigint FROM accounting_record), 0) AS oldest_s
