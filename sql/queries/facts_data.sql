-- SPDX-License-Identifier: Apache-2.0
-- Facts together with the rows of ap2010, ap2012, ap2013 and ap2016: for requests that ask for one of these; the others keep
-- to sql/queries/facts.sql. Lists are arrays of texts whose parts are separated by the control character 31.

-- name: facts_data read-only
-- $1 IMSIs  $2 terminal identities  $3 TACs  $4 letters of include/ecs/store_data.h  $5 accounts in hexadecimal digits or NULL
SELECT k.ord, {{facts_columns}},
       p.data_sa, a.list, o.list, u.list, n.list,
       bi.state, bi.terms, bi.changed_at, bi.ordered_at, bi.serial,
       pi.pseudonym, pi.ends_at
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) WITH ORDINALITY k(imsi, terminal, tac, data, account, ord)
{{facts_joins}}
LEFT JOIN LATERAL (
    SELECT array_agg(concat_ws(E'\x1f', x.access, x.metered::integer) ORDER BY x.access) AS list
    FROM plan_access x WHERE x.plan = p.plan) a ON k.data LIKE '%d%'
LEFT JOIN LATERAL (
    SELECT array_agg(concat_ws(E'\x1f', coalesce(w.boost_type, r.boost_type), coalesce(w.offer, 'refused'),
                               coalesce(w.seconds, r.seconds), coalesce(r.shown, 'none'),
                               coalesce(extract(epoch FROM r.ends_at)::bigint, 0),
                               coalesce(w.pdb_ms, -1), coalesce(w.jitter_ns, -1), coalesce(w.min_down_mbps, -1),
                               coalesce(w.max_down_mbps, -1), coalesce(w.burst_down_mbps, -1), coalesce(w.min_up_mbps, -1),
                               coalesce(w.max_up_mbps, -1), coalesce(w.burst_up_mbps, -1), coalesce(w.error_exponent, -1),
                               coalesce(w.price, ''))
                     ORDER BY coalesce(w.boost_type, r.boost_type)) AS list
    FROM (SELECT * FROM plan_boost WHERE plan_boost.plan = p.plan) w
    FULL JOIN (SELECT DISTINCT ON (d.boost_type) d.boost_type, d.seconds, d.shown, d.ends_at FROM data_boost d
               WHERE d.imsi = s.imsi AND d.ended_at IS NULL AND (d.shown = 'pending' OR d.ends_at > now())
               ORDER BY d.boost_type, d.id DESC) r ON r.boost_type = w.boost_type) o ON k.data LIKE '%d%'
LEFT JOIN LATERAL (
    SELECT array_agg(concat_ws(E'\x1f', x.usage_type, coalesce(extract(epoch FROM x.cycle_end)::bigint, 0),
                               coalesce(x.allowance, -1), x.used, x.name, x.description) ORDER BY x.usage_type, x.bucket) AS list
    FROM data_usage x WHERE x.imsi = s.imsi) u ON k.data LIKE '%d%'
LEFT JOIN LATERAL (
    SELECT array_agg(concat_ws(E'\x1f', x.plmn, x.barred::integer, coalesce(x.metered::integer, -1), x.data, x.voice)
                     ORDER BY x.sort, x.id) AS list
    FROM satellite_network x
    WHERE CASE WHEN EXISTS (SELECT FROM satellite_network y WHERE y.plan = p.plan) THEN x.plan = p.plan
               WHEN EXISTS (SELECT FROM satellite_network y WHERE y.brand = b.brand) THEN x.brand = b.brand
               ELSE x.plan IS NULL AND x.brand IS NULL END) n ON k.data LIKE '%s%'
LEFT JOIN billing_account bi ON k.data LIKE '%b%' AND bi.imsi = s.imsi AND bi.account = decode(k.account, 'hex')
LEFT JOIN private_identity pi ON k.data LIKE '%i%' AND pi.imsi = s.imsi

