-- SPDX-License-Identifier: Apache-2.0
-- States of services and the polls that bring them. The work is in functions of sql/schema/0016_availability.sql.

-- name: state_list read-only
-- $1 most rows
SELECT id, source, service, rat, brand, area, state, message_key, validity_s, since, expected_end, updated_at
FROM service_state ORDER BY service, area NULLS FIRST, brand NULLS FIRST, rat NULLS FIRST, source LIMIT $1::integer

-- name: state_put
-- $1 source $2 whole $3 tell $4 services $5 rats $6 brands $7 areas $8 states $9 messages $10 validities s $11 since $12 ends,
-- Unix seconds as text
SELECT r_changed, r_told, r_skipped
FROM availability_put($1::text, $2::boolean, $3::text, $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
                      $10::text[]::integer[], $11::text[]::bigint[], $12::text[]::bigint[])

-- name: state_clear
-- $1 id, 0: by the following $2 service $3 rat $4 brand $5 area, '' any $6 tell
SELECT availability_clear($1::bigint, $2::text, $3::text, $4::text, $5::text, $6::text)

-- name: feed_claim
-- $1 source $2 seconds between two questions $3 seconds of the lease. No row: it is not due, or another node asks.
INSERT INTO availability_feed AS f (source, leased_until, wanted_until)
VALUES ($1::text, now() + make_interval(secs => $3::integer), now() + make_interval(secs => 60 + 2 * $2::integer))
ON CONFLICT (source) DO UPDATE SET leased_until = excluded.leased_until, wanted_until = excluded.wanted_until
    WHERE (f.leased_until IS NULL OR f.leased_until <= now())
          AND (f.asked_at IS NULL OR f.asked_at <= now() - make_interval(secs => $2::integer))
RETURNING f.etag, extract(epoch FROM now() - f.good_at)::bigint

-- name: feed_good
-- $1 source $2 etag of what is in service_state now, NULL: none
UPDATE availability_feed SET etag = $2::text, asked_at = now(), good_at = now(), leased_until = NULL, error = '',
    wanted_until = greatest(wanted_until, now() + interval '60 seconds')
WHERE source = $1::text

-- name: feed_bad
-- $1 source $2 what was wrong $3 its states are dropped: ask for the whole next time
UPDATE availability_feed SET asked_at = now(), leased_until = NULL, error = left($2::text, 300),
    etag = CASE WHEN $3::boolean THEN NULL ELSE etag END,
    wanted_until = greatest(wanted_until, now() + interval '60 seconds')
WHERE source = $1::text

-- name: feed_list read-only
SELECT source, asked_at, good_at, error FROM availability_feed ORDER BY source

-- name: feed_forget
-- $1 sources that are configured here. What others have told is over when no other node asks them any more (their
-- configuration may differ while a change rolls through the nodes); nobody is notified of that.
WITH gone AS (
    DELETE FROM availability_feed
    WHERE source <> ALL ($1::text[]) AND wanted_until <= now() AND (leased_until IS NULL OR leased_until <= now())
    RETURNING source)
SELECT coalesce(sum((availability_put(source, true, 'none', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}')).r_changed), 0)::bigint
FROM gone

-- name: visited_list read-only
-- $1 after this PLMN $2 most rows
SELECT plmn, name, country, services FROM visited_network WHERE plmn > $1::text ORDER BY plmn LIMIT $2::integer

-- name: visited_put
-- $1 plmn $2 name $3 country, '' none $4 services
INSERT INTO visited_network AS v (plmn, name, country, services) VALUES ($1::text, $2::text, nullif($3::text, ''), $4::text[])
ON CONFLICT (plmn) DO UPDATE SET name = excluded.name, country = excluded.country, services = excluded.services
    WHERE (v.name, v.country, v.services) IS DISTINCT FROM (excluded.name, excluded.country, excluded.services)

-- name: visited_delete
-- $1 plmn
DELETE FROM visited_network WHERE plmn = $1::text RETURNING plmn