-- name: boost_buy
-- $1 imsi $2 type $3 key $4 seconds, NULL: of the plan $5 actor $6 subject (masked)
SELECT verdict, state, ends_at, seconds
FROM boost_buy($1::text, $2::smallint, $3::text, $4::integer, $5::text, $6::text)

-- name: boost_end
-- $1 imsi $2 type $3 actor $4 subject (masked)
SELECT boost_end($1::text, $2::smallint, $3::text, $4::text)

-- name: data_keep
-- $1 most rows: boosts whose time is over. Those that the network has not confirmed end with its request.
WITH over AS (
    UPDATE data_boost SET ended_at = now(), shown = 'none' WHERE id IN (
        SELECT id FROM data_boost WHERE ended_at IS NULL AND shown <> 'pending' AND ends_at <= now()
        ORDER BY ends_at LIMIT $1::integer FOR UPDATE SKIP LOCKED)
    RETURNING 1)
SELECT count(*) FROM over

-- name: billing_set
-- $1 imsi $2 account $3 store_vendor $4 terms, NULL: as they are $5 state $6 force $7 actor $8 subject (masked)
SELECT billing_set($1::text, $2::bytea, $3::text, $4::smallint, $5::text, $6::boolean, $7::text, $8::text)

-- name: billing_claim
-- $1 imsi $2 account $3 seconds until it may be asked again. One row: the caller orders, by this serial.
UPDATE billing_account SET ordered_at = now()
WHERE imsi = $1::text AND account = $2::bytea AND state = 'wanted'
      AND (ordered_at IS NULL OR ordered_at <= now() - $3::integer * interval '1 second')
RETURNING serial

-- name: line_data_put
-- $1 kind $2 imsi $3 msisdn $4 account $5 store_vendor $6 key $7 type $8 text $9 more $10 time $11 a $12 b $13 at $14 actor
-- $15 subject (masked)
SELECT line_data_put($1::text, $2::text, $3::text, $4::bytea, $5::text, $6::text, $7::smallint, $8::text, $9::text,
                     $10::timestamptz, $11::bigint, $12::bigint, $13::timestamptz, $14::text, $15::text)

-- name: line_data_show read-only
-- $1 imsi. One row of JSON; NULL: no such subscriber.
SELECT line_data_show($1::text)

-- name: plan_data_put
-- $1 plan $2 on, off, unknown or NULL $3 access $4 boosts, JSON
SELECT plan_data_put($1::text, $2::text, $3::text::json, $4::text::json)

-- name: plan_data_show read-only
-- $1 plan. One row of JSON; NULL: no such plan.
SELECT plan_data_show($1::text)

-- name: satellite_list read-only
SELECT coalesce(json_agg(json_build_object('plmn', n.plmn, 'plan', n.plan, 'brand', n.brand, 'barred', n.barred,
       'metered', n.metered, 'data', n.data, 'voice', n.voice, 'sort', n.sort)
       ORDER BY n.plan NULLS FIRST, n.brand NULLS FIRST, n.sort, n.id), '[]')::text
FROM (SELECT * FROM satellite_network LIMIT 5000) n

-- name: satellite_put
-- $1 plmn $2 plan $3 brand $4 barred $5 metered, NULL: not told $6 data $7 voice $8 sort
INSERT INTO satellite_network (plmn, plan, brand, barred, metered, data, voice, sort)
VALUES ($1::text, $2::text, $3::text, $4::boolean, $5::boolean, $6::smallint, $7::smallint, $8::integer)
ON CONFLICT (plan, brand, plmn) DO UPDATE SET barred = excluded.barred, metered = excluded.metered, data = excluded.data,
       voice = excluded.voice, sort = excluded.sort

-- name: satellite_delete
-- $1 plmn $2 plan $3 brand
DELETE FROM satellite_network WHERE plmn = $1::text AND plan IS NOT DISTINCT FROM $2::text
       AND brand IS NOT DISTINCT FROM $3::text
